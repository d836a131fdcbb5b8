"""All tests: on PostgreSQL where there is one, then on SQLite with a browser. What is missing is said, not passed over.

With ``CI=true`` a missing PostgreSQL or Chromium is a failure. Further arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support import chromium, postgresql

CI = os.environ.get("CI", "").lower() == "true"


def main(arguments: list[str]) -> int:
    """Run pytest once for each database; return the exit status."""
    programs = postgresql.find()
    given = os.environ.get("TEST_POSTGRESQL_URL", "")
    if given:
        status = run(given, ["-m", "not browser", *arguments])
    elif programs:
        with postgresql.server(programs) as url:
            status = run(url, ["-m", "not browser", *arguments])
    else:
        status = missing("PostgreSQL")
    if not chromium.find():
        status = missing("Chromium") or status
    if status:
        return status
    return run("", arguments)


def run(database_url: str, arguments: list[str]) -> int:
    """Run pytest on one database; an empty address means SQLite."""
    print(f"\n=== Tests on {'PostgreSQL' if database_url else 'SQLite'}", flush=True)
    environment = os.environ | ({"DATABASE_URL": database_url} if database_url else {})
    if not database_url:
        environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # our own tests


def missing(what: str) -> int:
    """Say that something is missing; return the exit status that this means."""
    print(f"\n!!! {what} WAS NOT FOUND, so the tests that need it {'FAIL' if CI else 'ARE SKIPPED'}.", flush=True)
    return 1 if CI else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
