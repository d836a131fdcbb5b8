"""What happened to each attempt: events that are only ever added, each sealed to the one before.

An event is written in one transaction with the record it changes, so that neither is ever there without the other. The
seals form one chain over the whole history: whoever changes, removes, inserts or moves an event without the key breaks
it. ``verification`` walks it.
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
from django.db import connection, transaction
from django.utils import timezone

from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.conf.secret import Secret

logger = logging.getLogger(__name__)

#: Found in the log once a day: the number and seal that the history ended with. See ``docs/history.md``.
HEAD = "HISTORY HEAD"

#: PostgreSQL's advisory lock that writers take one after the other. The number means nothing; it is ours alone.
CHAIN_LOCK = 7_316_120_264

#: Where the threads of a process line up for SQLite.
LINE = threading.Lock()

#: What a record says from the start.
START = (
    "id",
    "submission",
    "request_id",
    "created_at",
    "actor",
    "actor_pk",
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
)
#: What it says later, and until then.
LATER: Mapping[str, Any] = {
    "settled_at": None,
    "duration_ms": None,
    "destination_id": "",
    "status_code": None,
    "error_code": "",
    "error_message": "",
    "error_id": "",
    "explanation": "",
}


def begin(record: AuditRecord, **payload: Any) -> None:
    """Add a pending record and the intent that it stands for; ``says`` is what else that tells."""
    with turn():
        record.save()
        append(record.uuid, EventType.INTENT, {"set": state(record, START), **payload})


def settle(record: AuditRecord, result: Mapping[str, Any], **payload: Any) -> bool:
    """Move a pending record to its outcome; return ``False`` when it was pending no more.

    ``result`` holds the record's fields, ``says`` what else the event tells.
    """
    return move(record, Outcome.PENDING, EventType.SETTLED, result, payload)


def resolve(record: AuditRecord, result: Mapping[str, Any], **payload: Any) -> bool:
    """Move an unknown record to what was found out; return ``False`` when it was unknown no more.

    A destination that another record has claimed meanwhile is not claimed again: then nothing moves either.
    """
    return move(record, Outcome.UNKNOWN, EventType.RESOLVED, result, payload)


def move(
    record: AuditRecord, since: Outcome, type: EventType, result: Mapping[str, Any], payload: Mapping[str, Any]
) -> bool:
    """Change a record and say so in an event, or neither."""
    with turn():
        lock()
        claims = result.get("destination_id") if type == EventType.RESOLVED else None
        if claims and AuditRecord.objects.claiming([claims]).exclude(pk=record.pk).exists():
            return False
        moved = AuditRecord.objects.move(record.pk, since=since, **result)
        if moved:
            append(record.uuid, type, {"set": plain(result), **payload})
    return moved


@contextmanager
def turn() -> Iterator[None]:
    """Open a transaction in which an event is added.

    SQLite lets those who wait for its lock try again now and then, and one of many may have no luck. So the threads of
    a process line up before it, for as long as SQLite itself would wait.
    """
    lined_up = connection.vendor == "sqlite" and LINE.acquire(timeout=connection.settings_dict["OPTIONS"]["timeout"])
    try:
        with transaction.atomic(durable=True):
            yield
    finally:
        if lined_up:
            LINE.release()


def append(record: uuid.UUID | None, type: EventType, payload: Mapping[str, Any]) -> Event:
    """Add an event to the end of the history. The transaction around it has to change nothing afterwards.

    Raises:
        django.db.DatabaseError: when the database does not take it.
    """
    body = canonical(payload)
    lock()
    last = Event.objects.order_by("-seq").first()
    event = Event(
        seq=last.seq + 1 if last else 1,
        record=record,
        type=type,
        at=timezone.now(),
        body=body,
        key_id=key_id(settings.SEAL_KEY),
        previous=last.seal if last else "",
    )
    event.seal = seal(event, settings.SEAL_KEY)
    event.save()
    if last and last.at.date() < event.at.date():
        transaction.on_commit(lambda: logger.info("%s seq=%s seal=%s at=%s", HEAD, last.seq, last.seal, stamp(last.at)))
    return event


def lock() -> None:
    """Wait for the turn to write the history; it ends with the transaction.

    Writers come one after the other, so that the numbers have no gap and each seal builds on the one before. SQLite has
    one writer at a time anyway. On PostgreSQL each statement after this one sees what the writer before committed.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])


def seal(event: Event, key: Secret) -> str:
    """Return the HMAC-SHA256 of an event and of the seal before it, in hex digits."""
    record = str(event.record) if event.record else ""
    return sealed(key, event.seq, record, event.type, stamp(event.at), event.key_id, event.previous, event.body)


def sealed(key: Secret, seq: int, record: str, type: str, at: str, key_id: str, previous: str, body: str) -> str:
    """Return the seal over the parts of an event: one on a line, the body last, since it alone could be long."""
    text = "\n".join((str(seq), record, type, at, key_id, previous, body))
    return hmac.new(key.reveal().encode(), text.encode(), hashlib.sha256).hexdigest()


def key_id(key: Secret) -> str:
    """Return a name for a key which does not tell it."""
    return hmac.new(key.reveal().encode(), b"destinations-ui seal key", hashlib.sha256).hexdigest()[:16]


def keys() -> dict[str, Secret]:
    """Return every key that may have sealed something, by its id."""
    return {key_id(key): key for key in (settings.SEAL_KEY, *settings.SEAL_KEY_FALLBACKS)}


def canonical(payload: Mapping[str, Any]) -> str:
    """Return what an event says as the text that is sealed: JSON, keys in order, no blanks."""
    return json.dumps(plain(payload), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return a value in JSON's types."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


def stamp(moment: datetime) -> str:
    """Return a moment in UTC, to the microsecond: ``2026-11-23T08:04:38.000000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def state(record: AuditRecord, fields: Iterable[str]) -> dict[str, Any]:
    """Return some of a record's fields in JSON's types."""
    return {field: plain(getattr(record, field)) for field in fields}


def projection(said: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a record has to say after its events said all this, in JSON's types."""
    fields = dict(LATER)
    for each in said:
        fields.update(each.get("set", {}))
    return fields
