"""Find out what became of attempts whose answer was lost; made for cron, safe to run twice at once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from destinations_ui.audit.models import Outcome
from destinations_ui.destinations import reconcile as reconciliation
from destinations_ui.destinations.reconcile import ReconcileResult
from destinations_ui.launchdarkly.errors import LaunchDarklyError


class Command(BaseCommand):
    """Look at LaunchDarkly once, and settle every attempt that this makes certain."""

    help = "Find out what became of attempts whose answer was lost, by reading LaunchDarkly's list."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the one option."""
        parser.add_argument(
            "--unrecorded",
            action="store_true",
            help="also list the destinations at LaunchDarkly that no record claims",
        )

    def handle(self, *args: Any, unrecorded: bool, **options: Any) -> None:
        """Settle what can be settled and say what came of each."""
        records = [reconciliation.settle_interrupted(record) for record in reconciliation.unresolved()]
        if not (records or unrecorded):
            self.stdout.write("Every attempt is settled.")
            return
        try:
            seen = reconciliation.snapshot()
        except LaunchDarklyError as error:
            raise CommandError(f"LaunchDarkly could not be read, so nothing changed: {error.message}") from error
        for record in records:
            if record.outcome == Outcome.UNKNOWN:
                look = reconciliation.conclude(record, seen)
                self.stdout.write(f"{record.uuid} {look.record.outcome}{waiting(look)}")
        if unrecorded:
            for item in reconciliation.unrecorded(seen):
                place = f"{item.project}/{item.environment}"
                self.stdout.write(f"unrecorded {item.id} {item.kind} {place} {item.name!r}")


def waiting(look: ReconcileResult) -> str:
    """Return what is still missing to settle an attempt."""
    if look.candidates:
        return f": a person has to decide between {', '.join(item.id for item in look.candidates)}"
    if look.record.outcome == Outcome.UNKNOWN and look.certain_at:
        return f": nothing found, certain at a further look after {look.certain_at:%Y-%m-%d %H:%M:%S} UTC"
    return ""
