"""``manage.py checkpoint_history``: sign where the history ends, to be kept elsewhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from destinations_ui.audit import chain, checkpoints
from destinations_ui.audit.verification import HistoryTampered

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Print or write a checkpoint."""

    help = "Print a signed statement of which event is the last. Keep it where nobody who can change the history can."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the option."""
        parser.add_argument("--to", type=Path, metavar="FILE", help="write it to FILE, which must not exist yet")

    def handle(self, *args: Any, to: Path | None, **options: Any) -> None:
        """Print or write it, and log the last event."""
        try:
            checkpoint = checkpoints.checkpoint()
        except HistoryTampered as error:
            raise CommandError(str(error)) from error
        text = json.dumps(checkpoint, indent=2)
        if to is None:
            self.stdout.write(text)
        else:
            try:
                with to.open("x", encoding="utf-8") as file:
                    file.write(f"{text}\n")
            except OSError as error:
                raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        logger.info("%s seq=%s seal=%s at=%s", chain.HEAD, *(checkpoint[name] for name in ("seq", "seal", "at")))
