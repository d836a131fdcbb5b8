"""A session ends two hours after its last request, and twelve hours after sign-in at the latest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions import middleware
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

LONGEST = timedelta(hours=12)
#: The session's end is stored, so to move it is a write: not at every request.
REFRESH = timedelta(minutes=5)
SIGNED_IN_AT = "signed_in_at"


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's, but a response stands when the user has signed out in another tab meanwhile."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session, if it is still there."""
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response


def begin(sender: object, request: Any, **kwargs: object) -> None:
    """Set the end of a session at sign-in."""
    request.session[SIGNED_IN_AT] = timezone.now().timestamp()
    request.session.set_expiry(end(request.session))


def extend(session: SessionBase) -> None:
    """Move the end of a session that is in use."""
    if abs(end(session) - session.get_expiry_date()) >= REFRESH:
        session.set_expiry(end(session))


def end(session: SessionBase) -> datetime:
    """Return when a session ends if nothing more is requested."""
    # A session without this time was begun by an older release: it ends now.
    longest = datetime.fromtimestamp(session.get(SIGNED_IN_AT, 0), UTC) + LONGEST
    return min(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE), longest)
