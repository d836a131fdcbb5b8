"""The Django app, and the configuration of Django's admin."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in
from django.core import checks


class DestinationsUIConfig(AppConfig):
    """The project's one application."""

    name = "destinations_ui"
    verbose_name = "Destinations UI"

    def ready(self) -> None:
        """Load every kind, so that an invalid one stops the process, and time each session from sign-in."""
        from destinations_ui import kinds
        from destinations_ui.accounts import preferences, sessions
        from destinations_ui.conf import file_permissions
        from destinations_ui.web import static_files

        kinds.registry()
        checks.register(static_files.check, deploy=True)
        checks.register(file_permissions.check, deploy=True)
        user_logged_in.connect(sessions.begin)
        user_logged_in.connect(preferences.apply)


class AdministrationConfig(AdminConfig):
    """Django's admin with our site."""

    default_site = "destinations_ui.accounts.admin_site.Administration"
