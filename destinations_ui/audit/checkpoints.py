"""Signed statements about the history, to be kept where nobody who can change it can change them.

A chain cannot show that its end was cut off, or that the whole of it was written anew with the key. A checkpoint can:
it says which seal the last event had. A record's receipt says so, too, and what the record and its events were.
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

#: No proof of ours is longer, in bytes: a receipt of a record with thousands of events.
LONGEST = 16 * 1024 * 1024


class InvalidProof(Exception):
    """A file proves nothing. The message is a sentence that names it and says why, without its content."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That the event of this number bears this seal.

    Attributes:
        source: The file that says so.
    """

    seq: int
    seal: str
    source: Path


def checkpoint() -> dict[str, Any]:
    """Return a signed statement of what the last event is; number 0 while there is none.

    Raises:
        HistoryTampered: when its own seal does not fit.
    """
    return signed({"type": CHECKPOINT, "made_at": timezone.now(), "installation": installation(), **head()})


def receipt(record: AuditRecord) -> dict[str, Any]:
    """Return a signed statement of a record, of its events, and of where the history ended when it was made.

    Raises:
        HistoryTampered: when they do not fit together: nothing is signed that is not so.
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
    """Make sure that each event bears the right seal.

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
    """Return a statement in JSON's types, with the id of the key and the signature. It has to have a ``type``."""
    statement = {**chain.as_json(payload), "key_id": chain.key_id(settings.SEAL_KEY)}
    return statement | {"signature": signature(settings.SEAL_KEY, statement)}


def signature(key: Secret, statement: Mapping[str, Any]) -> str:
    """Return the HMAC-SHA256 of a statement. Its type stands first, so that it is never taken for an event's seal."""
    text = f"{statement['type']}\n{chain.canonical_json(statement)}"
    return hmac.new(key.reveal().encode(), text.encode(), hashlib.sha256).hexdigest()


def read(path: Path, type: str) -> dict[str, Any]:
    """Return the statement in a file, after its signature has proved right.

    Raises:
        InvalidProof: when it is none of this type, or is not as it was signed.
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
        given = str(statement.pop("signature")).encode()
        right = key is not None and hmac.compare_digest(signature(key, statement).encode(), given)
        found = statement["type"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        found = None
    if found != type:
        raise InvalidProof(f"{path} is not a “{type}”.")
    if key is None:
        raise InvalidProof(f"{path} was signed with a key that is neither SEAL_KEY nor among SEAL_KEY_FALLBACKS.")
    if not right:
        raise InvalidProof(f"{path} was changed: its signature does not fit.")
    return dict(statement)


def read_ours(path: Path, type: str) -> dict[str, Any]:
    """Return the statement in a file, if it is about this database.

    Raises:
        InvalidProof: when it is not what it should be.
        HistoryTampered: when it is about another installation.
    """
    statement = read(path, type)
    named, ours = statement["installation"], installation()
    if named and ours and named != ours:
        raise HistoryTampered(f"Another installation: {path} is about {named}, and this database is {ours}.")
    return statement


def claims(checkpoints: Iterable[Path], receipts: Iterable[Path]) -> list[Claim]:
    """Return what the files say about the history.

    What a receipt says of the history's end stands for every event up to there: so its record had no other ones.

    Raises:
        InvalidProof: when a file is not what it should be.
        HistoryTampered: when an event in a receipt does not bear the right seal.
    """
    found: list[tuple[Path, Mapping[str, Any]]] = [(path, read_ours(path, CHECKPOINT)) for path in checkpoints]
    for path in receipts:
        statement = read_ours(path, RECEIPT)
        check_seals(Row(**each) for each in statement["events"])
        found += [(path, each) for each in (*statement["events"], statement["head"])]
    return [Claim(each["seq"], each["seal"], path) for path, each in found]


def held_against(claims: Iterable[Claim], rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the events, each after it has proved to be what is claimed of it, if anything is.

    Raises:
        HistoryTampered: at the first that is another one, and at the end when one was not there.
    """
    due: dict[int, list[Claim]] = {}
    for claim in claims:
        due.setdefault(claim.seq, []).append(claim)
    due.pop(0, None)  # There was nothing yet.
    first = last = 0
    for row in rows:
        for claim in due.pop(row.seq, ()):
            if claim.seal != row.seal:
                raise HistoryTampered(f"Rewritten: {row} is not the one that {claim.source} speaks of.")
        yield row
        first, last = first or row.seq, row.seq
    for seq, [claim, *_] in sorted(due.items()):
        if seq < first:
            raise HistoryTampered(
                f"Not there: event {seq}, of which {claim.source} speaks, was pruned; add its --archive."
            )
        raise HistoryTampered(f"Cut off: {claim.source} speaks of event {seq}, and the history ends with event {last}.")
