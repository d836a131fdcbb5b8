"""What a new installation finds after its migrations: the three groups, each with its rights."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase

RIGHTS = {
    "Viewers": {"view_auditrecord"},
    "Operators": {"view_auditrecord", "create_destination"},
    "Administrators": {
        *("view_auditrecord", "create_destination"),
        *("view_user", "add_user", "change_user", "delete_user", "view_group"),
    },
}


def rights() -> dict[str, set[str]]:
    """Return the groups with the codenames of their permissions."""
    return {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.prefetch_related("permissions")
    }


@pytest.mark.django_db
def test_there_are_three_groups_with_their_rights_and_no_others() -> None:
    assert rights() == RIGHTS


@pytest.mark.django_db
def test_every_right_exists_once() -> None:
    named = [(right.content_type_id, right.codename) for right in Permission.objects.all()]

    assert len(named) == len(set(named))
    assert Permission.objects.filter(content_type__app_label="destinations_ui").count() == 2


@pytest.mark.django_db
def test_the_models_have_no_change_that_no_migration_makes() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


class TakingBack(TransactionTestCase):
    """The migration of the groups, back and forth."""

    serialized_rollback = True

    def tearDown(self) -> None:
        """Return to the newest state, whatever happened."""
        self.migrate_to("0002_groups")

    def migrate_to(self, name: str) -> None:
        """Bring the application to one of its migrations, as ``manage.py migrate`` does."""
        MigrationExecutor(connection).migrate([("destinations_ui", name)])

    def test_people_keep_their_groups_and_what_was_added_to_them(self) -> None:
        vera = User.objects.create_user("vera")
        viewers = Group.objects.get(name="Viewers")
        vera.groups.add(viewers)
        viewers.permissions.add(Permission.objects.get(codename="view_group"))

        self.migrate_to("0001_initial")
        assert list(vera.groups.all()) == [viewers]
        self.migrate_to("0002_groups")

        assert rights() == RIGHTS | {"Viewers": {"view_auditrecord", "view_group"}}

    def test_a_right_that_was_lost_comes_back(self) -> None:
        Group.objects.get(name="Operators").delete()

        self.migrate_to("0001_initial")
        self.migrate_to("0002_groups")

        assert rights() == RIGHTS
