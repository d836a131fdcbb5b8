"""Django's admin: people and groups to administer, records to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from destinations_ui.audit.models import AuditRecord

#: What only a superuser decides: whoever could set these could give themselves every right.
RESERVED = ("is_superuser", "is_staff", "user_permissions")


if TYPE_CHECKING:
    PeopleBase = UserAdmin[User]
    RecordsBase = admin.ModelAdmin[AuditRecord]
else:
    PeopleBase, RecordsBase = UserAdmin, admin.ModelAdmin

admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(PeopleBase):
    """People. Rights are given by group; what is reserved for superusers is shown only."""

    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show what is reserved without a way to change it."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, *RESERVED)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep superusers out of reach of everyone else: a new password would be theirs."""
        return self.may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for changing."""
        return self.may_touch(request, obj) and super().has_delete_permission(request, obj)

    def may_touch(self, request: HttpRequest, obj: User | None) -> bool:
        """Tell whether a person is within reach of who asks."""
        return obj is None or not obj.is_superuser or request.user.is_superuser


@admin.register(AuditRecord)
class AuditRecordAdmin(RecordsBase):
    """Records, to be looked at. Nobody adds, changes or deletes one here, superusers included."""

    list_display = ("created_at", "actor", "kind", "name", "project", "environment", "outcome")
    list_filter = ("outcome", "kind")
    search_fields = ("name", "actor")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditRecord | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditRecord | None = None) -> bool:
        """Refuse."""
        return False
