"""The demo from start to stop: prepare, serve, print the URL, and stop everything on Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from functools import partial
from urllib.error import URLError
from urllib.request import urlopen

from destinations_ui.demo.preparation import (
    BASE_DIR,
    VAR,
    DemoError,
    Ports,
    choose_ports,
    exclusive_folder,
    require_free,
    settings,
    static_files_are_current,
)
from destinations_ui.demo.supervisor import Stopped, Supervisor

MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))
#: How often unknown outcomes are checked, in seconds.
CHECK_INTERVAL = 5


def main() -> int:
    """Run the demo until it is stopped; return the exit status."""
    os.umask(0o077)  # Only this user can read the database and the sandbox's state.
    try:
        ports = choose_ports(os.environ)
        require_free(ports)
        with exclusive_folder(VAR), Supervisor() as supervisor:
            environment = settings(os.environ, ports)
            prepare(supervisor, environment)
            serve(supervisor, environment, ports)
    except DemoError as error:
        print(error, file=sys.stderr)
        return 2
    except Stopped:
        with contextlib.suppress(OSError):  # The terminal may be closed.
            print("\nStopped. Your data is kept in var/ for the next start.", flush=True)
    return 0


def prepare(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """Bring the database, the demo users and the static files up to date.

    Raises:
        DemoError: when a step fails; the step has printed why.
    """
    steps = [("migrate", "--verbosity=0"), ("demo",)]
    if not static_files_are_current():
        steps.insert(0, ("collectstatic", "--noinput", "--verbosity=0"))
    for step in steps:
        if status := supervisor.run([*MANAGE, *step], environment):
            raise DemoError(f"`manage.py {step[0]}` failed with status {status}. Its message is above.")


def serve(supervisor: Supervisor, environment: Mapping[str, str], ports: Ports) -> None:
    """Run the sandbox, the web server and the check of unknown outcomes until one of them ends.

    Raises:
        DemoError: when one of them ends by itself.
    """
    state = str(VAR / "sandbox.json")
    # Its output names a URL that is not the one to open.
    supervisor.start([*MANAGE, "sandbox", "--port", str(ports.sandbox), "--state", state], environment, quiet=True)
    gunicorn = [sys.executable, "-m", "gunicorn", "destinations_ui.wsgi", "--bind", f"127.0.0.1:{ports.web}"]
    options = ["--workers", "1", "--log-level", "warning", "--graceful-timeout", "3"]
    supervisor.start([*gunicorn, *options], environment)
    for url in (ports.sandbox_url, f"{ports.web_url}readyz"):
        supervisor.wait_until(partial(responds, url))
    supervisor.start([*MANAGE, "reconcile", f"--every={CHECK_INTERVAL}"], environment, quiet=True)
    print(welcome(ports), flush=True)
    supervisor.watch()


def responds(url: str) -> bool:
    """Return whether a GET of this URL succeeds."""
    try:
        with urlopen(url, timeout=1) as response:  # noqa: S310  # our own http URL
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def welcome(ports: Ports) -> str:
    """Return the text that tells the user where to go."""
    return f"""
  Destinations UI   {ports.web_url}
  Sign in as        operator, viewer or administrator; the password is sandbox-demo
  Sandbox           {ports.sandbox_url} shows what a real LaunchDarkly would hold
  Stop              Ctrl-C
"""
