"""The request of a signed-in user, and redirects for htmx."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request of a signed-in user, as LoginRequiredMiddleware ensures."""

    htmx: HtmxDetails
    request_id: uuid.UUID
    user: User


def wants_fragment(request: SignedInRequest) -> bool:
    """Return whether htmx requests a fragment, not a whole page for the browser's history."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def redirect_to(request: SignedInRequest, url: str) -> HttpResponse:
    """Redirect with 303, or with ``HX-Redirect`` for htmx."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    response = redirect(url)
    response.status_code = 303
    return response
