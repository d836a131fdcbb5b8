"""Mending the records from the events, which say all that a record says."""
# ruff: noqa: S608  # nothing but our own names is put into the SQL

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from destinations_ui import events, guards, retention, verification
from destinations_ui.columns import as_text
from destinations_ui.models import AuditRecord, Event, EventType
from destinations_ui.retention import NotPruned
from destinations_ui.verification import CHUNK, FIELDS, RECORDS, Tampered


@dataclass(frozen=True, slots=True)
class Repair:
    """What has to change for a record to be the sum of its events.

    Attributes:
        record: Its ``uuid``, as the table or the events have it.
        pk: Its row that is wrong; none where it is missing.
        says: What it has to say; nothing where no event speaks of it, so that its row has to go.
        fields: The names of the fields that are wrong.
    """

    record: str
    pk: int | None = None
    says: Mapping[str, Any] | None = None
    fields: Sequence[str] = ()

    def __str__(self) -> str:
        if self.says is None:
            return f"record {self.record}: removed, no event speaks of it"
        if self.pk is None:
            return f"record {self.record}: added, it was missing"
        return f"record {self.record}: corrected {', '.join(self.fields)}"


def repairs() -> list[Repair]:
    """Return what is wrong with the records, after the chain of events has proved right. Call it in a ``snapshot``.

    Raises:
        Tampered: when the events themselves are not what was written: then nothing can be mended from them.
        NotPruned: when a pruning was interrupted, so that some records are missing rightly.
    """
    if retention.unfinished():
        raise NotPruned("A pruning was interrupted. Finish it first: run archive_history --prune again.")
    for _ in verification.walk(verification.event_rows(), verification.pruned()):
        pass
    return [*wrong(), *missing()]


def wrong() -> Iterator[Repair]:
    """Yield what has to change in the rows of the table."""
    columns = ", ".join(as_text(AuditRecord, name) for name in FIELDS)
    with connection.chunked_cursor() as cursor:
        key, record = verification.key("uuid"), as_text(AuditRecord, "uuid")
        cursor.execute(f"SELECT id, {key}, {record}, {columns} FROM {RECORDS} ORDER BY id")
        while chunk := cursor.fetchmany(CHUNK):
            found = verification.events_of([key for _, key, *_ in chunk])
            for pk, key, record, *values in chunk:
                says = summed(record, found.get(key, []))
                if says is None:
                    yield Repair(str(record), pk)
                    continue
                has = dict(zip(FIELDS, map(readable, FIELDS, values), strict=True))
                if fields := [name for name in FIELDS if has[name] != says[name]]:
                    yield Repair(record, pk, says, fields)


def missing() -> Iterator[Repair]:
    """Yield the records that only the events speak of."""
    there = AuditRecord.objects.filter(uuid=OuterRef("record"))
    intents = Event.objects.filter(~Exists(there), type=EventType.INTENT).order_by("seq")
    for record in intents.values_list("record", flat=True).iterator(CHUNK):
        told = Event.objects.filter(record=record).order_by("seq").values_list("type", "body")
        yield Repair(str(record), says=summed(str(record), list(told)))


def summed(record: str, told: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """Return what a record has to say after these events, in their order; ``None`` when there is none.

    Raises:
        Tampered: when they are no whole story.
    """
    if not told:
        return None
    if [number for number, (event_type, _) in enumerate(told) if event_type == EventType.INTENT] != [0]:
        raise Tampered(f"The events of record {record} do not begin with its one intent.")
    return events.projection(json.loads(body) for _, body in told)


def readable(name: str, value: Any) -> Any:
    """Return a column in JSON's types, or as it is when it cannot be read."""
    if name in ("config", "secrets"):
        with suppress(ValueError, TypeError):
            return json.loads(value)
    return value


def rebuild() -> list[Repair]:
    """Mend the records, all or none, and return what was changed. Nobody else can write meanwhile.

    Raises:
        Tampered: as in :func:`repairs`.
        NotPruned: as in :func:`repairs`.
        django.db.DatabaseError: when the database refuses: its role has to own the tables.
    """
    with events.turn():
        events.lock()
        found = repairs()
        if found:
            guards.remove(connection)
            mend(found)
            guards.install(connection)
            for _ in verification.compare():
                pass
    return found


def mend(found: Sequence[Repair]) -> None:
    """Take out the wrong rows, then add what the events say: so no old row is in the way of a new one."""
    rows = [repair.pk for repair in found if repair.pk is not None]
    for start in range(0, len(rows), CHUNK):
        # Django's own queryset: ours refuses.
        QuerySet(AuditRecord).filter(pk__in=rows[start : start + CHUNK]).delete()
    for repair in found:
        if repair.says is not None:
            AuditRecord(uuid=repair.record, **repair.says).save()
    if connection.vendor == "postgresql":
        # The next record's number comes after all that are there.
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT setval(name, top) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name, "
                f"max(id) AS top FROM {RECORDS}) AS found WHERE top > coalesce(pg_sequence_last_value(name), 0)",
                [RECORDS],
            )
