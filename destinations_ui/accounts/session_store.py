"""Django's session store in the database, with the user beside each session. ``SESSION_ENGINE`` names this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

if TYPE_CHECKING:
    from destinations_ui.accounts.models import UserSession


class SessionStore(db.SessionStore):
    """A session in our table."""

    @classmethod
    def get_model_class(cls) -> type[UserSession]:
        """Return the model, which cannot be imported before the apps are ready."""
        from destinations_ui.accounts.models import UserSession

        return UserSession

    def create_model_instance(self, data: dict[str, Any]) -> UserSession:
        """Return a row with its user, if someone is signed in, and the time."""
        row = cast("UserSession", super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        row.used_at = timezone.now()
        return row
