"""Permissions, and decorators for views that require them."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required

VIEW = "destinations_ui.view_auditrecord"
CREATE = "destinations_ui.create_destination"
MANAGE_PEOPLE = "auth.change_user"

may_view = permission_required(VIEW, raise_exception=True)
may_create = permission_required(CREATE, raise_exception=True)
may_decide = permission_required((VIEW, CREATE), raise_exception=True)
may_manage_people = permission_required(MANAGE_PEOPLE, raise_exception=True)
