"""The request as the middleware leaves it, for types."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request of someone who is signed in; LoginRequiredMiddleware sees to that."""

    htmx: HtmxDetails
    request_id: uuid.UUID
    user: User


def wants_fragment(request: SignedInRequest) -> bool:
    """Tell whether htmx asks for a part of a page, and not for the whole page to go back to."""
    return bool(request.htmx) and not request.htmx.history_restore_request
