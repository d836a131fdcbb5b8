"""Checkpoints and receipts: signed statements about the history, to be kept out of reach of those who can change it.

A chain cannot show that its end was cut off, or that all of it was rewritten with the key. A checkpoint can: it states
the seal of the last event. A record's receipt states it, too, and the record and its events.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from destinations_ui.audit import chain, fields, serialization, verification
from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.audit.verification import HistoryTampered, Row, Seals
from destinations_ui.conf.secret import Secret

CHECKPOINT = "Destinations UI checkpoint 1"
RECEIPT = "Destinations UI receipt 1"

#: The maximum length of a statement, in bytes: a receipt of a record with thousands of events.
LONGEST = 16 * 1024 * 1024


class InvalidProof(Exception):
    """A file is not a valid statement. The message is a sentence that names it and the reason, without its content."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that the event of a number has a seal.

    Attributes:
        source: The file that states it.
    """

    seq: int
    seal: str
    source: Path


def checkpoint() -> dict[str, Any]:
    """Return a signed statement of the last event; number 0 while there is none.

    Raises:
        HistoryTampered: when its seal does not fit.
    """
    return signed({"type": CHECKPOINT, "made_at": timezone.now(), "installation": installation(), **head()})


def receipt(record: AuditRecord) -> dict[str, Any]:
    """Return a signed statement of a record, of its events, and of the last event of the history.

    Raises:
        HistoryTampered: when they do not match: a receipt is signed only for a verified record.
    """
    with verification.snapshot():
        record = AuditRecord.objects.get(pk=record.pk)
        if record.damaged:
            raise HistoryTampered(f"Record {record.uuid} is damaged: {', '.join(record.damaged)} cannot be read.")
        rows = [verification.row(event) for event in Event.objects.filter(record=record.uuid).order_by("seq")]
        last = head()
    check_seals(rows)
    values = chain.values(record, fields.SEALED)
    as_text = values | {name: json.dumps(values[name]) for name in fields.JSON}
    verification.check(str(record.uuid), as_text, [(row.type, row.body) for row in rows])
    return signed(
        {
            "type": RECEIPT,
            "made_at": timezone.now(),
            "installation": installation(),
            "record": serialization.exported(record),
            "events": [row._asdict() for row in rows],
            "head": last,
        }
    )


def installation() -> str | None:
    """Return the id of this database; ``None`` while it has none."""
    return verification.installation_id() or None


def head() -> dict[str, Any]:
    """Return the number, the seal and the time of the last event.

    Raises:
        HistoryTampered: when its seal does not fit.
    """
    last = Event.objects.order_by("-seq").first()
    if last is None:
        return {"seq": 0, "seal": "", "at": None}
    check_seals([verification.row(last)])
    return {"seq": last.seq, "seal": last.seal, "at": last.at}


def check_seals(rows: Iterable[Row]) -> None:
    """Verify the seals of events.

    Raises:
        HistoryTampered: at the first that does not.
    """
    seals = Seals()
    for row in rows:
        if not seals.fit(row):
            raise HistoryTampered(
                f"The seal of {row} does not fit, or the key that made it is not among SEAL_KEY_FALLBACKS."
            )


def signed(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in JSON's types, with the id of the key and the signature. It must have a ``type``."""
    statement = {**chain.as_json(payload), "key_id": chain.key_id(settings.SEAL_KEY)}
    return statement | {"signature": signature(settings.SEAL_KEY, statement)}


def signature(key: Secret, statement: Mapping[str, Any]) -> str:
    """Return the HMAC-SHA256 of a statement. The type comes first, so that it cannot pass for an event's seal."""
    text = f"{statement['type']}\n{chain.canonical_json(statement)}"
    return hmac.new(key.reveal().encode(), text.encode(), hashlib.sha256).hexdigest()


def read(path: Path, type: str) -> dict[str, Any]:
    """Return the statement in a file, after verifying its signature.

    Raises:
        InvalidProof: when it is not of this type, or was changed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise InvalidProof(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > LONGEST:
        raise InvalidProof(f"{path} is too large to be a “{type}”.")
    try:
        statement = json.loads(content)
        key = chain.keys().get(statement["key_id"])
        signature_given = str(statement.pop("signature")).encode()
        right = key is not None and hmac.compare_digest(signature(key, statement).encode(), signature_given)
        found_type = statement["type"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        found_type = None
    if found_type != type:
        raise InvalidProof(f"{path} is not a “{type}”.")
    if key is None:
        raise InvalidProof(f"{path} was signed with a key that is neither SEAL_KEY nor among SEAL_KEY_FALLBACKS.")
    if not right:
        raise InvalidProof(f"{path} was changed: its signature does not fit.")
    return dict(statement)


def read_ours(path: Path, type: str) -> dict[str, Any]:
    """Return the statement in a file about this database.

    Raises:
        InvalidProof: when it is not a valid statement.
        HistoryTampered: when it is about another installation.
    """
    statement = read(path, type)
    named, ours = statement["installation"], installation()
    if named and ours and named != ours:
        raise HistoryTampered(f"Another installation: {path} is about {named}, and this database is {ours}.")
    return statement


def claims(checkpoints: Iterable[Path], receipts: Iterable[Path]) -> list[Claim]:
    """Return the claims that files make about the history.

    A receipt's claim about the last event covers all events before it, so its record had no others.

    Raises:
        InvalidProof: when a file is not a valid statement.
        HistoryTampered: when an event in a receipt does not have the right seal.
    """
    claimed: list[tuple[Path, Mapping[str, Any]]] = [(path, read_ours(path, CHECKPOINT)) for path in checkpoints]
    for path in receipts:
        statement = read_ours(path, RECEIPT)
        check_seals(Row(**each) for each in statement["events"])
        claimed += [(path, each) for each in (*statement["events"], statement["head"])]
    return [Claim(each["seq"], each["seal"], path) for path, each in claimed]


def compared_with(claims: Iterable[Claim], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the events, each after comparing it with the claims about it.

    Raises:
        HistoryTampered: at the first that differs, and at the end if a claimed event was missing.
    """
    due: dict[int, list[Claim]] = {}
    for claim in claims:
        due.setdefault(claim.seq, []).append(claim)
    due.pop(0, None)  # There was nothing yet.
    first = last = 0
    for row in rows:
        for claim in due.pop(row.seq, ()):
            if claim.seal != row.seal:
                raise HistoryTampered(f"Rewritten: {row} is not the event in {claim.source}.")
        yield row
        first, last = first or row.seq, row.seq
    for seq, [claim, *_] in sorted(due.items()):
        if seq < first:
            raise HistoryTampered(f"Not there: event {seq}, which {claim.source} names, was pruned; add its --archive.")
        raise HistoryTampered(f"Cut off: {claim.source} names event {seq}, and the history ends with event {last}.")
