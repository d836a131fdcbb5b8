"""Sessions that name their user, and what users set for themselves."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class UserSession(AbstractBaseSession):
    """A session as Django stores it, with its user, so that users can list and end their own.

    ``used_at`` is moved when the session is saved, which is at most every five minutes (see ``sessions.extend``).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    used_at = models.DateTimeField()

    class Meta(AbstractBaseSession.Meta):
        """No permissions: a session is its user's own."""

        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from destinations_ui.accounts.session_store import SessionStore

        return SessionStore


class Theme(models.TextChoices):
    """Colors of the pages. The model has no ``choices``: a further theme needs no migration."""

    SYSTEM = "system", "Same as the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Preferences(models.Model):
    """A user's choices. A user without a row has the defaults."""

    #: In place of a time zone: the one that the browser sends.
    BROWSER = "browser"

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    time_zone = models.CharField(max_length=64, default=BROWSER)
    theme = models.CharField(max_length=16, default=Theme.SYSTEM)

    class Meta:
        """No permissions: preferences are their user's own."""

        default_permissions = ()

    def __str__(self) -> str:
        return f"Preferences of {self.user}"
