"""What prevents a command is explained in a sentence, without a traceback and without a secret."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.postgresql import free_port
from tests.support.product import ROOT

PASSWORD = "marker-of-the-database-password"


def migrate(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py migrate``."""
    return subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "manage.py", "migrate", *options],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("url", [f"postgresql://app:{PASSWORD}@127.0.0.1:{{port}}/x", "sqlite:////nowhere/x.sqlite3"])
def test_a_database_that_cannot_be_reached_is_named(url: str) -> None:
    ended = migrate(DATABASE_URL=url.format(port=free_port()))

    assert ended.returncode == 1
    assert ended.stderr.startswith("The database that DATABASE_URL names cannot be used: ")
    assert "Traceback" not in ended.stderr
    assert PASSWORD not in ended.stderr + ended.stdout


def test_a_missing_setting_is_named() -> None:
    ended = migrate(SEAL_KEY="")

    assert ended.returncode == 1
    assert "SEAL_KEY is missing" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_traceback_can_be_asked_for() -> None:
    assert "Traceback" in migrate("--traceback", DATABASE_URL="sqlite:////nowhere/x.sqlite3").stderr
