"""Reading the records: filtered, a page at a time, and as an export.

A page is found from a record's number onward ("keyset"), never by counting or skipping rows, so that the last page of a
million records costs what the first one does.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from destinations_ui import search
from destinations_ui.models import AuditRecord

PAGE_SIZE = 50
EXPORT_CHUNK = 2000

#: The columns of an export, in order: a contract.
EXPORT_KEYS = (
    "id",
    "created_at",
    "actor",
    "action",
    "outcome",
    "project",
    "environment",
    "kind",
    "name",
    "on",
    "config",
    "secrets",
    "reason",
    "destination_id",
    "status_code",
    "error_code",
    "error_message",
    "error_id",
    "duration_ms",
    "request_id",
    "submission",
    "settled_at",
)

#: A cell that begins with one of these is a formula to a spreadsheet.
#: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


class Line(NamedTuple):
    """What the history shows of a record: these columns are all that is read."""

    pk: int
    uuid: UUID
    created_at: datetime
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

    records: list[Line]
    newer: int | None
    older: int | None


def matching(
    filters: Mapping[str, Any], *, limit: int | None = None, before: int | None = None, after: int | None = None
) -> QuerySet[AuditRecord]:
    """Return the records that pass every filter, perhaps only the first ones: see ``search.numbers``."""
    found = search.numbers(filters, limit=limit, before=before, after=after)
    return AuditRecord.objects.filter(pk__in=found).order_by("-pk")


def page(filters: Mapping[str, Any], *, before: int | None = None, after: int | None = None) -> Page:
    """Return the page that ends before, or begins after, a record's number; the newest where that leads nowhere."""
    if after is not None:
        before = None
    wanted = matching(filters, limit=PAGE_SIZE + 1, before=before, after=after)
    found = [Line(*each) for each in wanted.values_list(*Line._fields)]
    if not found:
        return Page([], None, None) if before is None and after is None else page(filters)
    more = len(found) > PAGE_SIZE
    if after is not None:
        rows = found[-PAGE_SIZE:]
        return Page(rows, rows[0].pk if more else None, rows[-1].pk)
    rows = found[:PAGE_SIZE]
    return Page(rows, None if before is None else rows[0].pk, rows[-1].pk if more else None)


def all_matching(filters: Mapping[str, Any]) -> Iterator[AuditRecord]:
    """Yield every matching record, newest first, reading a chunk at a time."""
    last: int | None = None
    while True:
        chunk = list(matching(filters, limit=EXPORT_CHUNK, before=last))
        yield from chunk
        if len(chunk) < EXPORT_CHUNK:
            return
        last = chunk[-1].pk


def exported(record: AuditRecord) -> dict[str, Any]:
    """Return a record under the keys of the export, in JSON's types."""
    row = {key: getattr(record, key) for key in EXPORT_KEYS if key != "id"}
    row |= {"id": str(record.uuid), "request_id": str(record.request_id), "submission": str(record.submission)}
    for key in ("created_at", "settled_at"):
        row[key] = row[key].astimezone(UTC).isoformat().replace("+00:00", "Z") if row[key] else None
    return {key: row[key] for key in EXPORT_KEYS}


def as_json_lines(records: Iterable[AuditRecord]) -> Iterator[str]:
    """Yield one JSON object a line."""
    for record in records:
        yield json.dumps(exported(record), ensure_ascii=False) + "\n"


class Echo:
    """A file whose ``write`` gives the text back, so that a CSV writer can be used as a generator."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def as_csv(records: Iterable[AuditRecord]) -> Iterator[str]:
    """Yield CSV as RFC 4180 has it, a heading first; no cell is a formula."""
    writer = csv.writer(Echo())
    yield writer.writerow(EXPORT_KEYS)
    for record in records:
        yield writer.writerow([cell(value) for value in exported(record).values()])


def cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format of the export."""

    content_type: str
    lines: Callable[[Iterable[AuditRecord]], Iterator[str]]


EXPORT_FORMATS = {
    "csv": ExportFormat("text/csv; charset=utf-8", as_csv),
    "jsonl": ExportFormat("application/jsonl; charset=utf-8", as_json_lines),
}
