"""The events of the history: only ever added, each sealed to the one before.

An event is written in one transaction with the record it changes, so that neither is ever there without the other. The
seals form one chain over the whole history: anyone who changes, removes, inserts or moves an event without the key
breaks it. ``verification`` walks it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from destinations_ui.audit import fields, storage
from destinations_ui.audit.models import AuditRecord, Event, EventType, Installation, Outcome
from destinations_ui.conf.secret import Secret

logger = logging.getLogger(__name__)

#: Logged once a day with the number and seal of the last event. See ``docs/history.md``.
HEAD = "HISTORY HEAD"

#: PostgreSQL's advisory lock of those who write the history. The number is arbitrary.
CHAIN_LOCK = 7_316_120_264

#: SQLite's writers in this process queue here.
SQLITE_WRITERS = threading.Lock()


class NotKept(DatabaseError):
    """The database reported no error, and does not hold what was written: a trigger of someone else's changed it."""


def record_intent(record: AuditRecord, **payload: Any) -> None:
    """Add a pending record and its intent, the event that says what was requested.

    Raises:
        django.db.DatabaseError: when the database does not take them.
    """
    with write_transaction():
        try:
            record.save()
        except TypeError as error:
            # Django reads the id that an INSERT returns. A row that a trigger swallowed has none.
            raise NotKept("The record was not inserted.") from error
        append_event(record.uuid, EventType.INTENT, {"set": values(record, fields.REQUESTED), **payload})
        check_kept(record, {name: getattr(record, name) for name in ("uuid", *fields.SEALED)})


def settle(record: AuditRecord, result: Mapping[str, Any], **payload: Any) -> bool:
    """Move a pending record to its outcome; return ``False`` when it was no longer pending.

    Args:
        record: Which one.
        result: The fields that change.
        payload: What else the event says.
    """
    return change_outcome(record, Outcome.PENDING, EventType.SETTLED, result, payload)


def resolve(record: AuditRecord, result: Mapping[str, Any], **payload: Any) -> bool:
    """Move an unknown record to what was found out; return ``False`` when it was no longer unknown.

    A destination that another record has claimed in the meantime is not claimed again: then nothing changes either.
    """
    return change_outcome(record, Outcome.UNKNOWN, EventType.RESOLVED, result, payload)


def change_outcome(
    record: AuditRecord, since: Outcome, type: EventType, result: Mapping[str, Any], payload: Mapping[str, Any]
) -> bool:
    """Change a record and add its event, or neither."""
    with write_transaction():
        claimed = result.get("destination_id") if type == EventType.RESOLVED else None
        if claimed and AuditRecord.objects.claiming([claimed]).exclude(pk=record.pk).exists():
            return False
        changed = AuditRecord.objects.move(record.pk, since=since, **result)
        if changed:
            append_event(record.uuid, type, {"set": as_json(result), **payload})
            check_kept(record, result)
    return changed


@contextmanager
def write_transaction() -> Iterator[None]:
    """Open a transaction in which events are added, one writer after the other.

    Numbers have no gap and each seal builds on the one before, so that writers wait for each other. SQLite lets them
    poll for its lock, and one of many may never get it: the threads of a process queue before it, for as long as SQLite
    itself would wait. On PostgreSQL each statement sees what the writer before committed.
    """
    sqlite = connection.vendor == "sqlite"
    queued = sqlite and SQLITE_WRITERS.acquire(timeout=connection.settings_dict["OPTIONS"]["timeout"])
    try:
        with transaction.atomic(durable=True):
            if not sqlite:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
            yield
            storage.check()
    finally:
        if queued:
            SQLITE_WRITERS.release()


def append_event(record: uuid.UUID | None, type: EventType, payload: Mapping[str, Any]) -> Event:
    """Add an event to the end of the history, in a :func:`write_transaction`.

    Raises:
        django.db.DatabaseError: when the database does not take it.
    """
    last = Event.objects.order_by("-seq").first()
    if last is None or type == EventType.PRUNED:
        payload = {"installation": installation().pk, **payload}
    event = Event(
        seq=last.seq + 1 if last else 1,
        record=record,
        type=type,
        at=timezone.now(),
        body=sealed_body(payload),
        key_id=key_id(settings.SEAL_KEY),
        previous=last.seal if last else "",
    )
    event.seal = seal(event, settings.SEAL_KEY)
    event.save()
    kept = Event.objects.filter(seq=event.seq).first()
    if kept is None or kept.seal != event.seal or seal(kept, settings.SEAL_KEY) != event.seal:
        raise NotKept("The event was not inserted as it was sealed.")
    if last and last.at.date() < event.at.date():
        transaction.on_commit(
            lambda: logger.info("%s seq=%s seal=%s at=%s", HEAD, last.seq, last.seal, timestamp(last.at))
        )
    return event


def check_kept(record: AuditRecord, written: Mapping[str, Any]) -> None:
    """Read fields of a record back.

    Raises:
        NotKept: when the database does not hold what was written.
    """
    kept = AuditRecord.objects.filter(pk=record.pk).values(*written).first()
    if as_json(kept) != as_json(written):
        raise NotKept("The record was not written as its event says.")


def installation() -> Installation:
    """Return what identifies this database; it is written with the first event."""
    found = Installation.objects.first()
    if found is None:
        found = Installation(created_at=timezone.now())
        found.save()
    return found


def seal(event: Event, key: Secret) -> str:
    """Return the HMAC-SHA256 of an event and of the seal before it, in hex digits."""
    record = str(event.record) if event.record else ""
    return seal_of(key, event.seq, record, event.type, timestamp(event.at), event.key_id, event.previous, event.body)


def seal_of(key: Secret, seq: int, record: str, type: str, at: str, key_id: str, previous: str, body: str) -> str:
    """Return the seal over the parts of an event: one on a line, the body last, since it alone could be long."""
    text = "\n".join((str(seq), record, type, at, key_id, previous, body))
    return hmac.new(key.reveal().encode(), text.encode(), hashlib.sha256).hexdigest()


def key_id(key: Secret) -> str:
    """Return a name for a key that does not reveal it."""
    return hmac.new(key.reveal().encode(), b"destinations-ui seal key", hashlib.sha256).hexdigest()[:16]


def keys() -> dict[str, Secret]:
    """Return every key that may have sealed something, by its id."""
    return {key_id(key): key for key in (settings.SEAL_KEY, *settings.SEAL_KEY_FALLBACKS)}


def sealed_body(payload: Mapping[str, Any]) -> str:
    """Return the text of an event's body: its payload and the schema of the fields that it sets."""
    return canonical_json({"schema": fields.SCHEMA, **payload})


def canonical_json(payload: Mapping[str, Any]) -> str:
    """Return the JSON that is sealed: keys in order, no spaces."""
    return json.dumps(as_json(payload), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def as_json(value: Any) -> Any:
    """Return a value in JSON's types."""
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


def timestamp(time: datetime) -> str:
    """Return a time in UTC, to the microsecond: ``2026-11-23T08:04:38.000000Z``."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def values(record: AuditRecord, names: Iterable[str]) -> dict[str, Any]:
    """Return some of a record's fields in JSON's types."""
    return {name: as_json(getattr(record, name)) for name in names}


def project(payloads: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields of a record whose events have these payloads, its intent first, in JSON's types."""
    projected: dict[str, Any] = {}
    for payload in payloads:
        projected = projected or dict(fields.defaults(payload.get("schema", 0)))
        projected.update(payload.get("set", {}))
    return projected
