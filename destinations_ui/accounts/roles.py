"""The roles: groups of Django, from the one that can do least."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group, User


@dataclass(frozen=True, slots=True)
class Role:
    """A role.

    Attributes:
        group: The name of its group.
        name: Its name on a page.
        can: What it can do, in a sentence.
    """

    group: str
    name: str
    can: str


#: The group whose members manage users and their permissions.
ADMINISTRATORS = "Administrators"
ROLES = (
    Role("Viewers", "Viewer", "Sees environments and the history."),
    Role("Operators", "Operator", "Everything a viewer can. Creates destinations and resolves attempts."),
    Role(ADMINISTRATORS, "Administrator", "Everything an operator can. Manages people."),
)
BY_GROUP = {role.group: role for role in ROLES}


def of(user: User) -> Role | None:
    """Return a user's role: of several, the one that can do most."""
    groups = {group.name for group in user.groups.all()}
    return next((role for role in reversed(ROLES) if role.group in groups), None)


def label(user: User) -> str:
    """Return the name of a user's role."""
    if user.is_superuser:
        return "Superuser"
    role = of(user)
    return role.name if role else "No role"


def assign(user: User, role: Role) -> None:
    """Put a user into a role's group, and into no other role's. Groups that are not roles stay."""
    user.groups.remove(*Group.objects.filter(name__in=BY_GROUP.keys() - {role.group}))
    user.groups.add(Group.objects.get(name=role.group))
