"""Files with secrets that other users can read are reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from destinations_ui.conf import file_permissions


@pytest.fixture
def env_file(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an environment file in the project's folder."""
    settings.BASE_DIR = tmp_path
    monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": "django.db.backends.postgresql", "NAME": "x"})
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=x\n")
    return path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_reported(env_file: Path, mode: int) -> None:
    env_file.chmod(mode)

    [warning] = file_permissions.check()

    assert warning.hint == f"Run: chmod 600 {env_file}"


def test_a_private_file_is_not_reported(env_file: Path) -> None:
    env_file.chmod(0o600)

    assert file_permissions.check() == []


def test_the_sqlite_file_is_checked_too(
    env_file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env_file.chmod(0o600)
    database = tmp_path / "db.sqlite3"
    database.touch(0o644)
    database.chmod(0o644)
    sqlite = {"ENGINE": "destinations_ui.conf.sqlite3", "NAME": str(database)}
    monkeypatch.setitem(settings.DATABASES, "default", sqlite)

    assert [str(database) in warning.msg for warning in file_permissions.check()] == [True]
