"""``manage.py rebuild_index``: create the history's triggers and its search index again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction

from destinations_ui.audit import search_index, triggers


class Command(BaseCommand):
    """Rebuild the index."""

    help = "Create the history’s triggers and its search index again. The records and their events stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the append-only triggers, then the index."""
        try:
            with transaction.atomic():
                triggers.APPEND_ONLY.drop(connection)
                triggers.APPEND_ONLY.create(connection)
            search_index.rebuild(connection)
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}") from error
        self.stdout.write("The triggers and the search index are as they should be.")
