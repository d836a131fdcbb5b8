"""Reading the records: filtered, a page at a time, or all of them.

A page is found from a record's number onward ("keyset"), never by counting or skipping rows, so that the last page of a
million records costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from destinations_ui.audit import search, serialization
from destinations_ui.audit.models import AuditRecord
from destinations_ui.audit.sql_text import as_text
from destinations_ui.history import export

PAGE_SIZE = 50
EXPORT_CHUNK = 2000


class HistoryRow(NamedTuple):
    """What the history shows of a record: these columns are all that is read."""

    id: int
    uuid: str
    #: As an event is stamped.
    created_at: str
    actor: str
    kind: str
    name: str
    project: str
    environment: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records, newest first; ``newer`` and ``older`` are the cursors of its neighbours."""

    records: list[HistoryRow]
    newer: int | None
    older: int | None


def matching(filters: Mapping[str, Any], *, limit: int | None = None) -> QuerySet[AuditRecord]:
    """Return the records that pass every filter, newest first, perhaps only so many: see ``search.numbers``."""
    return AuditRecord.objects.filter(pk__in=search.numbers(filters, limit=limit)).order_by("-pk")


def read(fields: Sequence[str], filters: Mapping[str, Any], **bounds: int | None) -> list[tuple[Any, ...]]:
    """Return fields of the records that match, as text where ``columns`` has a way to: models would cost far more."""
    found = search.numbers(filters, **bounds)
    columns = ", ".join(as_text(AuditRecord, name) for name in fields)
    table = AuditRecord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {table} WHERE id IN ({found.sql}) ORDER BY id DESC",  # noqa: S608  # only our own names
            found.params,
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def page(filters: Mapping[str, Any], *, before: int | None = None, after: int | None = None) -> Page:
    """Return the page that ends before, or begins after, a record's number; the newest where that leads nowhere."""
    if after is not None:
        before = None
    found = [
        HistoryRow(*row) for row in read(HistoryRow._fields, filters, limit=PAGE_SIZE + 1, before=before, after=after)
    ]
    if not found:
        return Page([], None, None) if before is None and after is None else page(filters)
    more = len(found) > PAGE_SIZE
    if after is not None:
        rows = found[-PAGE_SIZE:]
        return Page(rows, rows[0].id if more else None, rows[-1].id)
    rows = found[:PAGE_SIZE]
    return Page(rows, None if before is None else rows[0].id, rows[-1].id if more else None)


def all_matching(filters: Mapping[str, Any]) -> Iterator[Sequence[export.Row]]:
    """Yield every matching record as a row for ``exporting``, newest first, a block at a time."""
    last: int | None = None
    while True:
        rows = read([*serialization.FIELDS, "id"], filters, limit=EXPORT_CHUNK, before=last)
        if rows:
            yield [row[:-1] for row in rows]
        if len(rows) < EXPORT_CHUNK:
            return
        last = rows[-1][-1]
