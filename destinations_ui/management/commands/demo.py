"""``manage.py demo``: people to try the product with. ``make run`` calls it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError

#: User name → group.
PEOPLE = {"viewer": "Viewers", "operator": "Operators", "administrator": "Administrators"}
PASSWORD = "sandbox-demo"  # noqa: S105  # known to everyone on purpose; the command refuses to run outside the sandbox


class Command(BaseCommand):
    """Make the demo people, unless they are there."""

    help = "Makes one person for each group, all with the same known password. Only with the sandbox."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them.

        Raises:
            CommandError: when the real LaunchDarkly is configured, where a known password would be a hole.
        """
        if not settings.SANDBOX:
            raise CommandError("The demo people are only for the sandbox: LAUNCHDARKLY_URL leads elsewhere.")
        for username, group in PEOPLE.items():
            if User.objects.filter(username=username).exists():
                continue
            person = User.objects.create_user(username, password=PASSWORD)
            person.groups.add(Group.objects.get(name=group))
            self.stdout.write(f"Made {username} in {group}.")
