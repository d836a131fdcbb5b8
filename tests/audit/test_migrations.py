"""What an installation finds after its migrations: three groups with their rights, sealed records, guards."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase

from destinations_ui.audit import chain, triggers
from destinations_ui.audit.models import AuditRecord, Event
from tests.support.attempts import new_record, record

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


def sealed() -> list[Event]:
    """Return all events in order, after checking that each is sealed to the one before."""
    history = list(Event.objects.order_by("seq"))
    assert [event.seq for event in history] == list(range(1, len(history) + 1))
    assert [event.previous for event in history] == ["", *(event.seal for event in history)][:-1]
    assert [event.seal for event in history] == [chain.seal(event, settings.SEAL_KEY) for event in history]
    return history


class TakingBack(TransactionTestCase):
    """The migrations, back and forth."""

    def tearDown(self) -> None:
        """Return to the newest state, whatever happened."""
        self.migrate_to_newest()

    def migrate_to(self, name: str) -> None:
        """Bring the application to one of its migrations, as ``manage.py migrate`` does."""
        MigrationExecutor(connection).migrate([("destinations_ui", name)])

    def migrate_to_newest(self) -> None:
        """Bring the application to its last migration."""
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("destinations_ui"))

    def test_people_keep_their_groups_and_what_was_added_to_them(self) -> None:
        vera = User.objects.create_user("vera")
        viewers = Group.objects.get(name="Viewers")
        vera.groups.add(viewers)
        viewers.permissions.add(Permission.objects.get(codename="view_group"))

        self.migrate_to("0001_initial")
        assert list(vera.groups.all()) == [viewers]
        self.migrate_to_newest()

        assert rights() == RIGHTS | {"Viewers": {"view_auditrecord", "view_group"}}

    def test_a_right_that_was_lost_comes_back(self) -> None:
        Group.objects.get(name="Operators").delete()

        self.migrate_to("0001_initial")
        self.migrate_to_newest()

        assert rights() == RIGHTS

    def test_records_from_before_the_events_are_sealed(self) -> None:
        self.migrate_to("0002_groups")
        done = record(destination_id="d1")
        sending = record(outcome="pending", settled_at=None, duration_ms=None, status_code=None)

        self.migrate_to_newest()

        assert [(event.record, event.type) for event in sealed()] == [
            (done.uuid, "intent"),
            (done.uuid, "settled"),
            (sending.uuid, "intent"),
        ]
        assert all(event.payload["imported"] for event in sealed())
        for kept in AuditRecord.objects.all():
            said = chain.projection(event.payload for event in sealed() if event.record == kept.uuid)
            assert said == chain.state(kept, [*chain.START, *chain.LATER])
        assert triggers.missing(connection) == []

    def test_records_are_kept_on_every_way_back_and_forth(self) -> None:
        pending = new_record(outcome="pending", settled_at=None, duration_ms=None, status_code=None)
        chain.begin(pending)
        assert chain.settle(pending, {"outcome": "unknown", "explanation": "No answer."})
        records = list(AuditRecord.objects.values())

        for name in ("0003_events", "0002_groups", "0001_initial"):
            self.migrate_to(name)
            self.migrate_to_newest()

            assert list(AuditRecord.objects.values()) == records
            assert [event.type for event in sealed()] == ["intent", "settled"]
            assert triggers.missing(connection) == []
        assert chain.resolve(pending, {"outcome": "absent"})
        assert len(sealed()) == 3
