"""Time zone and theme of a user. The session has a copy, so that a page needs no query for them."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from destinations_ui.accounts import sessions
from destinations_ui.accounts.models import Preferences, UserSession

TIME_ZONE, THEME = "time_zone", "theme"
#: Areas of the zones to choose from; the other names are abbreviations and older names of these.
AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@cache
def known_zones() -> frozenset[str]:
    """Return every zone's name. To list them means to read folders."""
    return frozenset(available_timezones())


@cache
def zones_to_choose() -> list[str]:
    """Return the names that are offered: UTC, and those of places."""
    return ["UTC", *sorted(name for name in known_zones() if name.partition("/")[0] in AREAS)]


def of(user: User) -> Preferences:
    """Return a user's preferences, or the defaults."""
    return Preferences.objects.filter(user=user).first() or Preferences(user=user)


def values(preferences: Preferences) -> dict[str, str]:
    """Return what a session holds of them."""
    return {TIME_ZONE: preferences.time_zone, THEME: preferences.theme}


def apply(sender: object, request: Any, user: User, **kwargs: object) -> None:
    """Copy a user's preferences to the session that begins."""
    request.session.update(values(of(user)))


def save(session: SessionBase, user: User, *, time_zone: str, theme: str) -> None:
    """Store a user's preferences, and apply them to all of the user's sessions."""
    preferences = Preferences(user=user, time_zone=time_zone, theme=theme)
    preferences.save()
    session.update(values(preferences))
    for row in sessions.live(user).exclude(session_key=session.session_key):
        row.session_data = UserSession.objects.encode(row.get_decoded() | values(preferences))
        row.save(update_fields=["session_data"])


def activate_zone(session: SessionBase) -> None:
    """Show times in the zone that the user has chosen; without one, the browser's stays active."""
    name = session.get(TIME_ZONE)
    if name in known_zones():
        timezone.activate(ZoneInfo(name))
