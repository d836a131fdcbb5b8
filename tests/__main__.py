"""Run all tests on every core: on PostgreSQL what uses the database, on SQLite everything, with a browser.

Browser and PostgreSQL tests are skipped where Chromium or PostgreSQL is missing; with ``CI=true`` that is a failure.
Further arguments go to pytest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from types import FrameType

import pytest

from tests.support import chromium, postgresql

CI = os.environ.get("CI", "").lower() == "true"
#: A database makes no difference to these, so they run once, on SQLite.
WITHOUT_DATABASE = (
    "tests/audit/test_storage.py",
    "tests/conf",
    "tests/demo",
    "tests/deploy",
    "tests/destinations/forms",
    "tests/destinations/test_snippets.py",
    "tests/destinations/views/test_guards.py",
    "tests/destinations/views/test_kind_spec.py",
    "tests/destinations/views/test_possible_secrets.py",
    "tests/destinations/views/test_prefill.py",
    "tests/destinations/views/test_preview.py",
    "tests/destinations/views/test_project_list.py",
    "tests/destinations/views/test_redraw.py",
    "tests/destinations/views/test_setup_guide.py",
    "tests/history/test_chart.py",
    "tests/history/test_forms.py",
    "tests/history/test_rows.py",
    "tests/kinds",
    "tests/launchdarkly",
    "tests/sandbox",
    "tests/test_docs.py",
    "tests/test_wording.py",
    "tests/web/test_deployed.py",
    "tests/web/test_errors.py",
    "tests/web/test_every_url.py",
    "tests/web/test_headers.py",
    "tests/web/test_static_files.py",
    "tests/web/test_time_zones.py",
    "tests/web/test_transfer_sizes.py",
)
#: One more than there are cores: many tests wait for a server or a browser.
WORKERS = (os.cpu_count() or 1) + 1


def main(arguments: list[str]) -> int:
    """Run pytest once for each database; return the exit status."""
    signal.signal(signal.SIGTERM, interrupt)
    on_postgresql = ["-m", "not browser", *(f"--ignore={path}" for path in WITHOUT_DATABASE), *arguments]
    programs = postgresql.find()
    given = os.environ.get("TEST_POSTGRESQL_URL", "")
    if given:
        status = run(given, on_postgresql)
    elif programs:
        with postgresql.server(programs) as url:
            status = run(url, on_postgresql)
    else:
        status = missing("PostgreSQL")
    if not chromium.find():
        status = missing("Chromium") or status
    return run("", arguments) or status


def run(database_url: str, arguments: list[str]) -> int:
    """Run pytest on one database; an empty URL means SQLite."""
    print(f"\n=== Tests on {'PostgreSQL' if database_url else 'SQLite'}", flush=True)
    environment = os.environ | ({"DATABASE_URL": database_url} if database_url else {})
    if not database_url:
        environment.pop("DATABASE_URL", None)
    # The tests start hundreds of processes, which need not each compile the product.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [*contained(), sys.executable, "-m", "pytest", f"-n{WORKERS}", "--dist=worksteal", *arguments]
    began = time.monotonic()
    # A process group of its own, to be interrupted as one: pytest then ends the servers that it started.
    with subprocess.Popen(command, env=environment, process_group=0) as tests:  # noqa: S603  # our own tests
        try:
            status = tests.wait()
        except KeyboardInterrupt:
            os.killpg(tests.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                tests.wait(timeout=20)
            tests.kill()
            raise SystemExit(130) from None
    print(f"=== {time.monotonic() - began:.0f} seconds", flush=True)
    return 0 if status == pytest.ExitCode.NO_TESTS_COLLECTED else status


def contained() -> list[str]:
    """Return a command that ends every process and mount of the tests with them, where this is permitted."""
    command = ["unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"]
    permitted = os.geteuid() == 0 and shutil.which("unshare")
    return command if permitted and subprocess.run([*command, "true"], check=False).returncode == 0 else []  # noqa: S603


def missing(what: str) -> int:
    """Report that something is missing; return the exit status that this means."""
    print(f"\n!!! {what} WAS NOT FOUND, so the tests that need it {'FAIL' if CI else 'ARE SKIPPED'}.", flush=True)
    return 1 if CI else 0


def interrupt(number: int, frame: FrameType | None) -> None:
    """Treat a request to end like Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
