"""``manage.py rebuild_history``: mend the records from the events."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from destinations_ui import rebuilding, verification
from destinations_ui.retention import NotPruned
from destinations_ui.verification import Tampered


class Command(BaseCommand):
    """Mend the records."""

    help = "Say which records are not the sum of their events, and with --confirm make them so."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the consent."""
        parser.add_argument("--confirm", action="store_true", help="change the records; without it nothing is written")

    def handle(self, *args: Any, confirm: bool, **options: Any) -> None:
        """Find what is wrong, and mend it."""
        try:
            if confirm:
                found = rebuilding.rebuild()
            else:
                with verification.snapshot():
                    found = rebuilding.repairs()
        except (Tampered, NotPruned) as error:
            raise CommandError(f"Nothing was changed. {error}") from error
        except DatabaseError as error:
            raise CommandError(
                f"Nothing was changed. The database refused: {str(error).strip()}. This needs the role that owns the "
                "tables: see docs/database.md."
            ) from error
        for repair in found:
            self.stdout.write(str(repair))
        if not found:
            self.stdout.write("Every record is the sum of its events.")
        elif confirm:
            self.stdout.write(f"{len(found)} records were mended.")
        else:
            self.stdout.write(f"{len(found)} records need this. Nothing was changed: run it again with --confirm.")
