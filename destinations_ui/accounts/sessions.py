"""A session ends two hours after its last request, and twelve hours after sign-in at the latest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions import middleware
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from destinations_ui.accounts.lockout import client_address
from destinations_ui.accounts.models import UserSession

LONGEST = timedelta(hours=12)
#: The session's end is stored, so to move it is a write: not at every request.
REFRESH = timedelta(minutes=5)
SIGNED_IN_AT, DEVICE, ADDRESS = "signed_in_at", "device", "address"

#: Parts of a ``User-Agent`` header → names. The first match counts: most browsers also name those they descend from.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/|FxiOS/": "Firefox",
    "Chrom|CriOS/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone|iPad": "iOS",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's, but a response stands when the user has signed out in another tab meanwhile."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save the session, if it is still there."""
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return response


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as its user sees it.

    Attributes:
        id: Names the session in a form. The session's key would be as good as a password.
    """

    id: str
    device: str
    address: str
    signed_in_at: datetime
    used_at: datetime
    is_current: bool


def begin(sender: object, request: Any, **kwargs: object) -> None:
    """Set the end of a session at sign-in, and note where from."""
    request.session[SIGNED_IN_AT] = timezone.now().timestamp()
    request.session[DEVICE] = device(request.headers.get("User-Agent", ""))
    request.session[ADDRESS] = client_address(request)
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


def device(user_agent: str) -> str:
    """Return browser and system, such as ``Firefox on Windows``."""
    browser = next((name for part, name in BROWSERS.items() if re.search(part, user_agent)), "Unknown browser")
    system = next((name for part, name in SYSTEMS.items() if re.search(part, user_agent)), "")
    return f"{browser} on {system}" if system else browser


def live(user: User) -> QuerySet[UserSession]:
    """Return a user's sessions that have not ended, the last used first."""
    return UserSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-used_at")


def listed(user: User, current: str | None) -> list[ListedSession]:
    """Return a user's sessions for a page, the one with the key ``current`` first."""
    found = [describe(row, row.session_key == current) for row in live(user)]
    return sorted(found, key=lambda session: not session.is_current)


def describe(row: UserSession, is_current: bool) -> ListedSession:
    data = row.get_decoded()
    signed_in_at = datetime.fromtimestamp(data.get(SIGNED_IN_AT, 0), UTC)
    return ListedSession(
        id=public_id(row.session_key),
        device=data.get(DEVICE, ""),
        address=data.get(ADDRESS, ""),
        signed_in_at=signed_in_at,
        used_at=row.used_at,
        is_current=is_current,
    )


def public_id(session_key: str) -> str:
    """Return a name for a session from which its key cannot be found."""
    return salted_hmac("destinations_ui.accounts.sessions", session_key, algorithm="sha256").hexdigest()[:32]


def end_all(user: User, *, but: str | None = None) -> None:
    """End a user's sessions, except the one with a key."""
    UserSession.objects.filter(user=user).exclude(session_key=but or "").delete()


def end_one(user: User, session_id: str) -> None:
    """End the user's session with a public id, if it is still there."""
    for row in live(user):
        if public_id(row.session_key) == session_id:
            row.delete()
