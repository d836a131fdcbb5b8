"""The oldest part of the history as a signed file of JSON Lines.

The first line says what the file is, the last one is signed, and each line between is an event with all its columns.
The events keep their seals, so that an archive and what is left in the database are one chain. ``pruning`` decides
where it ends.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.utils import timezone

from destinations_ui.audit import chain, checkpoints, verification
from destinations_ui.audit.models import EventType, Outcome
from destinations_ui.audit.verification import HistoryTampered, Row
from destinations_ui.conf.atomic_file import new_file

ARCHIVE = "Destinations UI archive 1"

#: No line of ours is longer, in bytes: an event holds one form at most.
LONGEST = 16 * 1024 * 1024

#: From which outcome an event may lead on; an intent begins.
SINCE: Mapping[str, str] = {EventType.SETTLED: Outcome.PENDING, EventType.RESOLVED: Outcome.UNKNOWN}


class ArchiveError(Exception):
    """A file is no archive, or not as it was written. The message is a sentence that names it, without its content."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive holds.

    Attributes:
        installation: Of the database that it comes from.
        first: The number of its first event.
        last: The number of its last event.
        previous: The seal of the event before the first; empty when there is none.
        seal: The seal of the last event.
        events: How many events it holds.
        records: How many records they are about, each whole.
        sha256: Of the whole file, in hex digits.
    """

    installation: str
    first: int
    last: int
    previous: str
    seal: str
    events: int
    records: int
    sha256: str


def write(first: int, last: int, to: Path) -> Archive:
    """Write some events to a new file, read it back, and return what it holds.

    Raises:
        HistoryTampered: when the events are not what was written. Then there is no file.
        OSError: when the file cannot be written, or is there already.
    """
    with new_file(to) as path:
        with path.open("wb") as file, verification.snapshot():
            installation = verification.installation_id()
            rows = verification.walk(verification.event_rows(last), verification.pruned())
            for line in lines(first, last, verification.of_installation(rows, installation), installation):
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        for _ in replayed(read(path)):
            pass
        return describe(path)


def lines(first: int, last: int, rows: Iterable[Row], installation: str) -> Iterator[bytes]:
    """Yield the lines of an archive. The rows have to be whole records."""
    digest = hashlib.sha256()
    seal, count, records = "", 0, 0
    for row in rows:
        if not count:
            made_at = chain.timestamp(timezone.now())
            start = {"type": ARCHIVE, "made_at": made_at, "installation": installation, "first": first, "last": last}
            text = line(start | {"previous": row.previous})
            digest.update(text)
            yield text
        text = line(row._asdict())
        digest.update(text)
        yield text
        seal, count, records = row.seal, count + 1, records + (row.type == EventType.INTENT)
    end = {"type": ARCHIVE, "installation": installation, "first": first, "last": last, "seal": seal}
    counted = {"events": count, "records": records, "sha256": digest.hexdigest()}
    yield line(checkpoints.signed(end | counted))


def line(content: Mapping[str, Any]) -> bytes:
    """Return a line of an archive."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def describe(path: Path) -> Archive:
    """Return what an archive holds, after its signature has proved right.

    Raises:
        ArchiveError: when the file is no archive, or not as it was written.
    """
    with opened(path) as file:
        return checked(file, path)


def read(path: Path) -> Iterator[Row]:
    """Yield the events of an archive in their order, after its signature has proved right.

    Raises:
        ArchiveError: when the file is no archive, or not as it was written.
    """
    with opened(path) as file:
        holds = checked(file, path)
        file.seek(0)
        file.readline()
        for _ in range(holds.events):
            yield Row(**json.loads(file.readline()))


def opened(path: Path) -> IO[bytes]:
    """Open a file.

    Raises:
        ArchiveError: when it cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}.") from error


def checked(file: IO[bytes], path: Path) -> Archive:
    """Read an archive to its end, which is signed, and return what it holds.

    Raises:
        ArchiveError: when it is none, or not as it was written.
    """
    digest, whole = hashlib.sha256(), hashlib.sha256()
    last = first = file.readline(LONGEST)
    start = parsed(first)
    if start.get("type") != ARCHIVE:
        raise ArchiveError(f"{path} is not a “{ARCHIVE}”.")
    whole.update(first)
    while text := file.readline(LONGEST):
        digest.update(last)
        whole.update(text)
        last = text
    end = parsed(last)
    if not last.endswith(b"\n") or "signature" not in end:
        raise ArchiveError(f"{path} is cut off: its last line is not the one that is signed.")
    key = chain.keys().get(str(end.get("key_id")))
    if key is None:
        raise ArchiveError(f"{path} was signed with a key that is neither SEAL_KEY nor among SEAL_KEY_FALLBACKS.")
    given = str(end.pop("signature"))
    if not hmac.compare_digest(checkpoints.signature(key, end).encode(), given.encode()):
        raise ArchiveError(f"{path} was changed: its signature does not fit.")
    if end["sha256"] != digest.hexdigest():
        raise ArchiveError(f"{path} was changed: its lines are not those that were signed.")
    signed = {name: end[name] for name in ("installation", "first", "last", "seal", "events", "records")}
    return Archive(previous=start["previous"], sha256=whole.hexdigest(), **signed)


def parsed(text: bytes) -> dict[str, Any]:
    """Return the object on a line; an empty one when it is no line of ours."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def replayed(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield events that are in no record any more, each after it has proved to follow from those before.

    Raises:
        HistoryTampered: when a record does not begin with its one intent, moves where it may not, or is not at an end.
    """
    outcomes: dict[str, str] = {}
    for row in rows:
        if row.record:
            before = outcomes.get(row.record)
            if (row.type == EventType.INTENT) != (before is None):
                raise HistoryTampered(f"The events of record {row.record} do not begin with its one intent: {row}.")
            if row.type in SINCE and before != SINCE[row.type]:
                raise HistoryTampered(f"Record {row.record} moved where it may not: {row}, when it was {before}.")
            outcomes[row.record] = json.loads(row.body).get("set", {}).get("outcome", before)
        yield row
    for record, outcome in outcomes.items():
        if outcome in (Outcome.PENDING, Outcome.UNKNOWN):
            raise HistoryTampered(f"Record {record} was archived while it was {outcome}.")


def history(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield the events of archives, given in their order, and of the table, as one history. Call it in a ``snapshot``.

    Raises:
        ArchiveError: when a file is no archive, or not as it was written.
        HistoryTampered: when an event is in both and not the same, or an archived record does not add up.
    """
    table = verification.event_rows()
    here = next(table, None)
    for row in itertools.chain.from_iterable(replayed(read(path)) for path in paths):
        # What was archived and not pruned, and what is older than the archives given.
        while here is not None and isinstance(here.seq, int) and here.seq <= row.seq:
            if here.seq < row.seq:
                yield here
            elif here != row:
                raise HistoryTampered(f"Changed: {here} is not as its archive has it.")
            here = next(table, None)
        yield row
    if here is not None:
        yield here
        yield from table
