"""The request of a signed-in user, and redirects that htmx understands."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request of someone who is signed in; LoginRequiredMiddleware sees to that."""

    htmx: HtmxDetails
    request_id: uuid.UUID
    user: User


def wants_fragment(request: SignedInRequest) -> bool:
    """Tell whether htmx asks for a part of a page, and not for the whole page to go back to."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def redirect_to(request: SignedInRequest, url: str) -> HttpResponse:
    """Redirect with 303, or with ``HX-Redirect`` for htmx."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    response = redirect(url)
    response.status_code = 303
    return response
