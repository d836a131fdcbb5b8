"""The application, and Django's admin as it is set up here."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class DestinationsUIConfig(AppConfig):
    """The project's one application."""

    name = "destinations_ui"
    verbose_name = "Destinations UI"

    def ready(self) -> None:
        """Import every kind, so that a wrong one stops the process now and not at a click."""
        from destinations_ui import kinds

        kinds.registry()


class AdministrationConfig(AdminConfig):
    """Django's admin, for the people who administer people."""

    default_site = "destinations_ui.accounts.admin_site.Administration"
