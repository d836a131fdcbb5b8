"""A history to tamper with, ways to do so past the product and its triggers, and what ``verify_history`` reports."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from destinations_ui.audit import chain, verification
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.conf.secret import Secret
from tests.support.attempts import new_record
from tests.support.unguarded import unguarded

EVENTS = Event._meta.db_table
RECORDS = AuditRecord._meta.db_table
#: How many events :func:`write_history` writes, for how many records.
WRITTEN = 8
RECORDED = 3


def begun(**changed: Any) -> AuditRecord:
    """Add a pending record and its intent."""
    unsettled = {"outcome": Outcome.PENDING, "settled_at": None, "duration_ms": None, "status_code": None}
    record = new_record(**unsettled | changed)
    chain.record_intent(record)
    return record


def write_history() -> list[AuditRecord]:
    """Write three attempts: one that succeeded, one that was resolved, and one that is pending."""
    first = begun(name="First")
    second = begun(name="Second")
    chain.settle(second, {"outcome": Outcome.UNKNOWN, "explanation": "No answer."})
    chain.settle(first, {"outcome": Outcome.SUCCEEDED, "destination_id": "d1", "status_code": 201, "duration_ms": 7})
    chain.append_event(second.uuid, EventType.NOTED, {"check": "not found"})
    third = begun(name="Third")
    chain.append_event(second.uuid, EventType.NOTED, {"check": "not found"})
    chain.resolve(second, {"outcome": Outcome.ABSENT})
    return [AuditRecord.objects.get(pk=record.pk) for record in (first, second, third)]


def run(sql: str, *values: Any) -> None:
    """Run SQL without the append-only triggers; the tables are {events} and {records}."""
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(sql.format(events=EVENTS, records=RECORDS), values)


def renumber(start: int, by: int) -> None:
    """Renumber the events from a number on, in an order that avoids conflicts."""
    for event in Event.objects.filter(seq__gte=start).order_by("-seq" if by > 0 else "seq"):
        run("UPDATE {events} SET seq = %s WHERE seq = %s", event.seq + by, event.seq)


def swap(one: int, other: int) -> None:
    """Exchange the numbers of two events."""
    for old, new in ((one, 1_000), (other, one), (1_000, other)):
        run("UPDATE {events} SET seq = %s WHERE seq = %s", new, old)


def reseal(start: int, key: Secret | None = None, key_id: str = "") -> None:
    """Seal the events from a number on again, perhaps with another key, perhaps under our key's id."""
    key = key or settings.SEAL_KEY
    before = Event.objects.filter(seq=start - 1).first()
    previous = before.seal if before else ""
    for event in Event.objects.filter(seq__gte=start).order_by("seq"):
        row = verification.row(event)._replace(key_id=key_id or chain.key_id(key), previous=previous)
        previous = chain.seal_of(key, row.seq, row.record, row.type, row.at, row.key_id, row.previous, row.body)
        values = (row.key_id, row.previous, previous, row.seq)
        run("UPDATE {events} SET key_id = %s, previous = %s, seal = %s WHERE seq = %s", *values)


def report(**proofs: list[Path]) -> str:
    """Return the output of a ``verify_history`` that succeeds."""
    out = io.StringIO()
    call_command("verify_history", stdout=out, stderr=io.StringIO(), **proofs)
    return out.getvalue()


def finding(**proofs: list[Path]) -> str:
    """Return the message of a ``verify_history`` that fails."""
    with pytest.raises(CommandError) as error:
        report(**proofs)
    assert error.value.returncode == 1
    return str(error.value)
