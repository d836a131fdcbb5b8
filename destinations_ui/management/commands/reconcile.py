"""``manage.py reconcile``: find out what became of attempts whose response was lost."""

from __future__ import annotations

import signal
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from destinations_ui.audit.models import Outcome
from destinations_ui.destinations import reconcile as reconciliation
from destinations_ui.destinations.inventory import live_destinations
from destinations_ui.destinations.reconcile import ReconcileResult
from destinations_ui.launchdarkly.errors import LaunchDarklyError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interval(text: str) -> int:
    """Return the number of seconds that a text names."""
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 5 and int(text)):
        raise ArgumentTypeError("an interval is a number of seconds from 1 to 99999")
    return int(text)


class Command(BaseCommand):
    """Read LaunchDarkly's list once, and settle every attempt whose outcome it makes certain."""

    help = (
        "Find out what became of attempts whose response was lost, by reading LaunchDarkly’s list. Run it from cron, "
        "or with --every as a service; any number can run at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--unrecorded",
            action="store_true",
            help="also list the destinations at LaunchDarkly that no record claims",
        )
        parser.add_argument("--every", type=interval, metavar="SECONDS", help="check again and again, until Ctrl-C")

    def handle(self, *args: Any, unrecorded: bool, every: int | None, **options: Any) -> None:
        """Check once, or at an interval."""
        if every:
            self._repeat(every, unrecorded=unrecorded)
        else:
            self._check(unrecorded=unrecorded)

    def _repeat(self, seconds: int, *, unrecorded: bool) -> None:
        # Held back and waited for, so that a check in progress is finished first.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        # A shell starts background jobs with SIGINT ignored, and an ignored signal cannot be waited for.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stopped = False
        while not stopped:
            try:
                self._check(unrecorded=unrecorded)
            except (CommandError, DatabaseError) as error:
                self.stderr.write(str(error))
            self.stdout.flush()
            # A connection that the database has closed would fail every further check.
            connections.close_all()
            stopped = signal.sigtimedwait(STOP_SIGNALS, seconds) is not None

    def _check(self, *, unrecorded: bool) -> None:
        records = [reconciliation.settle_interrupted(record) for record in reconciliation.unresolved()]
        if not (records or unrecorded):
            self.stdout.write("Every attempt is settled.")
            return
        try:
            live = live_destinations()
        except LaunchDarklyError as error:
            raise CommandError(f"LaunchDarkly could not be read, so nothing changed: {error.message}") from error
        for record in records:
            if record.outcome == Outcome.UNKNOWN:
                result = reconciliation.conclude(record, live)
                self.stdout.write(printable(f"{record.uuid} {result.record.outcome}{next_step(result)}"))
        if unrecorded:
            for item in reconciliation.unrecorded(live):
                place = f"{item.project}/{item.environment}"
                self.stdout.write(printable(f"unrecorded {item.id} {item.kind} {place} {item.name!r}"))


def next_step(result: ReconcileResult) -> str:
    """Return what is still missing to settle an attempt."""
    if result.candidates:
        return f": an operator has to decide between {', '.join(item.id for item in result.candidates)}"
    if result.record.outcome == Outcome.UNKNOWN and result.certain_at:
        return f": nothing found, certain at a further lookup after {result.certain_at:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def printable(line: str) -> str:
    """Return a line with every character escaped that a terminal could take for a command."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
