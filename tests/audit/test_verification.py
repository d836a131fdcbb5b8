"""``verify_history`` finds whatever was changed past the product, and names the first difference."""
# ruff: noqa: S608  # the tests' own SQL

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import termios
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from destinations_ui.audit import chain, search_index, triggers, verification
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.conf.secret import Secret
from tests.support.attempts import new_record
from tests.support.database_faults import rename
from tests.support.history_faults import (
    EVENTS,
    RECORDED,
    RECORDS,
    WRITTEN,
    begun,
    finding,
    renumber,
    report,
    reseal,
    run,
    swap,
    write_history,
)

ROOT = Path(__file__).resolve().parents[2]
OTHER = Secret("another-seal-key-0123456789-0123456789")

pytestmark = pytest.mark.django_db
#: Where another connection writes, what is there has to be committed.
committed = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's tables keep their primary key.")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's columns have types.")


@pytest.fixture
def history() -> list[AuditRecord]:
    """Write a history of three records."""
    return write_history()


def event(seq: int) -> str:
    """Return how an event is named."""
    found = Event.objects.get(seq=seq)
    return f"event {seq} ({found.type} of record {found.record})"


class TestWhole:
    """A history that nobody tampered with."""

    def test_one_line_says_what_was_verified(self, history: list[AuditRecord], settings: Settings) -> None:
        last = Event.objects.order_by("-seq")[0]

        assert report() == (
            f"The history is what was written: events 1 to {WRITTEN}, {RECORDED} records, last seal {last.seal}, "
            f"sealed with {chain.key_id(settings.SEAL_KEY)}, installation {chain.installation().pk}.\n"
        )

    def test_one_without_an_event_is_empty(self) -> None:
        assert report() == "The history is empty.\n"

    @pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
    def test_every_time_and_character_is_read_as_it_was_sealed(self, microsecond: int) -> None:
        record = begun(
            created_at=timezone.now().replace(microsecond=microsecond),
            name="Zoë “x” \\ \" ' %s \u2028",
            config={"b": [{"a": None, "ü": True}], "a": "1"},
            reason="line\nline\ttab\r\n",
        )
        moment = timezone.now().replace(microsecond=microsecond)
        chain.settle(record, {"outcome": Outcome.REFUSED, "settled_at": moment, "error_message": "%(x)s {0}"})

        assert "events 1 to 2, 1 records" in report()

    def test_missing_triggers_are_reported_after_what_was_verified(self, history: list[AuditRecord]) -> None:
        out = io.StringIO()
        triggers.APPEND_ONLY.drop(connection)

        with pytest.raises(CommandError, match=f"missing, disabled or changed: .*{EVENTS}_delete"):
            call_command("verify_history", stdout=out)
        assert "The history is what was written" in out.getvalue()

    def test_with_all_triggers_nothing_is_on_standard_error(self, history: list[AuditRecord]) -> None:
        err = io.StringIO()

        call_command("verify_history", stdout=io.StringIO(), stderr=err)

        assert err.getvalue() == ""


class TestChain:
    """Changes to events."""

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("record", str(uuid.UUID(int=7)) if connection.vendor == "postgresql" else uuid.UUID(int=7).hex),
            ("record", None),
            ("type", "resolved"),
            ("at", "2026-11-23 08:00:00.000001+00" if connection.vendor == "postgresql" else "2026-11-23 08:00:00"),
            ("body", "{}"),
            ("body", ""),
        ],
    )
    @pytest.mark.parametrize("seq", [1, 4, WRITTEN - 1])
    def test_a_changed_event_is_named(
        self, history: list[AuditRecord], seq: int, column: str, value: str | None
    ) -> None:
        run(f"UPDATE {{events}} SET {column} = %s WHERE seq = {seq}", value)

        found = finding()

        assert found.startswith(f"Changed: event {seq} (")
        assert found.endswith(f"does not fit its seal, to which event {seq + 1} is still linked.")

    @pytest.mark.parametrize(
        ("column", "value", "saying"),
        [
            ("key_id", "0123456789abcdef", "Changed: the key id of {}."),
            ("previous", "f" * 64, "Changed: in {}, the seal of the event before it."),
            ("previous", "", "Changed: in {}, the seal of the event before it."),
            ("seal", "f" * 64, "Changed: the seal of {}."),
            ("seal", "", "Changed: the seal of {}."),
        ],
    )
    def test_a_change_to_what_seals_an_event_is_told_from_one_to_its_content(
        self, history: list[AuditRecord], column: str, value: str, saying: str
    ) -> None:
        run(f"UPDATE {{events}} SET {column} = %s WHERE seq = 4", value)

        assert finding() == saying.format(event(4))

    @pytest.mark.parametrize("seq", [1, 4, WRITTEN - 1])
    def test_a_removed_event_is_named(self, history: list[AuditRecord], seq: int) -> None:
        run("DELETE FROM {events} WHERE seq = %s", seq)

        assert finding() == f"Removed: event {seq} is missing before {event(seq + 1)}."

    def test_several_that_were_removed_are_named(self, history: list[AuditRecord]) -> None:
        run("DELETE FROM {events} WHERE seq IN (1, 2, 3)")

        assert finding() == f"Removed: events 1 to 3 are missing before {event(4)}."

    @pytest.mark.parametrize("seq", [1, 4])
    def test_a_gap_that_was_closed_again_is_found(self, history: list[AuditRecord], seq: int) -> None:
        run("DELETE FROM {events} WHERE seq = %s", seq)
        renumber(seq + 1, by=-1)

        assert finding() == f"Removed: event {seq} is missing; event {seq + 1} now has its number."

    @pytest.mark.parametrize("seq", [1, 4, WRITTEN])
    def test_an_inserted_event_is_named(self, history: list[AuditRecord], seq: int) -> None:
        renumber(seq, by=1)
        source = "%s, record, type, at, body, key_id, previous, %s FROM {events} WHERE seq = %s"
        run(
            f"INSERT INTO {{events}} (seq, record, type, at, body, key_id, previous, seal) SELECT {source}", seq, "0", 2
        )

        assert finding() == f"Inserted: {event(seq)}; the true event {seq} is now number {seq + 1}."

    def test_an_event_before_the_first_is_named(self, history: list[AuditRecord]) -> None:
        run("INSERT INTO {events} SELECT 0, record, type, at, body, key_id, previous, seal FROM {events} WHERE seq = 3")

        assert finding() == f"Inserted: {event(0)} is in the place of event 1."

    def test_an_event_that_was_added_without_the_key_is_named(self, history: list[AuditRecord]) -> None:
        source = "%s, record, type, at, body, key_id, seal, %s FROM {events} WHERE seq = %s"
        columns = "seq, record, type, at, body, key_id, previous, seal"
        run(f"INSERT INTO {{events}} ({columns}) SELECT {source}", WRITTEN + 1, "f" * 64, WRITTEN)

        assert finding() == f"Changed or forged: {event(WRITTEN + 1)}, the last one, does not fit its seal."

    @pytest.mark.parametrize(("one", "other"), [(4, 5), (1, 2), (2, WRITTEN)])
    def test_two_that_were_exchanged_are_named(self, history: list[AuditRecord], one: int, other: int) -> None:
        swap(one, other)

        found = finding()

        assert found == f"Reordered: event {one} is now number {other}, and event {other} is now number {one}."

    def test_one_that_was_moved_is_named(self, history: list[AuditRecord]) -> None:
        run("UPDATE {events} SET seq = 99 WHERE seq = 4")

        assert finding() == "Reordered: event 4 is now number 99."

    def test_one_that_was_replaced_is_named(self, history: list[AuditRecord]) -> None:
        columns = [str(field.column) for field in Event._meta.concrete_fields]
        values = [
            "'{{}}'" if column == "body" else f"'{'f' * 64}'" if column == "seal" else column for column in columns
        ]
        select = f"SELECT {', '.join(values)} FROM {{events}} WHERE seq = 4"
        if connection.vendor == "sqlite":
            run(f"INSERT OR REPLACE INTO {{events}} ({', '.join(columns)}) {select}")
        else:
            update = "ON CONFLICT (seq) DO UPDATE SET body = EXCLUDED.body, seal = EXCLUDED.seal"
            run(f"INSERT INTO {{events}} ({', '.join(columns)}) {select} {update}")

        assert finding() == f"Replaced: {event(4)} fits neither its own seal nor the one that event 5 names."

    def test_one_that_was_replaced_with_the_key_is_found_at_the_next(self, history: list[AuditRecord]) -> None:
        run("UPDATE {events} SET body = '{{}}' WHERE seq = 4")
        five = Event.objects.get(seq=5)
        reseal(4)
        run("UPDATE {events} SET previous = %s, seal = %s WHERE seq = 5", five.previous, five.seal)

        assert finding() == f"Replaced: {event(5)} was sealed to another event 4 than the one before it."

    @pytest.mark.parametrize("start", [1, 4, WRITTEN])
    def test_a_history_resealed_with_an_unknown_key_names_the_key(self, history: list[AuditRecord], start: int) -> None:
        reseal(start, OTHER)

        found = finding()

        assert found.startswith(f"Unknown key: {event(start)} names the seal key {chain.key_id(OTHER)}")
        assert "SEAL_KEY_FALLBACKS" in found

    def test_another_key_does_not_pass_for_ours(self, history: list[AuditRecord], settings: Settings) -> None:
        reseal(4, OTHER, chain.key_id(settings.SEAL_KEY))

        assert finding() == f"Forged: from {event(4)} on, the seals were not made with the key they name."

    @on_sqlite
    @pytest.mark.parametrize(
        "change",
        [
            *(
                "body = x'00ff'",
                "record = 7",
                "record = ''",
                "at = 'never'",
                "at = 5",
                "seal = x'00'",
                "key_id = x'01'",
            ),
            *("previous = 1.5", "seq = 'x'", "seq = 4.5", "type = char(27) || '[2J'", "body = 7"),
        ],
    )
    def test_a_value_of_another_type_is_reported_like_any_other(self, history: list[AuditRecord], change: str) -> None:
        run(f"UPDATE {{events}} SET {change} WHERE seq = 4")

        found = finding()

        assert found.split(":")[0] in {"Changed", "Inserted", "Reordered", "Removed", "Replaced", "Unknown key"}
        assert found.isprintable()

    @on_postgresql
    @pytest.mark.parametrize(("chunk", "saying"), [(500, "is in the place of event 5"), (4, "a number occurs twice")])
    def test_a_number_that_occurs_twice_is_found(
        self, history: list[AuditRecord], monkeypatch: pytest.MonkeyPatch, chunk: int, saying: str
    ) -> None:
        monkeypatch.setattr(verification, "CHUNK", chunk)
        run(f"ALTER TABLE {{events}} DROP CONSTRAINT {EVENTS}_pkey")
        run("INSERT INTO {events} SELECT * FROM {events} WHERE seq = 4")

        assert saying in finding()

    @on_postgresql
    @pytest.mark.parametrize(("chunk", "saying"), [(500, "A record occurs twice in the table"), (1, "a number occurs")])
    def test_a_record_that_occurs_twice_is_found(
        self, history: list[AuditRecord], monkeypatch: pytest.MonkeyPatch, chunk: int, saying: str
    ) -> None:
        monkeypatch.setattr(verification, "CHUNK", chunk)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT indexname FROM pg_indexes WHERE tablename = %s AND indexdef LIKE %s", [RECORDS, "% UNIQUE %"]
            )
            names = [name for [name] in cursor.fetchall()]
        for name in names:
            run(f"ALTER TABLE {{records}} DROP CONSTRAINT {name}")
        run("INSERT INTO {records} SELECT * FROM {records} WHERE id = %s", history[0].pk)

        assert saying in finding()

    def test_the_first_of_several_changes_is_named(self, history: list[AuditRecord]) -> None:
        run("UPDATE {events} SET body = '{{}}' WHERE seq IN (3, 6)")
        run("DELETE FROM {events} WHERE seq = 7")

        assert finding().startswith(f"Changed: {event(3)} ")


class TestPruned:
    """A history whose oldest part was taken out, as a sealed event says."""

    def prune(self, through: int, other: dict[str, object] | None = None) -> None:
        """Write the mark and take the events out, with their records."""
        payload = {"through": through, "seal": Event.objects.get(seq=through).seal}
        chain.append_event(None, EventType.PRUNED, payload | (other or {}))
        run("DELETE FROM {records} WHERE uuid IN (SELECT record FROM {events} WHERE seq <= %s)", through)
        run("DELETE FROM {events} WHERE seq <= %s", through)

    @pytest.fixture
    def longer(self, history: list[AuditRecord]) -> int:
        """Add two records more; return the number of the last event of those that can be pruned."""
        chain.settle(history[2], {"outcome": Outcome.REFUSED})
        write_history()
        return WRITTEN + 1

    def test_it_begins_after_what_the_mark_names(self, longer: int) -> None:
        self.prune(longer)

        assert f"events {longer + 1} to {longer + WRITTEN + 1}, {RECORDED} records" in report()

    def test_it_begins_nowhere_else(self, longer: int) -> None:
        self.prune(longer)
        run("DELETE FROM {events} WHERE seq = %s", longer + 1)

        assert finding() == f"Removed: events 1 to {longer + 1} are missing before {event(longer + 2)}."

    @pytest.mark.parametrize("other", [{"seal": "f" * 64}, {"through": 3}, {"through": "3"}, {"through": None}])
    def test_a_mark_that_names_something_else_does_not_count(self, longer: int, other: dict[str, object]) -> None:
        self.prune(longer, other)

        assert finding().split(":")[0] in {"Removed", "Replaced", "Changed"}

    def test_a_mark_made_without_the_key_is_named(self, history: list[AuditRecord]) -> None:
        body = chain.canonical_json({"through": 2, "seal": Event.objects.get(seq=2).seal})
        run("UPDATE {events} SET type = 'pruned', body = %s WHERE seq = 7", body)
        run("DELETE FROM {events} WHERE seq <= 2")

        assert finding().startswith("Changed: event 7 (pruned")


class TestRecords:
    """Changes to records: each is what its events say."""

    CHANGES = {
        **dict.fromkeys(("submission", "request_id"), str(uuid.UUID(int=7))),
        **dict.fromkeys(("created_at", "settled_at"), "2026-11-23 08:00:00.000001+00:00"),
        **dict.fromkeys(("duration_ms", "status_code"), 299),
        **dict.fromkeys(("config", "secrets", "changes"), '{"a": 1}'),
        "id": 77,
        "on": False,
        "outcome": "refused",
    }
    FIELDS = [field.name for field in AuditRecord._meta.concrete_fields if field.name != "uuid"]

    @pytest.mark.parametrize("name", FIELDS)
    def test_a_changed_field_is_named_and_its_value_is_not(self, history: list[AuditRecord], name: str) -> None:
        value: Any = self.CHANGES.get(name, "tampered")
        if connection.vendor == "sqlite":
            value = value.replace("-", "") if name in {"submission", "request_id"} else value
            value = value.replace("+00:00", "") if name in {"created_at", "settled_at"} else value
        run(f'UPDATE {{records}} SET "{name}" = %s WHERE id = %s', value, history[0].pk)

        found = finding()

        assert found == f"Record {history[0].uuid} was changed: its events have other values of {name}."

    def test_all_changed_fields_are_named(self, history: list[AuditRecord]) -> None:
        run("UPDATE {records} SET name = 'x', reason = 'y' WHERE id = %s", history[1].pk)

        assert finding().endswith("other values of name, reason.")

    def test_another_uuid_is_a_record_without_events(self, history: list[AuditRecord]) -> None:
        other = uuid.UUID(int=7)
        run("UPDATE {records} SET uuid = %s WHERE id = %s", other.hex, history[0].pk)

        assert finding() == f"Record {other} has no events: it was inserted, or its uuid was changed."

    def test_an_inserted_record_is_named(self, history: list[AuditRecord]) -> None:
        made = new_record()
        AuditRecord.objects.bulk_create([made])

        assert finding() == f"Record {made.uuid} has no events: it was inserted, or its uuid was changed."

    def test_a_removed_record_is_named(self, history: list[AuditRecord]) -> None:
        run("DELETE FROM {records} WHERE id = %s", history[1].pk)

        assert finding() == f"Record {history[1].uuid} is missing: event 2 is about it."

    def test_all_records_that_were_removed_are_missed(self, history: list[AuditRecord]) -> None:
        run("DELETE FROM {records}")

        assert finding() == f"Record {history[0].uuid} is missing: event 1 is about it."

    def test_records_whose_events_were_all_removed_are_named(self, history: list[AuditRecord]) -> None:
        run("DELETE FROM {events}")

        assert finding().startswith(f"Record {history[0].uuid} has no events")

    def test_events_without_an_intent_are_found(self, history: list[AuditRecord]) -> None:
        made = new_record()
        AuditRecord.objects.bulk_create([made])
        chain.append_event(made.uuid, EventType.NOTED, {})

        assert finding() == f"The events of record {made.uuid} do not begin with its one intent."

    def test_a_second_intent_is_found(self, history: list[AuditRecord]) -> None:
        chain.append_event(history[0].uuid, EventType.INTENT, {})

        assert finding() == f"The events of record {history[0].uuid} do not begin with its one intent."

    @on_sqlite
    @pytest.mark.parametrize("change", ["config = 'no json'", "config = x'ff'", "created_at = 7", '"on" = 2'])
    def test_a_value_that_cannot_be_read_is_reported(self, history: list[AuditRecord], change: str) -> None:
        run("PRAGMA ignore_check_constraints = ON")
        try:
            run(f"UPDATE {{records}} SET {change} WHERE id = {history[0].pk}")
        finally:
            run("PRAGMA ignore_check_constraints = OFF")

        assert finding().startswith(f"Record {history[0].uuid} was changed: ")

    @on_sqlite
    @pytest.mark.parametrize(
        "change",
        [
            "created_at = replace(created_at, ' ', 'T')",
            "created_at = substr(created_at, 1, 10) || 'T' || substr(created_at, 12) || 'Z'",
            "created_at = created_at || '+00:00'",
            "settled_at = '2026-05-01 10:00:00.000000'",
            "config = replace(config, ': ', ':')",
            "config = '{ }'",
            "config = replace(config, 'region', '\\u0072egion')",
            "uuid = upper(uuid)",
            "request_id = upper(request_id)",
        ],
    )
    def test_a_value_that_is_spelled_otherwise_is_found(self, change: str) -> None:
        record = begun(config={"region": "us-east-1"}, created_at=timezone.now().replace(microsecond=7), **KNOWN_IDS)
        settled_at = datetime(2026, 5, 1, 10, tzinfo=UTC)
        chain.settle(record, {"outcome": Outcome.REFUSED, "settled_at": settled_at})
        run(f"UPDATE {{records}} SET {change.replace('{', '{{').replace('}', '}}')} WHERE id = %s", record.pk)

        assert finding().startswith("Record ")

    @on_sqlite
    def test_an_event_whose_time_is_spelled_otherwise_is_found(self, history: list[AuditRecord]) -> None:
        run("UPDATE {events} SET at = replace(at, ' ', 'T') WHERE seq = 4")

        assert finding().startswith("Changed: event 4 ")

    @on_sqlite
    def test_a_key_that_occurs_twice_in_a_column_is_found(self, history: list[AuditRecord]) -> None:
        run("UPDATE {records} SET config = %s WHERE id = %s", '{"region": "x", "region": "us-east-1"}', history[0].pk)

        assert finding() == f"Record {history[0].uuid} was changed: config cannot be read: a key occurs twice."

    def test_a_key_that_occurs_twice_in_an_event_is_found(self, history: list[AuditRecord]) -> None:
        four = Event.objects.get(seq=4)
        body = four.body.replace('"destination_id":', '"destination_id":"other","destination_id":')
        run("UPDATE {events} SET body = %s WHERE seq = 4", body)
        reseal(4)

        assert finding() == (f"An event of record {history[0].uuid} cannot be read: a key occurs twice.")


#: With letters among the hexadecimal digits.
KNOWN_IDS = {"uuid": uuid.UUID(int=0xABCDEF), "request_id": uuid.UUID(int=0xABCDEF)}


class TestSearchIndex:
    """The search index holds each record as it is, and nothing else."""

    OTHER_VALUES = (
        "Record number {} is in the search index with other values than in the history."
        if connection.vendor == "postgresql"
        else "The search index has other values than the records."
    )

    def forget(self, pk: int) -> None:
        """Take a record out of the index."""
        if connection.vendor == "postgresql":
            run("DELETE FROM destinations_ui_search WHERE id = %s", pk)
        else:
            run(f"{FORGET} WHERE id = %s", pk)

    def test_a_record_that_is_missing_from_it_is_found(self, history: list[AuditRecord]) -> None:
        self.forget(history[1].pk)

        assert finding() == f"Record number {history[1].pk} is missing from the search index."

    def test_records_that_are_missing_are_counted(self, history: list[AuditRecord]) -> None:
        for record in history:
            self.forget(record.pk)

        assert finding() == f"Record number {history[0].pk} is missing from the search index, and 2 more."

    def test_an_entry_that_is_no_record_is_found(self, history: list[AuditRecord]) -> None:
        if connection.vendor == "postgresql":
            values = "person, outcome, project, environment, kind, text"
            run(
                f"INSERT INTO destinations_ui_search (id, created_at, {values}) "
                f"SELECT 999, created_at, {values} FROM destinations_ui_search WHERE id = {history[0].pk}"
            )
        else:
            run("INSERT INTO destinations_ui_search (rowid, text) VALUES (999, 'nothing')")

        assert finding() == "Record number 999 is in the search index and not in the history."

    @pytest.mark.parametrize("name", ["outcome", "person", "text"])
    def test_an_entry_with_another_value_is_found(self, history: list[AuditRecord], name: str) -> None:
        pk = history[0].pk
        if connection.vendor == "postgresql":
            run(f"UPDATE destinations_ui_search SET {name} = 'REFUSED' WHERE id = %s", pk)
        else:
            self.forget(pk)
            names = ["person", "outcome", "project", "environment", "kind", "text"]
            values = ", ".join("'refused'" if each == name else each for each in names)
            run(
                f"INSERT INTO destinations_ui_search (rowid, {', '.join(names)}) "
                f"SELECT id, {values} FROM destinations_ui_searched WHERE id = %s",
                pk,
            )

        assert finding() == self.OTHER_VALUES.format(pk)

    @on_sqlite
    def test_values_that_exchanged_their_symbols_are_found(self, history: list[AuditRecord]) -> None:
        exchange = "UPDATE destinations_ui_symbol SET value = %s WHERE field = 'outcome' AND value = %s"
        for new, old in (("x", "succeeded"), ("succeeded", "absent"), ("absent", "x")):
            run(exchange, new, old)

        assert finding() == self.OTHER_VALUES

    @on_sqlite
    def test_a_view_that_hides_the_difference_is_found(self, history: list[AuditRecord]) -> None:
        [(definition,)] = fetched("SELECT sql FROM sqlite_master WHERE name = 'destinations_ui_searched'")
        run("DROP VIEW destinations_ui_searched")
        run(definition.replace("r.reason", "'other'").replace("{", "{{"))

        assert "missing, disabled or changed: destinations_ui_searched. " in finding()

    @pytest.mark.parametrize(
        "change",
        ["SET first = first + 1", "SET last = last - 1", "SET first = 0", "SET day = {yesterday}", "DELETE"],
    )
    def test_a_day_that_names_other_records_is_found(self, history: list[AuditRecord], change: str) -> None:
        yesterday = "date(day, '-1 day')" if connection.vendor == "sqlite" else "day - 1"
        run(
            "DELETE FROM destinations_ui_day"
            if change == "DELETE"
            else f"UPDATE destinations_ui_day {change.format(yesterday=yesterday)}"
        )

        assert re.fullmatch(r"The search index names other records for \d{4}-\d\d-\d\d than there are\.", finding())

    def test_rebuild_index_restores_it(self, history: list[AuditRecord]) -> None:
        self.forget(history[1].pk)
        run("DELETE FROM destinations_ui_day")
        call_command("rebuild_index", stdout=io.StringIO())

        assert f"{RECORDED} records" in report()

    def test_one_that_is_gone_is_reported_and_rebuilt(self, history: list[AuditRecord]) -> None:
        with transaction.atomic():
            triggers.SEARCH.drop(connection)
            search_index.SCRIPT.drop(connection)

        assert finding().startswith("The search index cannot be read: ")
        call_command("rebuild_index", stdout=io.StringIO())
        assert f"{RECORDED} records" in report()


FORGET = (
    "INSERT INTO destinations_ui_search (destinations_ui_search, rowid, person, outcome, project, environment, kind, "
    "text) SELECT 'delete', id, person, outcome, project, environment, kind, text FROM destinations_ui_searched"
)


def fetched(sql: str) -> list[Any]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


class TestUnknownTriggers:
    """A trigger of someone else's could swallow or change what is written."""

    def test_one_is_named(self, history: list[AuditRecord]) -> None:
        if connection.vendor == "sqlite":
            run("CREATE TRIGGER helpful BEFORE INSERT ON {events} BEGIN SELECT 1; END")
        else:
            run("CREATE FUNCTION helpful() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
            run("CREATE TRIGGER helpful BEFORE INSERT ON {events} FOR EACH ROW EXECUTE FUNCTION helpful()")

        assert "triggers or rules that are not ours: helpful." in finding()

    @on_postgresql
    def test_a_rule_is_named(self, history: list[AuditRecord]) -> None:
        run("CREATE RULE quiet AS ON INSERT TO {events} DO INSTEAD NOTHING")

        assert "triggers or rules that are not ours: quiet." in finding()


class TestInstallation:
    """A history belongs to one database."""

    def test_that_of_another_database_with_the_same_key_is_found(self, history: list[AuditRecord]) -> None:
        ours, theirs = chain.installation().pk, uuid.UUID(int=9)
        run("UPDATE destinations_ui_installation SET id = %s", theirs.hex)

        assert finding() == f"Another installation: {event(1)} belongs to {ours}, and this database is {theirs}."

    def test_a_history_without_an_installation_is_found(self, history: list[AuditRecord]) -> None:
        ours = chain.installation().pk
        run("DELETE FROM destinations_ui_installation")

        assert finding() == f"Another installation: {event(1)} belongs to {ours}, and this database is none."

    def test_what_is_left_of_a_pruned_history_names_it(self, history: list[AuditRecord]) -> None:
        chain.append_event(None, EventType.PRUNED, {"through": 0, "seal": ""})
        run("UPDATE {events} SET body = %s WHERE type = 'pruned'", chain.sealed_body({"through": 0, "seal": ""}))
        reseal(WRITTEN + 1)

        assert finding().startswith(f"Another installation: event {WRITTEN + 1} (pruned) belongs to None, ")


class TestKeys:
    """The key can be changed; what the old one sealed still verifies."""

    def rotate(self, settings: Settings) -> None:
        """Seal with another key from now on, and keep the old one to verify."""
        settings.SEAL_KEY_FALLBACKS = [settings.SEAL_KEY]
        settings.SEAL_KEY = OTHER

    def test_old_events_verify_and_new_ones_use_the_new_key(
        self, history: list[AuditRecord], settings: Settings
    ) -> None:
        old = chain.key_id(settings.SEAL_KEY)
        self.rotate(settings)
        chain.settle(history[2], {"outcome": Outcome.REFUSED})

        assert f"sealed with {', '.join(sorted([old, chain.key_id(OTHER)]))}, " in report()
        assert Event.objects.get(seq=WRITTEN + 1).key_id == chain.key_id(OTHER)
        assert set(Event.objects.filter(seq__lte=WRITTEN).values_list("key_id", flat=True)) == {old}

    def test_a_key_that_was_left_out_of_the_old_ones_is_named(
        self, history: list[AuditRecord], settings: Settings
    ) -> None:
        old = chain.key_id(settings.SEAL_KEY)
        self.rotate(settings)
        settings.SEAL_KEY_FALLBACKS = []

        found = finding()

        assert found.startswith(f"Unknown key: {event(1)} names the seal key {old}, ")
        assert "an old key is missing there" in found


@committed
class TestConcurrency:
    """Others can write during verification."""

    @pytest.mark.parametrize("chunk", [1, 3, 500])
    def test_writes_during_verification_are_not_seen(self, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
        monkeypatch.setattr(verification, "CHUNK", chunk)
        records = write_history()
        moved: list[bool] = []

        def write() -> None:
            begun(name="Meanwhile")
            moved.append(chain.settle(records[2], {"outcome": Outcome.SUCCEEDED, "settled_at": timezone.now()}))
            connections.close_all()

        seen, compared = 0, 0
        with verification.snapshot():
            for _ in verification.walk(verification.event_rows(), verification.pruned()):
                elsewhere(write)
                seen += 1
            for _ in verification.compare():
                elsewhere(write)
                compared += 1

        assert (seen, compared) == (WRITTEN, RECORDED)
        assert moved == [True] + [False] * (WRITTEN + RECORDED - 1)
        assert f"{RECORDED + WRITTEN + RECORDED} records" in report()

    def test_the_connection_is_as_before_whatever_was_found(self) -> None:
        write_history()
        run("UPDATE {events} SET body = '{{}}' WHERE seq = 4")

        assert finding().startswith("Changed: event 4")
        begun(name="Afterwards")
        assert AuditRecord.objects.count() == RECORDED + 1

    def test_a_database_that_cannot_be_read_is_reported(self) -> None:
        rename("destinations_ui_away", EVENTS)
        try:
            assert finding().startswith("The history cannot be read: ")
        finally:
            rename(EVENTS, "destinations_ui_away")


def elsewhere(work: Callable[[], None]) -> None:
    """Do something in a thread of its own, so by another connection, and wait for it."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a command of ``manage.py`` with a database of its own."""

    def run_command(*words: str, stderr: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)  # noqa: S603  # ourselves

    run_command("migrate")
    return run_command


def test_the_command_ends_with_a_status_and_without_a_traceback(
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    whole = manage("verify_history")
    wrong = manage("verify_history", "--receipt", "manage.py")

    assert (whole.returncode, whole.stdout, whole.stderr) == (0, "The history is empty.\n", "")
    assert wrong.returncode == 1
    assert wrong.stderr == "CommandError: manage.py is not a “Destinations UI receipt 1”.\n"


def test_someone_who_looks_on_sees_how_far_it_is(manage: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    begin = "from destinations_ui.audit import chain, models; chain.append_event(None, models.EventType.NOTED, {})"
    assert manage("shell", "-c", begin).returncode == 0
    terminal, theirs = os.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    # What is not there is not waited for.
    os.set_blocking(terminal, False)

    assert manage("verify_history", stderr=theirs).returncode == 0
    assert b"events" in os.read(terminal, 1000)
    os.close(terminal)
    os.close(theirs)
