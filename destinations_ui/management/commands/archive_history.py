"""``manage.py archive_history``: write the oldest part of the history to a signed file, and delete it on request."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from destinations_ui.audit import archive, pruning
from destinations_ui.audit.archive import ArchiveError
from destinations_ui.audit.pruning import NotPruned, PruneMark
from destinations_ui.audit.verification import HistoryTampered


def day(text: str) -> datetime:
    """Return the start of a day in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError("a day is written like 2026-01-31") from None


class Command(BaseCommand):
    """Archive and prune."""

    help = "Write the oldest part of the history to a signed file; with --prune, then delete it from the database."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument(
            "--before",
            type=day,
            required=True,
            metavar="YYYY-MM-DD",
            help="archive what was settled before this day began, in UTC",
        )
        parser.add_argument(
            "--to", type=Path, required=True, metavar="FILE", help="write it to FILE, which must not exist yet"
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="then delete it from the database; also finishes an interrupted deletion",
        )

    def handle(self, *args: Any, before: datetime, to: Path, prune: bool, **options: Any) -> None:
        """Write the archive, then delete its events and records."""
        try:
            if prune:
                pruning.check_permissions()
            unfinished = pruning.unfinished()
            if unfinished:
                self.finish(unfinished, to, prune)
            else:
                self.archive(before, to, prune)
        except FileExistsError as error:
            raise CommandError(f"{to} already exists, and is not overwritten.") from error
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        except (ArchiveError, NotPruned, HistoryTampered) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}") from error

    def archive(self, before: datetime, to: Path, prune: bool) -> None:
        """Write an archive and report where it ends."""
        prunable = pruning.prunable(before)
        if prunable.last < prunable.first:
            self.stdout.write(f"There is nothing to archive. {prunable.because}".strip())
            return
        made = archive.write(prunable.first, prunable.last, to)
        self.stdout.write(
            f"Archived events {made.first} to {made.last}, {made.records} records, in {to} (SHA-256 {made.sha256})."
        )
        if prunable.because:
            self.stdout.write(f"It ends earlier than requested. {prunable.because}")
        if prune:
            pruning.mark(made)
            self.delete(made.last)

    def finish(self, unfinished: PruneMark, to: Path, prune: bool) -> None:
        """Continue an interrupted deletion, given its archive."""
        if not prune:
            raise NotPruned(
                f"Events up to {unfinished.through} were archived, and not all are deleted yet. Run this again with "
                "--prune and with that archive as --to."
            )
        if archive.describe(to).sha256 != unfinished.archive_sha256:
            raise ArchiveError(
                f"{to} is not the archive of the interrupted deletion. Its SHA-256 is {unfinished.archive_sha256}."
            )
        self.delete(unfinished.through)

    def delete(self, through: int) -> None:
        """Delete, and report it."""
        pruning.delete(through)
        self.stdout.write(f"Events up to {through} and their records are no longer in the database.")
