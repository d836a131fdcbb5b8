"""What happens is written as events: with the record or not at all, numbered without a gap, each sealed to the last."""

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
from django.db import DatabaseError, connections
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from destinations_ui.audit import chain as events
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


def chain() -> list[Event]:
    """Return all events in order."""
    return list(Event.objects.order_by("seq"))


def assert_sealed(history: list[Event]) -> None:
    """Expect numbers without a gap, and each event sealed to the one before."""
    assert [event.seq for event in history] == list(range(1, len(history) + 1))
    assert [event.previous for event in history] == ["", *(event.seal for event in history[:-1])]
    assert [event.seal for event in history] == [events.seal(event, events.keys()[event.key_id]) for event in history]


def test_a_creation_is_an_intent_and_what_came_of_it(operator: User, sandbox: SandboxServer) -> None:
    record = actions.create_destination(attempt(operator)).record

    intent, settled = chain()
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
    summed = events.projection(event.payload for event in chain())
    assert summed == events.state(record, [*events.START, *events.LATER])


def test_every_field_of_a_record_is_in_its_events() -> None:
    fields = {field.name for field in AuditRecord._meta.get_fields()}

    assert fields == {*events.START, *events.LATER, "uuid"}


def test_the_seal_is_an_hmac_that_anyone_with_the_key_can_compute(settings: Settings) -> None:
    settings.SEAL_KEY = Secret("the key")
    record = pending()
    events.begin(record)

    [event] = chain()
    lines = ["1", str(record.uuid), "intent", events.stamp(event.at), event.key_id, "", event.body]
    assert event.seal == hmac.new(b"the key", "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def test_a_changed_key_seals_what_comes_and_the_old_one_still_verifies(settings: Settings) -> None:
    old = settings.SEAL_KEY
    events.begin(pending())
    settings.SEAL_KEY, settings.SEAL_KEY_FALLBACKS = Secret("a new key of the tests"), [old]
    events.begin(pending())

    assert [event.key_id for event in chain()] == [events.key_id(old), events.key_id(settings.SEAL_KEY)]
    assert_sealed(chain())


@pytest.mark.parametrize("name", ["SEAL_KEY", "FINGERPRINT_KEY", "SECRET_KEY"])
def test_no_event_holds_a_key_or_a_secret(
    name: str, operator: User, sandbox: SandboxServer, settings: Settings
) -> None:
    asked = attempt(operator, "segment", values={"write_key": Secret("marker-of-the-write-key-0123456789")})
    actions.create_destination(asked)

    kept = json.dumps([[event.body, event.key_id, event.seal] for event in chain()])
    key = getattr(settings, name)
    assert (key.reveal() if isinstance(key, Secret) else key) not in kept
    assert "marker-of-the-write-key" not in kept


def test_a_moment_is_written_in_utc_to_the_microsecond() -> None:
    moment = datetime(2026, 3, 29, 3, 0, 0, tzinfo=UTC).astimezone(timezone.get_fixed_timezone(timedelta(hours=2)))

    assert events.stamp(moment) == "2026-03-29T03:00:00.000000Z"


def test_events_are_neither_saved_again_nor_deleted() -> None:
    events.begin(pending())
    [event] = chain()
    event.body = "{}"

    for tamper in (event.save, event.delete, Event.objects.all().delete, lambda: Event.objects.update(body="{}")):
        with pytest.raises(RecordError):
            tamper()
    assert_sealed(chain())


def test_the_head_of_a_day_is_logged_when_the_next_day_has_begun(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    first = Event(
        seq=1, type=EventType.NOTED, at=yesterday, body="{}", key_id=events.key_id(Secret("k")), seal="a" * 64
    )
    first.save()

    with caplog.at_level(logging.INFO), django_capture_on_commit_callbacks(execute=True):
        events.begin(pending())
        events.begin(pending())

    heads = [line.getMessage() for line in caplog.records if events.HEAD in line.getMessage()]
    assert heads == [f"HISTORY HEAD seq=1 seal={'a' * 64} at={events.stamp(yesterday)}"]


@committed
class TestCommitted:
    """What only shows in a database that others use."""

    def test_a_record_is_not_written_without_its_event(self, operator: User, sandbox: SandboxServer) -> None:
        rename("destinations_ui_away", Event._meta.db_table)
        try:
            with pytest.raises(actions.NotRecorded):
                actions.create_destination(attempt(operator))
        finally:
            rename(Event._meta.db_table, "destinations_ui_away")

        assert AuditRecord.objects.count() == 0
        assert sandbox.requests == []

    def test_a_record_does_not_move_without_its_event(self) -> None:
        record = pending()
        events.begin(record)
        rename("destinations_ui_away", Event._meta.db_table)
        try:
            with pytest.raises(DatabaseError):
                events.settle(record, {"outcome": Outcome.SUCCEEDED})
        finally:
            rename(Event._meta.db_table, "destinations_ui_away")

        assert AuditRecord.objects.get().outcome == "pending"

    def test_eight_writers_make_one_chain_without_a_gap(self) -> None:
        together = threading.Barrier(WRITERS)
        problems: list[Exception] = []

        def write() -> None:
            together.wait(20)
            try:
                for _ in range(10):
                    record = pending()
                    events.begin(record)
                    assert events.settle(record, {"outcome": Outcome.REFUSED})
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
        assert len(chain()) == WRITERS * 20
        assert_sealed(chain())
