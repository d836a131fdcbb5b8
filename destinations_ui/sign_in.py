"""Who is signed in and may do what; how sign-in attempts are counted, and what a person who made too many is told.

django-axes does the counting.
"""
# ruff: noqa: S608  # nothing but Django's own names is put into the SQL

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

#: A person, and the names of all that this person and the groups of this person may do, in one query.
PERSON = f"""
SELECT person.*, (
  SELECT {{together}}(app.app_label || '.' || may.codename, ' ')
  FROM {Permission._meta.db_table} may JOIN {ContentType._meta.db_table} app ON app.id = may.content_type_id
  WHERE may.id IN (
    SELECT permission_id FROM {User.user_permissions.through._meta.db_table} WHERE user_id = person.id
    UNION
    SELECT granted.permission_id FROM {Group.permissions.through._meta.db_table} granted
    JOIN {User.groups.through._meta.db_table} joined ON joined.group_id = granted.group_id
    WHERE joined.user_id = person.id
  )
) AS granted
FROM {User._meta.db_table} person WHERE person.id = %s
"""
TOGETHER = {"sqlite": "group_concat", "postgresql": "string_agg"}


class PersonBackend(ModelBackend):
    """Django's own, but a request reads the person and the permissions in one query instead of three."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person with a primary key, unless there is none or the account is closed."""
        found: User
        for found in User.objects.raw(PERSON.format(together=TOGETHER[connection.vendor]), [user_id]):
            return found if self.user_can_authenticate(found) else None
        return None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the names of what a person may do, such as ``auth.change_user``."""
        granted = getattr(user_obj, "granted", None)
        if granted is None or obj is not None or not user_obj.is_active:
            return super().get_all_permissions(user_obj, obj)
        return set(granted.split())


def client_address(request: HttpRequest) -> str:
    """Return the address a request came from.

    Behind ``PROXY_COUNT`` proxies that is the entry of ``X-Forwarded-For`` which the outermost of them wrote; what
    stands before it was written by the client and means nothing.
    """
    direct: str = request.META.get("REMOTE_ADDR", "")
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if not settings.PROXY_COUNT or len(forwarded) < settings.PROXY_COUNT:
        return direct
    return forwarded[-settings.PROXY_COUNT] or direct


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Answer an attempt that was not tried, because too many before it were wrong."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    response = render(request, "registration/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response
