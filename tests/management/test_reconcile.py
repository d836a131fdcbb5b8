"""``manage.py reconcile --every``, as a service runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.product import ROOT


def test_repeated_checks_survive_a_failure_and_stop_quietly(tmp_path: Path) -> None:
    # There is no such database, so each check fails.
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.support.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
    }
    command = [sys.executable, "manage.py", "reconcile", "--every", "1"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  # ours
        try:
            assert process.stderr
            assert ["unable to open database file" in process.stderr.readline() for _ in range(2)] == [True, True]
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            errors = process.communicate(timeout=20)[1]
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in errors
