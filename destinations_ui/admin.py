"""Django's admin: users and groups to manage, records to view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from destinations_ui.audit.models import AuditRecord

#: Fields that only superusers change: anyone else could give themselves every permission with them.
RESERVED = ("is_superuser", "is_staff", "user_permissions")


if TYPE_CHECKING:
    UserAdminBase = UserAdmin[User]
    RecordAdminBase = admin.ModelAdmin[AuditRecord]
else:
    UserAdminBase, RecordAdminBase = UserAdmin, admin.ModelAdmin

admin.site.unregister(User)


@admin.register(User)
class RestrictedUserAdmin(UserAdminBase):
    """Users. They get permissions by group; what is reserved for superusers is read-only."""

    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Add the reserved fields."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, *RESERVED)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let only superusers change a superuser, for example the password."""
        return self.in_reach(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let only superusers delete a superuser."""
        return self.in_reach(request, obj) and super().has_delete_permission(request, obj)

    def in_reach(self, request: HttpRequest, obj: User | None) -> bool:
        """Return whether the requesting user may change a user."""
        return obj is None or not obj.is_superuser or request.user.is_superuser


@admin.register(AuditRecord)
class AuditRecordAdmin(RecordAdminBase):
    """Records, read-only for everyone, superusers included."""

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
