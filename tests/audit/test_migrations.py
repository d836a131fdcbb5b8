"""What an installation finds after its migrations: groups with their permissions, and a table that can grow."""

from __future__ import annotations

import ast
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase

from destinations_ui.audit import chain, schema, search, search_index, triggers
from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.audit.serialization import EXPORT_KEYS, exported
from tests.support.history_faults import begun, finding, report, run

MIGRATIONS = Path(schema.FOLDER).parent
PERMISSIONS = {
    "Viewers": {"view_auditrecord"},
    "Operators": {"view_auditrecord", "create_destination"},
    "Administrators": {
        *("view_auditrecord", "create_destination"),
        *("view_user", "add_user", "change_user", "delete_user", "view_group"),
    },
}


def permissions() -> dict[str, set[str]]:
    """Return the groups with the codenames of their permissions."""
    return {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.prefetch_related("permissions")
    }


@pytest.mark.django_db
def test_there_are_three_groups_with_their_permissions() -> None:
    assert permissions() == PERMISSIONS


@pytest.mark.django_db
def test_every_permission_exists_once() -> None:
    named = [(permission.content_type_id, permission.codename) for permission in Permission.objects.all()]

    assert len(named) == len(set(named))
    assert Permission.objects.filter(content_type__app_label="destinations_ui").count() == 2


@pytest.mark.django_db
def test_the_models_have_no_change_without_a_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_migrations_import_nothing_of_ours_that_can_change() -> None:
    for path in [*MIGRATIONS.glob("0*.py"), Path(schema.__file__)]:
        imported = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in getattr(node, "names", [])]
            )
        }
        ours = {name for name in imported if name.startswith("destinations_ui")}
        assert ours <= {"destinations_ui.audit.schema"}, path


class Migrating(TransactionTestCase):
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


class TestGroups(Migrating):
    """The groups, and who is in them."""

    def test_people_keep_their_groups_and_what_was_added_to_them(self) -> None:
        vera = User.objects.create_user("vera")
        viewers = Group.objects.get(name="Viewers")
        vera.groups.add(viewers)
        viewers.permissions.add(Permission.objects.get(codename="view_group"))

        self.migrate_to("0001_initial")
        assert list(vera.groups.all()) == [viewers]
        self.migrate_to_newest()

        assert permissions() == PERMISSIONS | {"Viewers": {"view_auditrecord", "view_group"}}

    def test_a_permission_that_was_lost_comes_back(self) -> None:
        Group.objects.get(name="Operators").delete()

        self.migrate_to("0001_initial")
        self.migrate_to_newest()

        assert permissions() == PERMISSIONS


#: Schema 1, as the version before ``changes`` wrote it. Frozen: this is what its databases hold.
REQUESTED_1 = (
    *("id", "submission", "request_id", "created_at", "actor", "actor_pk", "action", "outcome", "project"),
    *("environment", "kind", "name", "on", "config", "secrets", "reason"),
)


class OldVersion:
    """Writes records and events as the version of schema 1 did."""

    def __init__(self) -> None:
        self.installation = uuid.UUID(int=5)
        self.previous, self.seq = "", 0
        self.insert("destinations_ui_installation", id=self.installation, created_at=datetime.now(UTC))

    def insert(self, table: str, **columns: Any) -> None:
        """Add a row."""

        def adapted(value: Any) -> Any:
            if isinstance(value, datetime):
                return connection.ops.adapt_datetimefield_value(value)
            if isinstance(value, uuid.UUID):
                return value.hex
            return json.dumps(value) if isinstance(value, dict) else value

        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join(["%s"] * len(columns))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  # the test's own names
                [adapted(value) for value in columns.values()],
            )

    def event(self, record: uuid.UUID, type: str, **payload: Any) -> None:
        """Seal an event."""
        first = {} if self.seq else {"installation": str(self.installation)}
        body = json.dumps(
            {"schema": 1, **first, **payload}, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
        )
        at, key = datetime.now(UTC), settings.SEAL_KEY
        self.seq += 1
        parts = (self.seq, str(record), type, chain.timestamp(at), chain.key_id(key), self.previous, body)
        seal = chain.seal_of(key, *parts)
        columns = {"seq": self.seq, "record": record, "type": type, "at": at, "key_id": parts[4]}
        self.insert("destinations_ui_event", **columns, previous=self.previous, body=body, seal=seal)
        self.previous = seal

    def record(self, number: int, *, settled: bool) -> uuid.UUID:
        """Add a pending record, and settle it perhaps."""
        name, at = uuid.UUID(int=number), datetime(2026, 5, number, 12, 0, 0, 250_000, tzinfo=UTC)
        values: dict[str, Any] = {
            "id": number,
            "submission": uuid.UUID(int=50 + number),
            "request_id": uuid.UUID(int=70 + number),
            "created_at": at,
            "actor": "oskar",
            "actor_pk": "1",
            "action": "destination.create",
            "outcome": "pending",
            "project": "web-shop",
            "environment": "staging",
            "kind": "kinesis",
            "name": f"Old {number}",
            "on": True,
            "config": {"region": "us-east-1"},
            "secrets": {},
            "reason": "OPS-1",
        }
        empty = dict.fromkeys(("destination_id", "error_code", "error_message", "error_id", "explanation"), "")
        self.insert("destinations_ui_auditrecord", uuid=name, **values, **empty)
        self.event(name, "intent", set=values | {"created_at": chain.timestamp(at)})
        assert tuple(values) == REQUESTED_1
        if settled:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE destinations_ui_auditrecord SET outcome = 'succeeded', destination_id = %s WHERE id = %s",
                    [f"d{number}", number],
                )
            self.event(name, "settled", set={"outcome": "succeeded", "destination_id": f"d{number}"})
        return name


class TestGrowing(Migrating):
    """A column is added to records that are sealed already."""

    def setUp(self) -> None:
        """Write the history of the version before ``changes``, then migrate."""
        self.migrate_to("0004_append_only")
        old = OldVersion()
        self.first = old.record(1, settled=True)
        self.second = old.record(2, settled=False)
        with connection.cursor() as cursor:
            # The ids were given.
            for sql in connection.ops.sequence_reset_sql(no_style(), [AuditRecord]):
                cursor.execute(sql)
        self.migrate_to_newest()

    def test_sealed_records_of_an_older_schema_verify(self) -> None:
        assert "events 1 to 3, 2 records" in report()
        assert AuditRecord.objects.get(uuid=self.first).changes == {}

    def test_old_and_new_records_go_on_side_by_side(self) -> None:
        pending = AuditRecord.objects.get(uuid=self.second)
        assert chain.settle(pending, {"outcome": "refused"})
        new = begun(action="destination.update", changes={"name": ["Old", "New"]})

        assert "events 1 to 5, 3 records" in report()
        assert [event.payload["schema"] for event in Event.objects.order_by("seq")] == [1, 1, 1, 2, 2]
        assert exported(AuditRecord.objects.get(pk=new.pk))["changes"] == {"name": ["Old", "New"]}
        assert EXPORT_KEYS[-1] == "changes"

    def test_a_tampered_record_of_an_older_schema_is_found(self) -> None:
        run("UPDATE {records} SET reason = 'x' WHERE id = 1")

        assert finding() == f"Record {self.first} was changed: its events have other values of reason."

    def test_an_older_record_that_got_changes_is_found(self) -> None:
        run("UPDATE {records} SET changes = %s WHERE id = 2", '{"name": ["a", "b"]}')

        assert finding() == f"Record {self.second} was changed: its events have other values of changes."

    def test_triggers_and_search_index_are_as_before(self) -> None:
        assert triggers.missing(connection) == triggers.unknown(connection) == []
        assert list(search_index.problems(connection)) == []
        found = AuditRecord.objects.filter(pk__in=search.numbers({"q": "Old 2"}))
        assert [record.uuid for record in found] == [self.second]

    def test_the_migration_can_be_reversed_and_applied_again(self) -> None:
        self.migrate_to("0004_append_only")
        self.migrate_to_newest()

        assert "events 1 to 3, 2 records" in report()

    def test_an_event_of_a_newer_schema_is_reported(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("destinations_ui.audit.fields.SCHEMA", 3)
            made = begun()

        assert finding() == (
            f"An event of record {made.uuid} has schema 3, and this version of the product knows 1 to 2: verify with "
            "the version that wrote it."
        )
