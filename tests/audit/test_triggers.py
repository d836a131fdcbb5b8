"""Triggers keep the history append-only, whoever writes."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Model, QuerySet
from pytest_django import DjangoDbBlocker

from destinations_ui.audit import chain, search, triggers
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.destinations import actions
from destinations_ui.sandbox import SandboxServer
from tests.support.attempts import attempt, new_record
from tests.support.database_faults import TABLE as RECORDS
from tests.support.database_faults import rename

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL has this.")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite has this.")

EVENTS = Event._meta.db_table
#: The columns that say what came of an attempt. All others are there from the start.
RESULTS = {
    *("outcome", "settled_at", "duration_ms", "destination_id", "status_code"),
    *("error_code", "error_message", "error_id", "explanation"),
}
#: The columns of JSON.
JSON = ("config", "secrets", "changes")
#: How an outcome may move on.
MOVES = {
    *(("pending", after) for after in ("succeeded", "refused", "not_sent", "unknown")),
    *(("unknown", after) for after in ("succeeded", "refused", "not_sent", "absent")),
}
DOCS = Path(__file__).resolve().parents[2] / "docs" / "database.md"


def run(sql: str, *values: object) -> int:
    """Run SQL, with ``values`` and the tables' names in their places; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql.format(*values, events=EVENTS, records=RECORDS))
        return int(cursor.rowcount)


@contextmanager
def refused(saying: str) -> Iterator[None]:
    """Expect the database to refuse and to say so, and to have changed nothing."""
    before = contents()
    with pytest.raises(IntegrityError, match=re.escape(saying)), transaction.atomic():
        yield
    assert contents() == before


def contents() -> list[Any]:
    """Return all that is kept."""
    return [list(model._base_manager.order_by("pk").values()) for model in (AuditRecord, Event)]


def columns(model: type[Model]) -> list[str]:
    """Return the names of a table's columns."""
    return [field.attname for field in model._meta.concrete_fields]


def copied(model: type[Model], verb: str = "INSERT", end: str = "", **other: str) -> str:
    """Return the SQL that adds the row with the lowest number once more, with ``other`` values in some columns."""
    table, pk = model._meta.db_table, columns(model)[0]
    names = dict.fromkeys([*other, *columns(model)])
    into = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(other.get(name, f'"{name}"') for name in names)
    lowest = model._base_manager.order_by("pk").values_list("pk", flat=True)[0]
    return f"{verb} INTO {table} ({into}) SELECT {values} FROM {table} WHERE {pk} = {lowest} {end}"  # noqa: S608  # ours


def begun(**changed: Any) -> AuditRecord:
    """Add a pending record and its intent."""
    unsettled = {"outcome": "pending", "settled_at": None, "duration_ms": None, "status_code": None}
    record = new_record(**unsettled | changed)
    chain.record_intent(record)
    return record


def settled(**changed: Any) -> AuditRecord:
    """Add a record of two events."""
    record = begun(**changed)
    assert chain.settle(record, {"outcome": Outcome.SUCCEEDED, "destination_id": "d1"})
    return record


@pytest.mark.django_db
class TestEvents:
    """Events are added at the end, one after the other."""

    @pytest.mark.parametrize("change", ["body = 'x'", "seq = seq + 10", "record = NULL", "seal = seal"])
    def test_none_is_edited(self, change: str) -> None:
        settled()

        with refused("Events are not edited."):
            run("UPDATE {events} SET {}", change)

    @pytest.mark.parametrize("where", ["", "WHERE seq = 1", "WHERE seq = 2"])
    def test_none_is_deleted(self, where: str) -> None:
        settled()

        with refused("Events are not deleted."):
            run("DELETE FROM {events} {}", where)

    @pytest.mark.parametrize("seq", ["0", "1", "2", "4", "NULL"])
    def test_only_the_next_number_is_taken(self, seq: str) -> None:
        settled()
        last = Event.objects.get(seq=2)

        with refused("Events are added at the end of the history."):
            run(copied(Event, seq=seq, previous=f"'{last.seal}'"))
        assert run(copied(Event, seq="3", previous=f"'{last.seal}'")) == 1

    @pytest.mark.parametrize("previous", ["''", "seal", "'ff'"])
    def test_only_what_builds_on_the_last_seal_is_taken(self, previous: str) -> None:
        settled()

        with refused("Events are added at the end of the history."):
            run(copied(Event, seq="3", previous=previous))

    @pytest.mark.parametrize(("seq", "previous"), [(2, ""), (1, "ff"), (0, "")])
    def test_the_first_is_number_one_and_builds_on_nothing(self, seq: int, previous: str) -> None:
        with refused("Events are added at the end of the history."):
            Event(seq=seq, previous=previous, type="noted", at=new_record().created_at, body="{}", seal="a").save()

    @on_sqlite
    @pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL"])
    @pytest.mark.parametrize("seq", ["1", "2"])
    def test_none_is_replaced(self, verb: str, seq: str) -> None:
        settled()

        with refused("Events are added at the end of the history."):
            run(copied(Event, verb, seq=seq, body="'x'"))

    @on_sqlite
    def test_none_is_replaced_by_the_number_that_sqlite_gives_its_rows(self) -> None:
        settled()
        last = Event.objects.get(seq=2)

        with refused("Events are added at the end of the history."):
            run(copied(Event, "REPLACE", rowid="1", seq="3", previous=f"'{last.seal}'"))

    @pytest.mark.parametrize("do", ["NOTHING", "UPDATE SET body = 'x'"])
    def test_no_conflict_is_settled_by_an_edit(self, do: str) -> None:
        settled()

        with refused("Events are added at the end of the history."):
            run(copied(Event, end=f"ON CONFLICT (seq) DO {do}"))

    @on_postgresql
    @pytest.mark.parametrize("tables", ["{events}", "{events}, {records}", "{events} RESTART IDENTITY CASCADE"])
    def test_the_table_is_not_emptied(self, tables: str) -> None:
        settled()

        with refused("are not deleted."):
            run(f"TRUNCATE {tables}")


@pytest.mark.django_db
class TestRecords:
    """A record keeps its request, and its outcome changes once from pending and once from unknown."""

    @pytest.mark.parametrize("column", sorted({*columns(AuditRecord)} - RESULTS))
    def test_the_request_cannot_change(self, column: str) -> None:
        unlike = dict.fromkeys(("actor", "actor_pk", "action", "kind", "name", "reason", "project", "environment"), "x")
        record, other = (
            begun(),
            begun(on=False, **{name: {"x": "y"} for name in JSON}, **unlike),
        )

        with refused("Records are not edited."):
            run(
                """UPDATE {records} SET outcome = 'refused', "{0}" = (SELECT "{0}" FROM {records} WHERE id = {1}) """
                "WHERE id = {2}",
                column,
                other.pk,
                record.pk,
            )

    @pytest.mark.parametrize(("before", "after"), list(itertools.product(Outcome.values, repeat=2)))
    def test_an_outcome_moves_on_and_never_back(self, before: str, after: str) -> None:
        begun(outcome=before)
        move = "UPDATE {records} SET outcome = '{}'"

        if (before, after) in MOVES:
            assert run(move, after) == 1
        else:
            with refused("Records are not edited."):
                run(move, after)

    @pytest.mark.parametrize("outcome", Outcome.values)
    @pytest.mark.parametrize("column", sorted(RESULTS - {"outcome"}))
    def test_a_result_comes_with_its_outcome_or_not_at_all(self, column: str, outcome: str) -> None:
        begun(outcome=outcome)

        with refused("Records are not edited."):
            run("UPDATE {records} SET {} = NULL", column)

    def test_none_is_deleted(self) -> None:
        settled()
        begun()
        new_record().save()

        for record in AuditRecord.objects.all():
            with refused("Records are not deleted."):
                run("DELETE FROM {records} WHERE id = {}", record.pk)
        with refused("Records are not deleted."):
            run("DELETE FROM {records}")

    def test_no_way_around_the_models_leads_anywhere(self) -> None:
        settled()
        records: QuerySet[AuditRecord] = QuerySet(AuditRecord)

        with refused("Records are not deleted."):
            records.delete()
        with refused("Records are not edited."):
            records.update(name="Other")

    @on_sqlite
    @pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL"])
    @pytest.mark.parametrize("same", ["id", "uuid", "submission"])
    def test_none_is_replaced(self, verb: str, same: str) -> None:
        settled()
        new = {"id": "NULL", "uuid": "lower(hex(randomblob(16)))", "submission": "lower(hex(randomblob(16)))"}
        del new[same]

        with refused("Records are not replaced."):
            run(copied(AuditRecord, verb, name="'Other'", **new))

    @pytest.mark.parametrize("same", ["id", "uuid", "submission"])
    def test_no_conflict_is_settled_by_an_edit(self, same: str) -> None:
        settled()

        with refused("Records are not"):
            run(copied(AuditRecord, end=f"ON CONFLICT ({same}) DO UPDATE SET name = 'Other'"))

    @on_postgresql
    @pytest.mark.parametrize("only", ["", "ONLY"])
    def test_the_table_is_not_emptied(self, only: str) -> None:
        settled()

        with refused("Records are not deleted."):
            run("TRUNCATE {} {records}", only)


@pytest.mark.django_db
class TestPruning:
    """Once an event says that the history was pruned, what is older may go."""

    def test_what_was_pruned_may_be_deleted_and_nothing_else(self) -> None:
        old, reopened, new = settled(), begun(outcome="unknown"), settled()
        assert chain.resolve(reopened, {"outcome": Outcome.ABSENT})  # Number 6, after the end of what is pruned.
        without_events = new_record()
        without_events.save()
        chain.append_event(None, EventType.PRUNED, {"through": 5})

        for record in (reopened, without_events):
            with refused("Records are not deleted."):
                run("DELETE FROM {records} WHERE id = {}", record.pk)
        for record in (old, new):
            assert run("DELETE FROM {records} WHERE id = {}", record.pk) == 1
        for seq in (6, 7):
            with refused("Events are not deleted."):
                run("DELETE FROM {events} WHERE seq = {}", seq)
        assert run("DELETE FROM {events} WHERE seq <= 5") == 5

    def test_the_history_goes_on_after_it(self) -> None:
        settled()
        chain.append_event(None, EventType.PRUNED, {"through": 2})
        run("DELETE FROM {records}")
        run("DELETE FROM {events} WHERE seq <= 2")
        before = Event.objects.get()

        begun()

        after = Event.objects.get(seq=4)
        assert after.previous == before.seal
        with refused("Events are not deleted."):
            run("DELETE FROM {events}")

    def test_a_later_pruning_reaches_an_earlier_one(self) -> None:
        chain.append_event(None, EventType.PRUNED, {"through": 0})
        chain.append_event(None, EventType.PRUNED, {"through": 1})

        assert run("DELETE FROM {events} WHERE seq = 1") == 1

    def test_a_record_does_not_outlive_its_events(self) -> None:
        settled()
        chain.append_event(None, EventType.PRUNED, {"through": 2})
        run("DELETE FROM {events} WHERE seq <= 2")

        with refused("Records are not deleted."):
            run("DELETE FROM {records}")

    def test_a_pruning_never_reaches_itself_or_what_comes_after(self) -> None:
        chain.append_event(None, EventType.PRUNED, {"through": 1_000_000})
        settled()

        for seq in (1, 2, 3):
            with refused("Events are not deleted."):
                run("DELETE FROM {events} WHERE seq = {}", seq)
        with refused("Records are not deleted."):
            run("DELETE FROM {records}")

    @pytest.mark.parametrize(
        "payload", [{}, {"through": None}, {"through": "all"}, {"through": []}, {"set": {"through": 9}}]
    )
    def test_what_names_no_number_prunes_nothing(self, payload: dict[str, Any]) -> None:
        settled()
        chain.append_event(None, EventType.PRUNED, payload)

        with pytest.raises(DatabaseError), transaction.atomic():
            run("DELETE FROM {events} WHERE seq = 1")
        assert Event.objects.filter(seq=1).exists()

    def test_other_events_prune_nothing(self) -> None:
        record = settled()
        chain.append_event(record.uuid, EventType.NOTED, {"through": 2})

        with refused("Events are not deleted."):
            run("DELETE FROM {events} WHERE seq = 1")

    @on_postgresql
    def test_a_table_of_the_same_name_is_not_believed(self) -> None:
        settled()
        run("CREATE TEMPORARY TABLE {events} (LIKE public.{events})")
        run("INSERT INTO {events} SELECT * FROM public.{events} WHERE seq = 1")
        run("INSERT INTO {events} SELECT 9, NULL, 'pruned', at, '{}', '', '', '' FROM {events}", '{"through": 8}')

        with pytest.raises(IntegrityError, match=re.escape("Events are not deleted.")), transaction.atomic():
            run("DELETE FROM public.{events}")
        with pytest.raises(IntegrityError, match=re.escape("Records are not deleted.")), transaction.atomic():
            run("DELETE FROM {records}")


@pytest.mark.django_db
class TestMissing:
    """Triggers that are missing, disabled or changed are named."""

    def test_after_all_migrations_none_is_missing(self) -> None:
        assert triggers.missing(connection) == []

    def test_without_triggers_all_are_missing(self) -> None:
        for script in (triggers.APPEND_ONLY, triggers.SEARCH):
            script.drop(connection)

        assert triggers.missing(connection) == list(triggers.required(connection))
        for script in (triggers.APPEND_ONLY, triggers.SEARCH):
            script.create(connection)
        assert triggers.missing(connection) == []

    def test_they_survive_renaming_their_table(self) -> None:
        for table in (RECORDS, EVENTS):
            rename("destinations_ui_away", table)
            rename(table, "destinations_ui_away")

        assert triggers.missing(connection) == []
        settled()
        with refused("Records are not edited."):
            run("UPDATE {records} SET name = 'Other'")

    @on_sqlite
    def test_a_trigger_with_another_body_is_missing(self) -> None:
        run("DROP TRIGGER {events}_update")
        run("CREATE TRIGGER {events}_update BEFORE UPDATE ON {events} BEGIN SELECT 1; END")

        assert triggers.missing(connection) == [f"{EVENTS}_update"]

    @on_postgresql
    @pytest.mark.parametrize(
        "change",
        [
            "ALTER TABLE {events} DISABLE TRIGGER {events}_update",
            "ALTER TABLE {events} ENABLE REPLICA TRIGGER {events}_update",
            "CREATE OR REPLACE FUNCTION {events}_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE OR REPLACE TRIGGER {events}_update BEFORE UPDATE ON {events} FOR EACH ROW WHEN (FALSE) "
            "EXECUTE FUNCTION {events}_update()",
        ],
    )
    def test_a_disabled_or_changed_trigger_is_missing(self, change: str) -> None:
        run(change)

        assert triggers.missing(connection) == [f"{EVENTS}_update"]


def blocks() -> list[str]:
    """Return the SQL of the documentation: the superuser's, and the owner's."""
    return re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)


def test_the_documented_role_may_write_exactly_the_results() -> None:
    [listed] = re.findall(r"GRANT UPDATE \(([\w, ]+)\)", blocks()[1])

    assert set(listed.split(", ")) == RESULTS


@pytest.fixture(scope="class")
def serving(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Be connected as the documented role to a database that was set up by the book."""
    given = dict(connection.settings_dict)
    superuser, owner = blocks()
    with django_db_blocker.unblock(), psycopg.connect(**connection.get_connection_params(), autocommit=True) as server:

        def connect_as(role: str, password: str) -> None:
            connection.close()
            connection.settings_dict.update(NAME="by_the_book", USER=role, PASSWORD=password)

        server.execute("CREATE DATABASE by_the_book")
        try:
            connect_as(given["USER"], given["PASSWORD"])
            run(superuser)
            connect_as("destinations_ui_owner", "change-me-1")
            call_command("migrate", verbosity=0)
            run(owner)
            connect_as("destinations_ui", "change-me-2")
            yield
        finally:
            connection.close()
            connection.settings_dict.update(given)
            for what in (
                "DATABASE by_the_book",
                "ROLE IF EXISTS destinations_ui",
                "ROLE IF EXISTS destinations_ui_owner",
            ):
                server.execute(f"DROP {what}".encode())


@on_postgresql
@pytest.mark.usefixtures("serving")
class TestTheDocumentedRole:
    """The product serves as a role that is not allowed what the triggers refuse, nor to switch them off."""

    def test_a_creation_works(self, sandbox: SandboxServer) -> None:
        result = actions.create_destination(attempt(User.objects.create_user("oskar")))

        assert result.stored
        assert AuditRecord.objects.get().outcome == "succeeded"
        assert [event.type for event in Event.objects.order_by("seq")] == ["intent", "settled"]
        assert triggers.missing(connection) == []

    def test_the_search_index_follows_and_verifies(self, sandbox: SandboxServer) -> None:
        record = actions.create_destination(attempt(User.objects.create_user("olga"))).record

        found = AuditRecord.objects.filter(pk__in=search.numbers({"person": "olga", "outcome": "succeeded"}))
        assert list(found) == [record]
        call_command("verify_history", stdout=io.StringIO())

    def test_a_temporary_table_of_the_index_s_name_is_not_written(self, sandbox: SandboxServer) -> None:
        run("CREATE TEMPORARY TABLE destinations_ui_search (LIKE public.destinations_ui_search)")

        record = actions.create_destination(attempt(User.objects.create_user("otto"))).record

        assert run("SELECT 1 FROM public.destinations_ui_search WHERE id = {}", record.pk) == 1
        run("DROP TABLE pg_temp.destinations_ui_search")

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE {events} SET body = ''",
            "DELETE FROM {events}",
            "TRUNCATE {events}",
            "DELETE FROM {records}",
            "TRUNCATE {records}",
            "UPDATE {records} SET name = 'Other'",
            "DROP TRIGGER {events}_update ON {events}",
            "ALTER TABLE {events} DISABLE TRIGGER {events}_update",
            "ALTER TABLE {records} DISABLE TRIGGER ALL",
            "CREATE OR REPLACE FUNCTION {events}_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "DROP FUNCTION {events}_update CASCADE",
            "DROP TABLE {events}",
            "ALTER TABLE {events} RENAME TO other",
            "UPDATE destinations_ui_search SET text = ''",
            "DELETE FROM destinations_ui_search",
            "INSERT INTO destinations_ui_day VALUES ('2026-01-01', 1, 2)",
            "UPDATE destinations_ui_day SET first = 9",
            "UPDATE destinations_ui_installation SET id = gen_random_uuid()",
            "DELETE FROM destinations_ui_installation",
            "CREATE TEMPORARY TABLE mine (LIKE destinations_ui_auditrecord); "
            "CREATE TRIGGER mine AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION destinations_ui_search_delete()",
            "CREATE RULE nothing AS ON INSERT TO {events} DO INSTEAD NOTHING",
            "CREATE TABLE other (id int)",
            "DELETE FROM django_migrations",
            "SET session_replication_role = replica",
            "SET ROLE destinations_ui_owner",
        ],
    )
    def test_what_would_change_the_history_is_not_permitted(self, sql: str) -> None:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            run(sql)
