"""Write and read archives: the oldest part of the history as a signed file of JSON Lines.

The first line names the format, the last one is signed, and each line between is an event with all its columns.
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

#: The maximum length of a line, in bytes: an event holds one form at most.
LONGEST = 16 * 1024 * 1024

#: Event type → the outcome that it changes. A record begins with an intent.
SINCE: Mapping[str, str] = {EventType.SETTLED: Outcome.PENDING, EventType.RESOLVED: Outcome.UNKNOWN}


class ArchiveError(Exception):
    """A file is not an archive, or was changed. The message is a sentence that names it, without its content."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The summary of an archive.

    Attributes:
        installation: Of the database that it comes from.
        first: The number of its first event.
        last: The number of its last event.
        previous: The seal of the event before the first; empty if there is none.
        seal: The seal of the last event.
        events: How many events it holds.
        records: How many records they are about, each whole.
        sha256: The digest of the whole file, in hex digits.
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
    """Write a range of events to a new file, read it back, and return its summary.

    Raises:
        HistoryTampered: when the events are not what was written. Then there is no file.
        OSError: when the file cannot be written, or exists.
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
    """Return the summary of an archive, after verifying its signature.

    Raises:
        ArchiveError: when the file is not an archive, or was changed.
    """
    with opened(path) as file:
        return checked(file, path)


def read(path: Path) -> Iterator[Row]:
    """Yield the events of an archive in order, after verifying its signature.

    Raises:
        ArchiveError: when the file is not an archive, or was changed.
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
    """Read an archive to its signed end, and return its summary.

    Raises:
        ArchiveError: when it is not an archive, or was changed.
    """
    signed_part, whole = hashlib.sha256(), hashlib.sha256()
    last = first = file.readline(LONGEST)
    start = parsed(first)
    if start.get("type") != ARCHIVE:
        raise ArchiveError(f"{path} is not a “{ARCHIVE}”.")
    whole.update(first)
    while text := file.readline(LONGEST):
        signed_part.update(last)
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
    if end["sha256"] != signed_part.hexdigest():
        raise ArchiveError(f"{path} was changed: its lines are not those that were signed.")
    signed = {name: end[name] for name in ("installation", "first", "last", "seal", "events", "records")}
    return Archive(previous=start["previous"], sha256=whole.hexdigest(), **signed)


def parsed(text: bytes) -> dict[str, Any]:
    """Return the object on a line; an empty one if there is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def replayed(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield archived events, each after verifying that it follows from those before.

    Raises:
        HistoryTampered: when a record does not begin with its one intent, changes as it cannot, or is not settled.
    """
    outcomes: dict[str, str] = {}
    for row in rows:
        if row.record:
            before = outcomes.get(row.record)
            if (row.type == EventType.INTENT) != (before is None):
                raise HistoryTampered(f"The events of record {row.record} do not begin with its one intent: {row}.")
            if row.type in SINCE and before != SINCE[row.type]:
                raise HistoryTampered(f"Record {row.record} was {before}, and cannot have changed so: {row}.")
            outcomes[row.record] = json.loads(row.body).get("set", {}).get("outcome", before)
        yield row
    for record, outcome in outcomes.items():
        if outcome in (Outcome.PENDING, Outcome.UNKNOWN):
            raise HistoryTampered(f"Record {record} was archived while it was {outcome}.")


def history(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield the events of archives, oldest first, and of the table, as one history. Call it in a ``snapshot``.

    Raises:
        ArchiveError: when a file is no archive, or not as it was written.
        HistoryTampered: when an event differs between the two, or an archived record is inconsistent.
    """
    table = verification.event_rows()
    next_in_table = next(table, None)
    for row in itertools.chain.from_iterable(replayed(read(path)) for path in paths):
        # Events that were archived and not pruned, and events older than the given archives.
        while next_in_table is not None and isinstance(next_in_table.seq, int) and next_in_table.seq <= row.seq:
            if next_in_table.seq < row.seq:
                yield next_in_table
            elif next_in_table != row:
                raise HistoryTampered(f"Changed: {next_in_table} differs from its archive.")
            next_in_table = next(table, None)
        yield row
    if next_in_table is not None:
        yield next_in_table
        yield from table
