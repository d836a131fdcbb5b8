"""The site of Django's admin: who may enter it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest


class Administration(admin.AdminSite):
    """Open to whoever may administer people; the flag ``is_staff`` is not asked for."""

    site_header = "Destinations UI: people"
    site_title = "Destinations UI"
    index_title = "People and records"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in people with the right to change people."""
        return request.user.is_active and request.user.has_perm("auth.change_user")
