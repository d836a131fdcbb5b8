"""Queries for the history: filtered records, a page at a time or all of them.

Pages are found by keyset: from a record's number onward, never by counting or skipping rows. So the last page of a
million records costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from destinations_ui.audit import damage, fields, search, serialization
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.audit.sql_text import as_text

PAGE_SIZE = 50
EXPORT_BLOCK = 2000
#: Suggestions come from this many of the newest records.
SUGGESTED_FROM = 1000

#: The columns of a line of the history. Those with JSON are read to see whether they are damaged.
LINE_COLUMNS = (
    *("id", "uuid", "created_at", "actor", "kind", "name", "project", "environment", "reason", "outcome"),
    *fields.JSON,
)
OUTCOMES = frozenset(Outcome.values)


class HistoryLine(NamedTuple):
    """A record as a line of the history. In a damaged one, what cannot be read is ``None`` or empty."""

    id: int
    uuid: str | None
    created_at: datetime | None
    actor: str
    kind: str
    name: str
    project: str
    environment: str
    reason: str
    outcome: Outcome
    damaged: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of the history, newest first; ``newer`` and ``older`` are the cursors of its neighbors."""

    lines: Sequence[HistoryLine]
    newer: int | None = None
    older: int | None = None


def matching(filters: Mapping[str, Any], *, limit: int | None = None) -> QuerySet[AuditRecord]:
    """Return the records that pass every filter, newest first: see ``search.numbers``."""
    return AuditRecord.objects.filter(pk__in=search.numbers(filters, limit=limit)).order_by("-pk")


def select(fields: Sequence[str], filters: Mapping[str, Any], **bounds: int | None) -> list[tuple[Any, ...]]:
    """Return fields of the records that match, newest first, as the database writes them: see ``sql_text``.

    Making models of the rows would cost ten times as much.
    """
    numbers = search.numbers(filters, **bounds)
    columns = ", ".join(as_text(AuditRecord, name) for name in fields)
    table = AuditRecord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {table} WHERE id IN ({numbers.sql}) ORDER BY id DESC",  # noqa: S608  # only our own names
            numbers.params,
        )
        return list(cursor.fetchall())


def history_page(filters: Mapping[str, Any], *, before: int | None = None, after: int | None = None) -> HistoryPage:
    """Return the page that ends before, or begins after, a record's number; the newest one where that is empty."""
    if after is not None:
        before = None
    rows = select(LINE_COLUMNS, filters, limit=PAGE_SIZE + 1, before=before, after=after)
    if not rows:
        return HistoryPage([]) if before is None and after is None else history_page(filters)
    more = len(rows) > PAGE_SIZE
    if after is not None:
        lines = [history_line(row) for row in rows[-PAGE_SIZE:]]
        return HistoryPage(lines, newer=lines[0].id if more else None, older=lines[-1].id)
    lines = [history_line(row) for row in rows[:PAGE_SIZE]]
    return HistoryPage(lines, newer=None if before is None else lines[0].id, older=lines[-1].id if more else None)


def suggestions() -> dict[str, list[str]]:
    """Return the people, projects and environments of the newest records, by the ids of their datalists."""
    rows = select(("actor", "project", "environment"), {}, limit=SUGGESTED_FROM)
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return {
        name: sorted({text for text in values if text and type(text) is str})
        for name, values in zip(("people", "projects", "environments"), columns, strict=True)
    }


def history_line(row: Sequence[Any]) -> HistoryLine:
    """Return a row of ``LINE_COLUMNS`` as a line."""
    pk, uuid, created_at, *texts = row[: -len(fields.JSON) - 1]
    outcome, *objects = row[-len(fields.JSON) - 1 :]
    time, known = damage.read_time(created_at), outcome in OUTCOMES
    sound = time and known and damage.is_uuid(uuid) and all(map(damage.is_object, objects))
    values = [
        pk,
        uuid if damage.is_uuid(uuid) else None,
        time,
        *map(damage.read_text, texts),
        Outcome(outcome) if known else Outcome.UNKNOWN,
    ]
    return HistoryLine._make([*values, not sound or any(type(text) is not str for text in texts)])


def export_blocks(filters: Mapping[str, Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield every matching record as a row of ``serialization.FIELDS``, newest first, a block at a time."""
    last: int | None = None
    while True:
        rows = select([*serialization.FIELDS, "id"], filters, limit=EXPORT_BLOCK, before=last)
        if rows:
            yield [row[:-1] for row in rows]
        if len(rows) < EXPORT_BLOCK:
            return
        last = rows[-1][-1]
