"""Events: written with the record or not at all, numbered without a gap, each sealed to the one before."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from destinations_ui.audit import chain, fields
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome, RecordError
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import actions
from destinations_ui.sandbox import SandboxServer, Status
from tests.support.attempts import attempt, new_record
from tests.support.database_faults import rename

pytestmark = pytest.mark.django_db
#: Where several threads write, what they write has to be committed.
committed = pytest.mark.django_db(transaction=True)

WRITERS = 8


def pending(**changed: Any) -> AuditRecord:
    """Return a pending record that is not written yet."""
    unsettled = {"outcome": Outcome.PENDING, "settled_at": None, "duration_ms": None, "status_code": None}
    return new_record(**unsettled | changed)


def history() -> list[Event]:
    """Return all events in order."""
    return list(Event.objects.order_by("seq"))


def assert_sealed(history: list[Event]) -> None:
    """Expect numbers without a gap, and each event sealed to the one before."""
    assert [event.seq for event in history] == list(range(1, len(history) + 1))
    assert [event.previous for event in history] == ["", *(event.seal for event in history[:-1])]
    assert [event.seal for event in history] == [chain.seal(event, chain.keys()[event.key_id]) for event in history]


def test_a_creation_is_an_intent_and_what_came_of_it(operator: User, sandbox: SandboxServer) -> None:
    record = actions.create_destination(attempt(operator)).record

    intent, settled = history()
    assert [event.record for event in (intent, settled)] == [record.uuid, record.uuid]
    assert (intent.type, intent.payload["set"]["outcome"]) == ("intent", "pending")
    assert (settled.type, settled.payload["set"]["outcome"]) == ("settled", "succeeded")
    assert_sealed([intent, settled])


def test_a_record_is_the_sum_of_its_events(operator: User, sandbox: SandboxServer) -> None:
    sandbox.script(
        "POST", "/api/v2/destinations", Status(409, body='{"code": "conflict", "message": "Taken", "id": "e1"}')
    )
    actions.create_destination(attempt(operator))

    record = AuditRecord.objects.get()
    summed = chain.project(event.payload for event in history())
    assert summed == chain.values(record, fields.SEALED)


def test_every_field_of_a_record_is_in_its_events() -> None:
    assert {field.name for field in AuditRecord._meta.get_fields()} == {field.name for field in fields.FIELDS}
    assert {*fields.SEALED, "uuid"} == {field.name for field in fields.FIELDS}


def test_the_seal_is_an_hmac_that_anyone_with_the_key_can_compute(settings: Settings) -> None:
    settings.SEAL_KEY = Secret("the key")
    record = pending()
    chain.record_intent(record)

    [event] = history()
    lines = ["1", str(record.uuid), "intent", chain.timestamp(event.at), event.key_id, "", event.body]
    assert event.seal == hmac.new(b"the key", "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def test_a_changed_key_seals_what_comes_and_the_old_one_still_verifies(settings: Settings) -> None:
    old = settings.SEAL_KEY
    chain.record_intent(pending())
    settings.SEAL_KEY, settings.SEAL_KEY_FALLBACKS = Secret("a new key of the tests"), [old]
    chain.record_intent(pending())

    assert [event.key_id for event in history()] == [chain.key_id(old), chain.key_id(settings.SEAL_KEY)]
    assert_sealed(history())


@pytest.mark.parametrize("name", ["SEAL_KEY", "FINGERPRINT_KEY", "SECRET_KEY"])
def test_no_event_holds_a_key_or_a_secret(
    name: str, operator: User, sandbox: SandboxServer, settings: Settings
) -> None:
    asked = attempt(operator, "segment", values={"write_key": Secret("marker-of-the-write-key-0123456789")})
    actions.create_destination(asked)

    kept = json.dumps([[event.body, event.key_id, event.seal] for event in history()])
    key = getattr(settings, name)
    assert (key.reveal() if isinstance(key, Secret) else key) not in kept
    assert "marker-of-the-write-key" not in kept


def test_a_timestamp_is_in_utc_to_the_microsecond() -> None:
    moment = datetime(2026, 3, 29, 3, 0, 0, tzinfo=UTC).astimezone(timezone.get_fixed_timezone(timedelta(hours=2)))

    assert chain.timestamp(moment) == "2026-03-29T03:00:00.000000Z"


def test_events_are_neither_saved_again_nor_deleted() -> None:
    chain.record_intent(pending())
    [event] = history()
    event.body = "{}"

    for tamper in (event.save, event.delete, Event.objects.all().delete, lambda: Event.objects.update(body="{}")):
        with pytest.raises(RecordError):
            tamper()
    assert_sealed(history())


def test_the_head_of_a_day_is_logged_when_the_next_day_has_begun(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    first = Event(seq=1, type=EventType.NOTED, at=yesterday, body="{}", key_id=chain.key_id(Secret("k")), seal="a" * 64)
    first.save()

    with caplog.at_level(logging.INFO), django_capture_on_commit_callbacks(execute=True):
        chain.record_intent(pending())
        chain.record_intent(pending())

    heads = [line.getMessage() for line in caplog.records if chain.HEAD in line.getMessage()]
    assert heads == [f"HISTORY HEAD seq=1 seal={'a' * 64} at={chain.timestamp(yesterday)}"]


def swallow(table: str, *, then: str = "") -> None:
    """Add a foreign trigger that swallows inserted rows, or runs SQL after each."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            work = then or "SELECT RAISE(IGNORE);"
            when = "AFTER" if then else "BEFORE"
            cursor.execute(f"CREATE TRIGGER a_swallower {when} INSERT ON {table} BEGIN {work} END")
        else:
            body = f"BEGIN {then} RETURN {'NEW' if then else 'NULL'}; END"
            cursor.execute(f"CREATE FUNCTION a_swallower() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
            when = "AFTER" if then else "BEFORE"
            cursor.execute(
                f"CREATE TRIGGER a_swallower {when} INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION a_swallower()"
            )


class TestReadBack:
    """What is written is read back before anything is sent."""

    @pytest.mark.parametrize("model", [AuditRecord, Event])
    def test_nothing_is_sent_when_a_trigger_swallows_what_is_written(
        self, model: type[AuditRecord | Event], operator: User, sandbox: SandboxServer
    ) -> None:
        swallow(model._meta.db_table)

        with pytest.raises(actions.NotRecorded):
            actions.create_destination(attempt(operator))
        assert [request for request in sandbox.requests if request.method == "POST"] == []
        assert AuditRecord.objects.count() == Event.objects.count() == 0

    def test_nothing_is_sent_when_a_trigger_changes_the_record(self, operator: User, sandbox: SandboxServer) -> None:
        swallow(Event._meta.db_table, then="UPDATE destinations_ui_auditrecord SET outcome = 'refused';")

        with pytest.raises(actions.NotRecorded):
            actions.create_destination(attempt(operator))
        assert [request for request in sandbox.requests if request.method == "POST"] == []
        assert AuditRecord.objects.count() == 0

    def test_a_result_without_its_event_is_rolled_back(self) -> None:
        record = pending()
        chain.record_intent(record)
        swallow(Event._meta.db_table)

        with pytest.raises(chain.NotKept):
            chain.settle(record, {"outcome": Outcome.SUCCEEDED})
        assert AuditRecord.objects.get().outcome == "pending"


@committed
class TestCommitted:
    """What only shows when transactions are committed."""

    def test_a_record_is_not_written_without_its_event(self, operator: User, sandbox: SandboxServer) -> None:
        rename("destinations_ui_away", Event._meta.db_table)
        try:
            with pytest.raises(actions.NotRecorded):
                actions.create_destination(attempt(operator))
        finally:
            rename(Event._meta.db_table, "destinations_ui_away")

        assert AuditRecord.objects.count() == 0
        assert [request for request in sandbox.requests if request.method == "POST"] == []

    def test_a_record_does_not_move_without_its_event(self) -> None:
        record = pending()
        chain.record_intent(record)
        rename("destinations_ui_away", Event._meta.db_table)
        try:
            with pytest.raises(DatabaseError):
                chain.settle(record, {"outcome": Outcome.SUCCEEDED})
        finally:
            rename(Event._meta.db_table, "destinations_ui_away")

        assert AuditRecord.objects.get().outcome == "pending"

    def test_eight_writers_make_one_chain_without_a_gap(self) -> None:
        together = threading.Barrier(WRITERS)
        problems: list[Exception] = []

        def write() -> None:
            together.wait(60)
            try:
                for _ in range(10):
                    record = pending()
                    chain.record_intent(record)
                    assert chain.settle(record, {"outcome": Outcome.REFUSED})
            except Exception as problem:  # noqa: BLE001  # whatever it is, the test's own thread has to tell
                problems.append(problem)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=write) for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert problems == []
        assert len(history()) == WRITERS * 20
        assert_sealed(history())
