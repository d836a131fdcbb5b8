"""``manage.py verify_history``: prove that the history is what was written, or name the first thing that is not."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
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

Each = TypeVar("Each")


class Command(BaseCommand):
    """Walk the history."""

    help = "Prove that the history is what was written, or name the first thing that is wrong (exit status 1)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the proofs to hold against the history."""
        for name, what in (
            ("checkpoint", "a checkpoint to hold against it"),
            ("receipt", "a record's receipt to hold against it"),
            ("archive", "an archive of what came before, the oldest first"),
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
        """Walk the events, then compare the records."""
        try:
            claims = proofs.claims(checkpoint, receipt)
            with verification.snapshot():
                self.stdout.write(self.verified(claims, archive))
        except (ArchiveError, InvalidProof, HistoryTampered) as found:
            raise CommandError(str(found)) from found
        except DatabaseError as error:
            raise CommandError(f"The history cannot be read: {error}") from error

    def verified(self, claims: Sequence[Claim], paths: Sequence[Path]) -> str:
        """Return what was found to be right."""
        lifted = triggers.missing(connection)
        if lifted:
            self.stderr.write(
                f"Warning: the database does not guard the history ({', '.join(lifted)}). See docs/database.md."
            )
        behind = search_index.missing(connection)
        if behind:
            self.stderr.write(
                f"Warning: the history's search may not find every record ({', '.join(behind)}). See docs/database.md."
            )
        archives = [archive.describe(path) for path in paths]
        begins = verification.pruned() | {each.first - 1: each.previous for each in archives[:1]}
        rows = proofs.held_against(claims, verification.walk(archive.history(paths), begins))
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
            f"last seal {last.seal}, sealed with {', '.join(sorted(key_ids))}."
        )


def progress(items: Iterable[Each], what: str, total: int) -> Iterable[Each]:
    """Return the items, with a bar that shows how far they have been used, where someone is looking."""
    return tqdm(items, what, total, leave=False, unit=f" {what}", unit_scale=True, disable=not sys.stderr.isatty())
