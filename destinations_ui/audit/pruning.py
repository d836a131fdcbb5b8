"""How much of the history can be archived, and taking out of the database what was.

What is taken out is a beginning of the history, with every record in it whole and at its end. A sealed mark says so
before anything is deleted: it is what the database's guards look for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Min, QuerySet

from destinations_ui.audit import chain
from destinations_ui.audit.archive import Archive
from destinations_ui.audit.models import UNRESOLVED, AuditRecord, Event, EventType

#: How many events are deleted in one transaction: others write in between.
BATCH = 1000


class NotPruned(Exception):
    """Nothing was deleted. The message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class PruneRange:
    """A beginning of the history that can be taken out.

    Attributes:
        first: The number of its first event.
        last: The number of its last event; the one before ``first`` when there is nothing to take.
        because: Why it ends before the day that was asked for, a sentence; else empty.
    """

    first: int
    last: int
    because: str = ""


@dataclass(frozen=True, slots=True)
class PruneMark:
    """What a sealed mark says: that the events up to ``through`` are in the archive with this digest."""

    through: int
    archive_sha256: str


def cut(before: datetime) -> PruneRange:
    """Return the beginning of the history whose records are all settled, and were so before a moment.

    Events that come meanwhile do no harm: nothing follows for a record that is settled.
    """
    first = lowest(Event.objects.all())
    if first is None:
        return PruneRange(1, 0)
    too_new = Event.objects.filter(at__gte=before).order_by("seq").first()
    asked = too_new.seq if too_new else Event.objects.latest("seq").seq + 1
    unresolved = AuditRecord.objects.filter(outcome__in=UNRESOLVED).values("uuid")
    stop = min(asked, lowest(Event.objects.filter(record__in=unresolved)) or asked)
    # A record is taken whole or not at all. To leave one may split another one, which has to be left then, too.
    seen: int | None = None
    while stop != seen:
        later = Event.objects.filter(seq__gte=stop, **{"seq__lt": seen} if seen else {}).exclude(type=EventType.INTENT)
        seen = stop
        stop = lowest(Event.objects.filter(seq__lt=stop, record__in=later.values("record"))) or stop
    return PruneRange(first, stop - 1, why(stop) if stop < asked else "")


def lowest(found: QuerySet[Event]) -> int | None:
    """Return the lowest number of some events."""
    number: int | None = found.aggregate(Min("seq"))["seq__min"]
    return number


def why(stop: int) -> str:
    """Return why the record that begins with an event is not taken out, nor what follows."""
    record = AuditRecord.objects.get(uuid__in=Event.objects.filter(seq=stop).values("record"))
    if record.outcome in UNRESOLVED:
        return f"Event {stop} begins record {record.uuid}, which is {record.outcome} still."
    last = Event.objects.filter(record=record.uuid).latest("seq")
    end = f"event {last.seq} of {chain.timestamp(last.at)}"
    return f"Event {stop} begins record {record.uuid}, which goes on until {end}."


def check_rights() -> None:
    """Make sure, before a mark is made, that what it stands for can be done.

    Raises:
        NotPruned: when the database's role may not delete.
    """
    if connection.vendor == "postgresql":
        tables = [model._meta.db_table for model in (AuditRecord, Event)]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT bool_and(has_table_privilege(name, 'DELETE')) FROM unnest(%s::text[]) AS name", [tables]
            )
            if cursor.fetchone() != (True,):
                raise NotPruned(
                    "The role that DATABASE_URL names may not delete. Prune as the owner of the tables: see "
                    "docs/database.md."
                )


def mark(archive: Archive) -> None:
    """Say under seal that the events of an archive are to be deleted.

    Raises:
        NotPruned: when the table does not begin where the archive does, any more.
    """
    with chain.write_transaction():
        latest = latest_mark()
        if lowest(Event.objects.all()) != archive.first or (latest and latest.through >= archive.first):
            raise NotPruned("The history was pruned by someone else meanwhile. Nothing was deleted.")
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
    """Return what the last mark says."""
    found = Event.objects.filter(type="pruned").order_by("-seq").first()
    return PruneMark(found.payload["through"], found.payload["archive_sha256"]) if found else None


def unfinished() -> PruneMark | None:
    """Return the mark whose events are not all deleted yet."""
    latest = latest_mark()
    return latest if latest and Event.objects.filter(seq__lte=latest.through).exists() else None


def delete(through: int) -> None:
    """Delete the events up to a number and their records, as a mark says. It can be interrupted and called again.

    Raises:
        django.db.DatabaseError: when the database refuses, as it does without a mark.
    """
    first = lowest(Event.objects.all()) or 1
    # Django's own querysets: ours refuse, and rightly so everywhere else. The guards are what makes this safe.
    records: QuerySet[AuditRecord] = QuerySet(AuditRecord)
    kept: QuerySet[Event] = QuerySet(Event)
    # Records first: one without events would not be known for pruned.
    for start in range(first, through + 1, BATCH):
        batch = kept.filter(seq__range=(start, min(start + BATCH - 1, through)), type=EventType.INTENT)
        records.filter(uuid__in=batch.values("record")).delete()
    for start in range(first, through + 1, BATCH):
        kept.filter(seq__range=(start, min(start + BATCH - 1, through))).delete()
