"""Names of users who can help, by their permissions."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import Q

from destinations_ui.accounts.permissions import CREATE

#: The group whose members manage users and their permissions.
ADMINISTRATORS = "Administrators"
#: At most this many names are listed.
LIMIT = 5


def administrators() -> list[str]:
    """Return the names of users who can grant permissions."""
    users = User.objects.filter(is_active=True).filter(Q(groups__name=ADMINISTRATORS) | Q(is_superuser=True))
    return names(users.distinct().order_by("username")[:LIMIT])


def deciders() -> list[str]:
    """Return the names of users who can decide what became of an attempt."""
    users = User.objects.with_perm(CREATE, backend="django.contrib.auth.backends.ModelBackend")
    return names(users.order_by("username")[:LIMIT])


def names(users: Iterable[User]) -> list[str]:
    """Return each user's full name, or user name where there is none."""
    return [user.get_full_name() or user.get_username() for user in users]
