"""``make lint``: the checks that read the settings, which are set as for a deployment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import environment

DEPLOYED = environment.DEFAULTS | {
    "HTTPS_ONLY": "true",
    "LAUNCHDARKLY_URL": "https://app.launchdarkly.com",
    "SECRET_KEY": "hS7#kfQ2pLm9!vXw4Zr8&tNb3Yc6@dJg1Ke5Ua0^Rq2Wz8Lp4Vn6",
}
CHECKS = (
    ("manage.py", "collectstatic", "--noinput", "--verbosity=0"),
    ("-m", "mypy", "."),
    ("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
    ("manage.py", "makemigrations", "--check", "--dry-run"),
)


def main() -> int:
    """Run the checks; return the exit status."""
    # The tests allow themselves what a deployment must not.
    variables = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"} | DEPLOYED
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "database.sqlite3"
        database.touch(0o600)
        variables["DATABASE_URL"] = f"sqlite:///{database}"
        for check in CHECKS:
            command = [sys.executable, *check]
            status |= subprocess.run(command, env=variables, check=False).returncode  # noqa: S603  # our own command
    return status


if __name__ == "__main__":
    sys.exit(main())
