"""``manage.py sandbox``: run the stand-in for LaunchDarkly until Ctrl-C."""

from __future__ import annotations

import signal
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from destinations_ui.sandbox import SandboxServer, StateFileError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def port_number(text: str) -> int:
    """Return the port a text names; 0 is any free one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


class Command(BaseCommand):
    """Run the sandbox."""

    help = "Run a stand-in for LaunchDarkly’s API on this machine. It accepts any token that begins with api-."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the port, the host and the state file."""
        parser.add_argument("--port", type=port_number, default=9000, help="the port (9000)")
        parser.add_argument("--host", default="127.0.0.1", help="the address (127.0.0.1)")
        parser.add_argument("--state", type=Path, metavar="FILE", help="keep destinations in FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM."""
        # Held back and waited for: a signal that comes while the sandbox stops must not print a traceback.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        # A shell starts background jobs with SIGINT ignored, and an ignored signal cannot be waited for.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with self._server(**options) as sandbox:
            self.stdout.write(f"The sandbox is at {sandbox.url}. Ctrl-C ends it.")
            self.stdout.flush()
            signal.sigwait(STOP_SIGNALS)
        self.stdout.write("The sandbox has stopped.")

    def _server(self, *, host: str, port: int, state: Path | None, **_: Any) -> SandboxServer:
        try:
            return SandboxServer(host, port, state, record_bodies=False)
        except StateFileError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{host} port {port} cannot be used: {error.strerror}.") from error
