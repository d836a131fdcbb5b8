"""Who can help, by permission; and what administrators do with other users."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from destinations_ui.accounts import roles, sessions
from destinations_ui.accounts.permissions import CREATE
from destinations_ui.accounts.roles import Role

logger = logging.getLogger(__name__)

#: At most this many names are listed.
LIMIT = 5

YOURSELF = "You can’t change your own access. Ask another administrator."
LAST_ADMINISTRATOR = "This is the last active administrator. Give someone else that role first."
TAKEN = "This user name is taken. Choose another one."


def active_administrators() -> QuerySet[User]:
    """Return the users who can grant permissions."""
    in_group = Q(groups__name=roles.ADMINISTRATORS) | Q(is_superuser=True)
    return User.objects.filter(is_active=True).filter(in_group).distinct()


def administrators() -> list[str]:
    """Return the names of users who can grant permissions."""
    return names(active_administrators().order_by("username")[:LIMIT])


def deciders() -> list[str]:
    """Return the names of users who can decide what became of an attempt."""
    users = User.objects.with_perm(CREATE, backend="django.contrib.auth.backends.ModelBackend")
    return names(users.order_by("username")[:LIMIT])


def names(users: Iterable[User]) -> list[str]:
    """Return each user's full name, or user name where there is none."""
    return [user.get_full_name() or user.get_username() for user in users]


def search(text: str) -> QuerySet[User]:
    """Return the users whose name or user name contains a text, those who can sign in first."""
    users = User.objects.prefetch_related("groups").order_by("-is_active", "username")
    for word in text.split():
        users = users.filter(Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word))
    return users


def can_change(actor: User, person: User) -> bool:
    """Return whether a user can change another: only superusers change a superuser."""
    return not person.is_superuser or actor.is_superuser


def create(actor: User, *, username: str, name: str, role: Role) -> User:
    """Create a user without a password.

    Raises:
        ValidationError: if the user name is taken.
    """
    try:
        with transaction.atomic():
            person = User(username=username, first_name=name)
            person.set_unusable_password()
            person.save()
            roles.assign(person, role)
    except IntegrityError:
        raise ValidationError(TAKEN) from None
    logger.info("%s created %s as %s", actor, person, role.name)
    return person


def change_role(actor: User, person: User, role: Role) -> None:
    """Give a user a role in place of the present one.

    Raises:
        ValidationError: if that would leave no administrator, or if it is the actor's own role.
    """
    require_other(actor, person)
    with administrator_remains():
        roles.assign(person, role)
    logger.info("%s made %s %s", actor, person, role.name)


def set_active(actor: User, person: User, active: bool) -> None:
    """Let a user sign in again, or not any more: then all sessions end.

    Raises:
        ValidationError: if that would leave no administrator, or if it is the actor's own account.
    """
    require_other(actor, person)
    with administrator_remains():
        person.is_active = active
        person.save(update_fields=["is_active"])
        if not active:
            sessions.end_all(person)
    logger.info("%s %s %s", actor, "activated" if active else "deactivated", person)


def require_other(actor: User, person: User) -> None:
    """Refuse a change of the actor's own access, which could lock them out.

    Raises:
        ValidationError: if both are the same user.
    """
    if actor == person:
        raise ValidationError(YOURSELF)


@contextmanager
def administrator_remains() -> Iterator[None]:
    """Undo what is done within if nobody is left who can administer.

    Raises:
        ValidationError: if so.
    """
    with transaction.atomic():
        # Of two administrators who remove each other, the second waits here, and then finds nobody left.
        list(Group.objects.select_for_update().filter(name=roles.ADMINISTRATORS))
        yield
        if not active_administrators().exists():
            raise ValidationError(LAST_ADMINISTRATOR)
