"""``manage.py verify_history``: verify that the history is what was written, or report the first difference."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from tqdm import tqdm

from destinations_ui.audit import archive, search_index, triggers, verification
from destinations_ui.audit import checkpoints as proofs
from destinations_ui.audit.archive import ArchiveError
from destinations_ui.audit.checkpoints import Claim, InvalidProof
from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.audit.verification import HistoryTampered
from destinations_ui.conf.logging import escape_controls

Each = TypeVar("Each")

SEE = "See docs/database.md."


class Command(BaseCommand):
    """Verify the history."""

    help = "Verify that the history is what was written, or report the first difference (exit status 1)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        for name, what in (
            ("checkpoint", "a checkpoint to compare it with"),
            ("receipt", "a record’s receipt to compare it with"),
            ("archive", "an archive of earlier events, the oldest first"),
        ):
            parser.add_argument(
                f"--{name}",
                type=Path,
                action="append",
                default=[],
                metavar="FILE",
                help=f"{what}; can be given several times",
            )

    def handle(
        self,
        *args: Any,
        checkpoint: Sequence[Path],
        receipt: Sequence[Path],
        archive: Sequence[Path],
        **options: Any,
    ) -> None:
        """Verify the events, the records, the search index and the triggers, in this order."""
        try:
            claims = proofs.claims(checkpoint, receipt)
            with verification.snapshot():
                self.stdout.write(self.verified(claims, archive))
                problems = [*search_index.problems(connection), *self.trigger_problems()]
        except (ArchiveError, InvalidProof, HistoryTampered) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The history cannot be read: {error}") from error
        if problems:
            raise CommandError("\n".join(problems))

    def trigger_problems(self) -> Iterator[str]:
        """Yield what is wrong with the triggers, in sentences."""
        missing, unknown = triggers.missing(connection), triggers.unknown(connection)
        if missing:
            yield f"Triggers of the history are missing, disabled or changed: {', '.join(missing)}. {SEE}"
        if unknown:
            yield f"The database has triggers or rules that are not ours: {escape_controls(', '.join(unknown))}. {SEE}"

    def verified(self, claims: Sequence[Claim], paths: Sequence[Path]) -> str:
        """Verify events and records; return a summary."""
        archives = [archive.describe(path) for path in paths]
        installation = verification.installation_id()
        for path, each in zip(paths, archives, strict=True):
            if each.installation != installation:
                raise HistoryTampered(
                    f"Another installation: {path} is of {each.installation}, and this database is {installation}."
                )
        begins = verification.pruned() | {each.first - 1: each.previous for each in archives[:1]}
        walked = verification.of_installation(verification.walk(archive.history(paths), begins), installation)
        rows = proofs.compared_with(claims, walked)
        seen = progress(rows, "events", Event.objects.count() + sum(each.events for each in archives))
        first = last = None
        key_ids: set[str] = set()
        for row in seen:
            first, last = first or row, row
            key_ids.add(row.key_id)
        records = sum(1 for _ in progress(verification.compare(), "records", AuditRecord.objects.count()))
        if not (first and last):
            return "The history is empty."
        return (
            f"The history is what was written: events {first.seq} to {last.seq}, {records} records, "
            f"last seal {last.seal}, sealed with {', '.join(sorted(key_ids))}, installation {installation}."
        )


def progress(items: Iterable[Each], what: str, total: int) -> Iterable[Each]:
    """Return the items, with a progress bar if standard error is a terminal."""
    return tqdm(items, what, total, leave=False, unit=f" {what}", unit_scale=True, disable=not sys.stderr.isatty())
