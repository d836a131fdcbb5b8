"""Find how much of the history can be archived, and delete what was archived.

Events are deleted from the first one on, with every record among them whole and settled. A sealed event of type
``pruned`` comes first: the database's triggers require it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Min, QuerySet

from destinations_ui.audit import chain
from destinations_ui.audit.archive import Archive
from destinations_ui.audit.models import UNRESOLVED, AuditRecord, Event, EventType

#: Events deleted in one transaction; others can write in between.
BATCH = 1000


class NotPruned(Exception):
    """Nothing was deleted. The message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class PruneRange:
    """The events that can be pruned.

    Attributes:
        first: The number of the first event.
        last: The number of the last event; ``first - 1`` if there is nothing to prune.
        because: A sentence why the range ends before the requested day; empty if it does not.
    """

    first: int
    last: int
    because: str = ""


@dataclass(frozen=True, slots=True)
class PruneMark:
    """The payload of a ``pruned`` event: the events up to ``through`` are in the archive with this digest."""

    through: int
    archive_sha256: str


def prunable(before: datetime) -> PruneRange:
    """Return the longest range from the first event whose records were all settled before a time.

    Events added in the meantime do no harm: nothing follows for a record that is settled.
    """
    first = lowest(Event.objects.all())
    if first is None:
        return PruneRange(1, 0)
    too_new = Event.objects.filter(at__gte=before).order_by("seq").first()
    requested = too_new.seq if too_new else Event.objects.latest("seq").seq + 1
    unresolved = AuditRecord.objects.filter(outcome__in=UNRESOLVED).values("uuid")
    stop = min(requested, lowest(Event.objects.filter(record__in=unresolved)) or requested)
    # A record is pruned whole or not at all. Leaving one out may split another, which then has to be left out, too.
    previous_stop: int | None = None
    while stop != previous_stop:
        later = Event.objects.filter(seq__gte=stop, **{"seq__lt": previous_stop} if previous_stop else {}).exclude(
            type=EventType.INTENT
        )
        previous_stop = stop
        stop = lowest(Event.objects.filter(seq__lt=stop, record__in=later.values("record"))) or stop
    return PruneRange(first, stop - 1, why(stop) if stop < requested else "")


def lowest(events: QuerySet[Event]) -> int | None:
    """Return the lowest number of some events."""
    number: int | None = events.aggregate(Min("seq"))["seq__min"]
    return number


def why(stop: int) -> str:
    """Return why the record that an event begins is not pruned, nor what follows."""
    record = AuditRecord.objects.get(uuid__in=Event.objects.filter(seq=stop).values("record"))
    if record.outcome in UNRESOLVED:
        return f"Event {stop} begins record {record.uuid}, which is still {record.outcome}."
    last = Event.objects.filter(record=record.uuid).latest("seq")
    end = f"event {last.seq} of {chain.timestamp(last.at)}"
    return f"Event {stop} begins record {record.uuid}, which has events until {end}."


def check_permissions() -> None:
    """Check that this role can delete, before a mark is written.

    Raises:
        NotPruned: when the database's role lacks the permission.
    """
    if connection.vendor == "postgresql":
        tables = [model._meta.db_table for model in (AuditRecord, Event)]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT bool_and(has_table_privilege(name, 'DELETE')) FROM unnest(%s::text[]) AS name", [tables]
            )
            if cursor.fetchone() != (True,):
                raise NotPruned(
                    "The role in DATABASE_URL has no permission to delete. Prune as the owner of the tables: see "
                    "docs/database.md."
                )


def mark(archive: Archive) -> None:
    """Add the sealed event that permits deleting the events of an archive.

    Raises:
        NotPruned: when the table no longer begins where the archive does.
    """
    with chain.write_transaction():
        latest = latest_mark()
        if lowest(Event.objects.all()) != archive.first or (latest and latest.through >= archive.first):
            raise NotPruned("Someone else has just pruned the history. Nothing was deleted.")
        chain.append_event(
            None,
            EventType.PRUNED,
            {
                "through": archive.last,
                "seal": archive.seal,
                "archive_sha256": archive.sha256,
                "events": archive.events,
                "records": archive.records,
                "by": "archive_history",
            },
        )


def latest_mark() -> PruneMark | None:
    """Return the payload of the last mark."""
    event = Event.objects.filter(type="pruned").order_by("-seq").first()
    return PruneMark(event.payload["through"], event.payload["archive_sha256"]) if event else None


def unfinished() -> PruneMark | None:
    """Return the last mark, if not all of its events are deleted yet."""
    latest = latest_mark()
    return latest if latest and Event.objects.filter(seq__lte=latest.through).exists() else None


def delete(through: int) -> None:
    """Delete the events up to a number, and their records. An interrupted call can be repeated.

    Raises:
        django.db.DatabaseError: when the database refuses, as it does without a mark.
    """
    first = lowest(Event.objects.all()) or 1
    # Django's own querysets, since ours refuse to delete. The triggers make this safe.
    records: QuerySet[AuditRecord] = QuerySet(AuditRecord)
    kept: QuerySet[Event] = QuerySet(Event)
    # Records first: the trigger looks at their events.
    for start in range(first, through + 1, BATCH):
        batch = kept.filter(seq__range=(start, min(start + BATCH - 1, through)), type=EventType.INTENT)
        records.filter(uuid__in=batch.values("record")).delete()
    for start in range(first, through + 1, BATCH):
        kept.filter(seq__range=(start, min(start + BATCH - 1, through))).delete()
