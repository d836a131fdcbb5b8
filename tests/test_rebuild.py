"""The records are the sum of the events, and are made so again whatever happened to them."""
# ruff: noqa: S608  # the tests' own SQL

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from destinations_ui import archive, changes, events, guards, retention
from destinations_ui.models import AuditRecord, EventType, Outcome
from destinations_ui.sandbox import SandboxServer
from destinations_ui.secret import Secret
from tests.attempts import attempt, new_record
from tests.database_faults import read_only
from tests.tampering import EVENTS, RECORDS, begun, report, run, write_history

pytestmark = pytest.mark.django_db
#: Where the connection is closed, what was before has to be committed.
committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles.")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's columns have types.")


@pytest.fixture(autouse=True)
def records() -> list[AuditRecord]:
    """Write a history of three records."""
    return write_history()


def contents() -> list[dict[str, Any]]:
    """Return all records, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {RECORDS} ORDER BY id")
        columns = [name for name, *_ in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def rebuilt(*options: str) -> str:
    """Run the command and return what it says."""
    out = io.StringIO()
    call_command("rebuild_history", *options, stdout=out)
    return out.getvalue()


def refusal(*options: str) -> str:
    """Return why it is refused."""
    with pytest.raises(CommandError) as refused:
        rebuilt(*options)
    return str(refused.value)


@pytest.mark.parametrize("options", [[], ["--confirm"]])
def test_what_is_right_is_left_alone(options: list[str]) -> None:
    before = contents()

    assert rebuilt(*options) == "Every record is the sum of its events.\n"
    assert contents() == before


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ("name = 'Other'", "name"),
        ("outcome = 'unknown', destination_id = ''", "outcome, destination_id"),
        ("id = 1000", "id"),
        ("config = '{{}}', secrets = '{{\"key\": \"x\"}}'", "config, secrets"),
        ("created_at = settled_at, settled_at = NULL, status_code = 500", "created_at, settled_at, status_code"),
        ("submission = request_id", "submission"),
        ('"on" = NOT "on"', "on"),
    ],
)
def test_a_record_that_was_changed_is_corrected(
    change: str, fields: str, operator: User, sandbox: SandboxServer
) -> None:
    record = changes.create_destination(attempt(operator, name="Real")).record
    before = contents()
    run(f"UPDATE {{records}} SET {change} WHERE name = 'Real'")

    said = rebuilt("--confirm")

    assert said == f"record {record.uuid}: corrected {fields}\n1 records were mended.\n"
    assert contents() == before
    assert "4 records" in report()


@on_sqlite
@pytest.mark.parametrize("column", ["config", "created_at", "request_id", "status_code"])
def test_a_record_that_cannot_even_be_read_is_corrected(column: str, records: list[AuditRecord]) -> None:
    before = contents()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        run(f"UPDATE {{records}} SET {column} = 'spoilt' WHERE name = 'First'")
        cursor.execute("PRAGMA ignore_check_constraints = OFF")

    assert f"record {records[0].uuid}: corrected {column}\n" in rebuilt("--confirm")
    assert contents() == before


def test_a_record_that_is_missing_is_added_under_its_number(records: list[AuditRecord]) -> None:
    before = contents()
    run("DELETE FROM {records} WHERE name IN ('First', 'Third')")

    said = rebuilt("--confirm")

    assert said.splitlines() == [
        f"record {records[0].uuid}: added, it was missing",
        f"record {records[2].uuid}: added, it was missing",
        "2 records were mended.",
    ]
    assert contents() == before


def test_a_record_without_events_is_removed() -> None:
    before = contents()
    forged = new_record(name="Forged")
    forged.save()

    assert f"record {forged.uuid}: removed, no event speaks of it\n" in rebuilt("--confirm")
    assert contents() == before


def test_all_records_are_made_anew_when_the_table_was_emptied() -> None:
    before = contents()
    run("DELETE FROM {records}")

    assert "3 records were mended." in rebuilt("--confirm")
    assert contents() == before
    assert "3 records" in report()


def test_records_that_exchanged_what_only_one_can_have_are_corrected(records: list[AuditRecord]) -> None:
    before = contents()
    run("UPDATE {records} SET uuid = request_id WHERE name = 'First'")
    run("UPDATE {records} SET uuid = %s, id = 999 WHERE name = 'Second'", key(records[0]))

    rebuilt("--confirm")

    assert contents() == before


def key(record: AuditRecord) -> str:
    """Return a record's uuid as the database keeps it."""
    return record.uuid.hex if connection.vendor == "sqlite" else str(record.uuid)


def test_the_next_record_gets_a_number_of_its_own() -> None:
    highest = max(row["id"] for row in contents())
    run("DELETE FROM {records}")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {RECORDS} ALTER COLUMN id RESTART")
        else:
            cursor.execute("DELETE FROM sqlite_sequence")
    rebuilt("--confirm")

    assert begun().pk == highest + 1


def test_without_consent_it_is_only_told(records: list[AuditRecord]) -> None:
    run("UPDATE {records} SET name = 'Other' WHERE name = 'First'")
    before = contents()

    said = rebuilt()

    assert said.startswith(f"record {records[0].uuid}: corrected name\n1 records need this. Nothing was changed")
    assert contents() == before


def test_values_are_not_told() -> None:
    run("UPDATE {records} SET name = 'marker-of-a-value', secrets = '{{\"key\": \"marker-of-a-value\"}}'")

    assert "marker-of-a-value" not in rebuilt() + rebuilt("--confirm")


@pytest.mark.parametrize("tampering", ["SET body = '{{}}' WHERE seq = 4", "SET seq = 99 WHERE seq = 8"])
def test_from_a_broken_chain_nothing_is_mended(tampering: str) -> None:
    run("UPDATE {records} SET name = 'Other'")
    before = contents()
    run(f"UPDATE {{events}} {tampering}")

    for options in ([], ["--confirm"]):
        assert refusal(*options).startswith("Nothing was changed. ")
    assert contents() == before


def test_events_that_do_not_add_up_are_not_made_a_record(records: list[AuditRecord]) -> None:
    events.append(records[0].uuid, EventType.INTENT, {"set": {}})

    assert "do not begin with its one intent" in refusal("--confirm")


def test_the_guards_are_back_afterwards() -> None:
    run("DELETE FROM {records}")
    rebuilt("--confirm")

    assert guards.missing(connection) == []


def test_what_was_pruned_stays_away(records: list[AuditRecord], tmp_path: Any) -> None:
    events.settle(records[2], {"outcome": Outcome.REFUSED})
    kept = begun(name="Kept")
    made = archive.write(1, 9, tmp_path / "archive")
    retention.mark(made)
    assert "Finish it first" in refusal("--confirm")
    retention.delete(made.last)

    assert "Every record" in rebuilt("--confirm")
    run("DELETE FROM {records}")
    assert rebuilt("--confirm") == f"record {kept.uuid}: added, it was missing\n1 records were mended.\n"


@on_postgresql
def test_a_role_that_does_not_own_the_tables_changes_nothing() -> None:
    run("UPDATE {records} SET name = 'Other' WHERE name = 'First'")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE serves; GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA public TO serves")
        cursor.execute("SET LOCAL ROLE serves")

    assert "1 records need this" in rebuilt()
    assert "needs the role that owns the tables" in refusal("--confirm")


@committed
def test_a_database_that_can_only_be_read_is_not_changed() -> None:
    run("UPDATE {records} SET name = 'Other' WHERE name = 'First'")

    with read_only():
        assert refusal("--confirm").startswith("Nothing was changed. The database refused")
    assert AuditRecord.objects.filter(name="Other").exists()


def test_no_secret_comes_with_it(operator: User, sandbox: SandboxServer) -> None:
    marker = "marker-of-the-write-key-0123456789"
    changes.create_destination(attempt(operator, "segment", values={"write_key": Secret(marker)}))
    run("DELETE FROM {records}")

    said = rebuilt("--confirm")

    assert marker not in said + repr(contents())
    assert EVENTS not in said
