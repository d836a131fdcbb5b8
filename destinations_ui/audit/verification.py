"""Verify that the history is what was written: the chain of seals, and the records against their events.

The tables are read as text, past the models: a million events take seconds that way, and a damaged row is reported
instead of failing to be read. ``docs/history.md`` explains each finding.
"""
# ruff: noqa: S608  # nothing but our own names is put into the SQL

from __future__ import annotations

import hmac
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, transaction

from destinations_ui.audit import chain, fields
from destinations_ui.audit.models import AuditRecord, Event, EventType, Installation
from destinations_ui.audit.sql_text import DuplicateKey, as_text, parsed
from destinations_ui.conf.logging import escape_controls

#: Rows read at once.
CHUNK = 4000
#: How far from its place a misplaced event is searched for.
WINDOW = 200

INTENT = str(EventType.INTENT)
EVENTS = Event._meta.db_table
RECORDS = AuditRecord._meta.db_table
#: Write JSON as Django's JSONField does.
ENCODE = json.JSONEncoder().encode


class HistoryTampered(Exception):
    """The history is not what was written. The message is a sentence that names the first difference."""


class Row(NamedTuple):
    """An event as the text that was sealed; ``record`` is empty for an event of the history as a whole."""

    seq: int
    record: str
    type: str
    at: str
    key_id: str
    previous: str
    seal: str
    body: str

    def __str__(self) -> str:
        of_record = f" of record {self.record}" if self.record else ""
        return escape_controls(f"event {self.seq} ({self.type}{of_record})")


class Seals:
    """Recomputes seals with every known key."""

    def __init__(self) -> None:
        self._keys = {key_id: key.reveal().encode() for key_id, key in chain.keys().items()}
        self.key_ids = frozenset(self._keys)

    def of(self, row: Row) -> str:
        """Return the seal that an event should have; empty if its key is unknown."""
        seq, record, event_type, at, key_id, previous, _, body = row
        key = self._keys.get(key_id)
        if key is None:
            return ""
        text = "\n".join((str(seq), record, event_type, at, key_id, previous, body))
        return hmac.digest(key, text.encode(), "sha256").hex()

    def fit(self, row: Row, **other: Any) -> bool:
        """Return whether an event has the right seal, or would with other content."""
        if other:
            row = row._replace(**other)
        try:
            return bool(row.seal) and self.of(row) == row.seal
        except TypeError:
            # SQLite keeps any type in any column.
            return False


@contextmanager
def snapshot() -> Iterator[None]:
    """Read from one snapshot of the database while others write. Inside a transaction, keep using it."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            yield
    else:
        # Django would begin as a writer.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def chunks(table: str, columns: Sequence[str], last: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
    """Yield a table's rows in the order of the first column, its number, up to ``last`` if given.

    Each chunk is a query of its own, so that no cursor stays open when the caller stops reading.

    Raises:
        HistoryTampered: at the end, when a number occurred twice, which a boundary between chunks can hide.
    """
    number, bounds, total = columns[0], {} if last is None else {"<=": last}, 0
    while True:
        where = "".join(f" AND {number} {sign} %s" for sign in bounds)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(columns)} FROM {table} WHERE TRUE{where} ORDER BY {number} LIMIT {CHUNK}",
                list(bounds.values()),
            )
            rows = cursor.fetchall()
            if not rows:
                cursor.execute(
                    f"SELECT count(*) FROM {table}" + ("" if last is None else f" WHERE {number} <= {last:d}")
                )
                if cursor.fetchone() != (total,):
                    raise HistoryTampered(f"Inserted: in {table}, a number occurs twice.")
                return
        yield rows
        total += len(rows)
        bounds[">"] = rows[-1][0]


def event_rows(last: int | None = None) -> Iterator[Row]:
    """Yield the events in order, up to ``last`` if given. Call it in a ``snapshot``."""
    columns = [as_text(Event, name, strict=True) for name in Row._fields]
    columns[1] = f"coalesce({columns[1]}, '')"
    for rows in chunks(EVENTS, columns, last):
        yield from map(Row._make, rows)


def row(event: Event) -> Row:
    """Return an event as the text that is sealed."""
    record = str(event.record) if event.record else ""
    at = chain.timestamp(event.at)
    return Row(event.seq, record, event.type, at, event.key_id, event.previous, event.seal, event.body)


def pruned() -> dict[int, str]:
    """Return up to which event the table was last pruned → that event's seal; empty if it never was."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT body FROM {EVENTS} WHERE type = 'pruned' ORDER BY seq DESC LIMIT 1")
        try:
            return {
                int(payload["through"]): payload["seal"]
                for payload in (json.loads(body) for [body] in cursor.fetchall())
            }
        except (ValueError, TypeError, KeyError):
            # Forged: the walk reports it.
            return {}


def installation_id() -> str:
    """Return the id of this database; empty while it has none.

    Raises:
        HistoryTampered: when it has several.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {as_text(Installation, 'id')} FROM {Installation._meta.db_table}")
        found = cursor.fetchall()
    if len(found) > 1:
        raise HistoryTampered("Inserted: the database names more than one installation.")
    return str(found[0][0]) if found else ""


def of_installation(rows: Iterable[Row], installation: str) -> Iterator[Row]:
    """Yield events, after verifying that those that name an installation name this one.

    Raises:
        HistoryTampered: at the first that names another.
    """
    for row in rows:
        if row.seq == 1 or row.type == EventType.PRUNED:
            try:
                named = parsed(row.body, strict=True).get("installation")
            except (ValueError, TypeError, AttributeError) as error:
                raise HistoryTampered(f"{row} cannot be read: {error}.".capitalize()) from None
            if named != installation:
                raise HistoryTampered(
                    f"Another installation: {row} belongs to {escape_controls(str(named))}, and this database is "
                    f"{escape_controls(installation) or 'none'}."
                )
        yield row


def walk(rows: Iterable[Row], pruned: Mapping[int, str]) -> Iterator[Row]:
    """Yield each event after verifying its seal, its number and its link to the event before.

    The first must be number 1, or follow one up to which the history was ``pruned``: number → seal.

    Raises:
        HistoryTampered: at the first that differs.
    """
    seals = Seals()
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    number, previous = 1, ""
    if isinstance(first.seq, int) and first.seq - 1 in pruned:
        number, previous = first.seq, pruned[first.seq - 1]
    elif isinstance(first.seq, int) and any(1 < first.seq <= through for through in pruned):
        # The pruning was interrupted, and left some of its events.
        number, previous = first.seq, first.previous
    for each in itertools.chain([first], rows):
        if not (each.seq == number and each.previous == previous and seals.fit(each)):
            raise HistoryTampered(diagnosis(number, previous, each, list(itertools.islice(rows, WINDOW)), seals))
        yield each
        number, previous = number + 1, each.seal


def diagnosis(number: int, previous: str, row: Row, following: Sequence[Row], seals: Seals) -> str:
    """Return what is wrong with an event that should be ``number`` and follow the one with the seal ``previous``."""
    missed = next((each for each in following if each.previous == previous and seals.fit(each, seq=number)), None)
    own = next((n for n in around(number) if seals.fit(row, seq=n)), None)
    if missed and missed.seq == number:
        return f"Inserted: {row} is in the place of event {number}."
    if missed and (own is None or own < number):
        return f"Inserted: {row}; the true event {number} is now number {missed.seq}."
    if missed:
        other = "" if own == row.seq else f", and event {own} is now number {row.seq}"
        return f"Reordered: event {number} is now number {missed.seq}{other}."
    if row.seq != number:
        if not isinstance(row.seq, int) or row.seq < number:
            return f"Inserted: {row} is in the place of event {number}."
        gone = f"event {number} is" if row.seq == number + 1 else f"events {number} to {row.seq - 1} are"
        return f"Removed: {gone} missing before {row}."
    if own == number:
        if number == 1:
            return f"Removed: {row} was sealed to an event before it."
        return f"Replaced: {row} was sealed to another event {number - 1} than the one before it."
    if own is not None:
        return f"Removed: event {number} is missing; event {own} now has its number."
    return unsealed(previous, row, following[0] if following else None, seals)


def unsealed(previous: str, row: Row, after: Row | None, seals: Seals) -> str:
    """Return what is wrong with an event in its place with a seal that does not fit."""
    if any(seals.fit(row, key_id=key_id) for key_id in seals.key_ids):
        return f"Changed: the key id of {row}."
    if seals.fit(row, previous=previous):
        return f"Changed: in {row}, the seal of the event before it."
    if row.key_id not in seals.key_ids:
        return (
            f"Unknown key: {row} names the seal key {escape_controls(str(row.key_id))}, which is neither SEAL_KEY nor "
            "among SEAL_KEY_FALLBACKS. Either an old key is missing there, or the event is a forgery."
        )
    if after is None:
        return f"Changed or forged: {row}, the last one, does not fit its seal."
    if row.previous == previous and seals.fit(row, seal=after.previous):
        return f"Changed: the seal of {row}."
    if after.previous != row.seal:
        return f"Replaced: {row} fits neither its own seal nor the one that event {after.seq} names."
    if not seals.fit(after):
        return f"Forged: from {row} on, the seals were not made with the key they name."
    return f"Changed: {row} does not fit its seal, to which event {after.seq} is still linked."


def around(number: int) -> Iterator[int]:
    """Yield the numbers near one, nearest first, itself before all."""
    yield number
    for distance in range(1, WINDOW + 1):
        yield number + distance
        yield number - distance


def compare() -> Iterator[str]:
    """Yield the uuid of each record after verifying it against its events, and that no event is left over.

    Walk the events first, in the same ``snapshot``.

    Raises:
        HistoryTampered: at the first that differs. Fields are named, values never.
    """
    # The id comes first, by which the rows are read.
    names = sorted(fields.SEALED, key="id".__ne__)
    columns = [as_text(AuditRecord, name, strict=True) for name in names]
    accounted = 0
    for chunk in chunks(RECORDS, [*columns, key("uuid"), as_text(AuditRecord, "uuid")]):
        found = events_of([record for *_, record, _ in chunk])
        for *values, record, uuid in chunk:
            own = found.get(record, [])
            check(uuid, dict(zip(names, values, strict=True)), own)
            accounted += len(own)
            yield uuid
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(record) FROM {EVENTS}")
        if cursor.fetchone() != (accounted,) and (wrong := unaccounted(max(pruned(), default=0))):
            raise HistoryTampered(wrong)


def events_of(keys: Sequence[Any]) -> dict[Any, list[tuple[str, str]]]:
    """Return the types and bodies of the events of records, by the records' :func:`key`."""
    found: dict[Any, list[tuple[str, str]]] = {}
    if connection.vendor == "postgresql":
        among, parameters = "= ANY(%s::uuid[])", [list(keys)]
    else:
        among, parameters = f"IN ({', '.join(['%s'] * len(keys))})", list(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT type, body, {key('record')} FROM {EVENTS} WHERE record {among} ORDER BY seq", parameters
        )
        for event_type, body, record in cursor.fetchall():
            found.setdefault(record, []).append((event_type, body))
    return found


def key(column: str) -> str:
    """Return the SQL that events are grouped by: the raw value on SQLite, a UUID as text on PostgreSQL."""
    return f"{column}::text" if connection.vendor == "postgresql" else column


def check(uuid: Any, values: dict[str, Any], own: Sequence[tuple[str, str]]) -> None:
    """Compare a record's columns, as text, with the types and bodies of its events.

    An event is held to the fields of its schema. In a newer field, a record of an older schema has the default.

    Raises:
        HistoryTampered: when they differ.
    """
    if not own:
        raise HistoryTampered(f"{which(uuid)} has no events: it was inserted, or its uuid was changed.")
    if own[0][0] != INTENT or any(event_type == INTENT for event_type, _ in own[1:]):
        raise HistoryTampered(f"The events of {which(uuid).lower()} do not begin with its one intent.")
    for name in fields.JSON:
        values[name] = column_of_json(uuid, name, values[name])
    projected = chain.project([payload_of(uuid, body) for _, body in own])
    if projected != values:
        names = sorted(name for name in projected.keys() | values if projected.get(name) != values.get(name))
        raise HistoryTampered(f"{which(uuid)} was changed: its events have other values of {', '.join(names)}.")


def column_of_json(uuid: Any, name: str, text: Any) -> Any:
    """Return the value of a column of JSON.

    Raises:
        HistoryTampered: when it cannot be read, or is not spelled as Django writes it, which PostgreSQL never keeps.
    """
    if text == "{}":
        return {}
    try:
        value = parsed(text)
        if connection.vendor == "sqlite" and ENCODE(value) != text:
            parsed(text, strict=True)
            raise HistoryTampered(f"{which(uuid)} was changed: {name} is not spelled as it was written.")
    except (ValueError, TypeError) as error:
        reason = f": {error}" if isinstance(error, DuplicateKey) else ""
        raise HistoryTampered(f"{which(uuid)} was changed: {name} cannot be read{reason}.") from None
    return value


def payload_of(uuid: Any, body: str) -> dict[str, Any]:
    """Return the payload of a record's event.

    Raises:
        HistoryTampered: when it cannot be read, or is of a schema that this version does not know.
    """
    try:
        payload: dict[str, Any] = parsed(body, strict=True)
        schema = payload["schema"]
        known = isinstance(schema, int) and 1 <= schema <= fields.SCHEMA
    except (ValueError, TypeError, LookupError) as error:
        reason = str(error) if isinstance(error, DuplicateKey) else "it is not as an event is written"
        raise HistoryTampered(f"An event of {which(uuid).lower()} cannot be read: {reason}.") from None
    if not known:
        raise HistoryTampered(
            f"An event of {which(uuid).lower()} has schema {escape_controls(str(schema))}, and this version of the "
            f"product knows 1 to {fields.SCHEMA}: verify with the version that wrote it."
        )
    return payload


def which(uuid: Any) -> str:
    """Return the words for a record, on one line whatever its column holds."""
    return f"Record {escape_controls(str(uuid))}"


def unaccounted(pruned: int) -> str:
    """Return what is wrong when there are more events than those of the records.

    Nothing is wrong during a pruning up to an event, which deletes records first.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seq, {as_text(Event, 'record')} FROM {EVENTS} WHERE record IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {RECORDS} WHERE uuid = record) AND seq > %s ORDER BY seq LIMIT 1",
            [pruned],
        )
        for seq, record in cursor.fetchall():
            return f"Record {escape_controls(str(record))} is missing: event {seq} is about it."
        cursor.execute(f"SELECT 1 FROM {EVENTS} WHERE seq <= %s LIMIT 1", [pruned])
        return "" if cursor.fetchone() else "A record occurs twice in the table."
