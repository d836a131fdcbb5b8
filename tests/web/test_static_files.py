"""Static files of another release: the process says so at start, and `check --deploy` finds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from destinations_ui.web import static_files
from tests.support.deployment import DEPLOYED
from tests.support.product import ROOT


@pytest.fixture
def collected(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the collected files, to be changed."""
    copy = tmp_path / "static"
    shutil.copytree(settings.STATIC_ROOT, copy)
    monkeypatch.setattr(staticfiles_storage, "location", str(copy), raising=False)
    return copy


def test_current_files_are_no_problem(collected: Path) -> None:
    assert static_files.check() == []
    static_files.require_current()


@pytest.mark.parametrize("change", ["missing", "other content", "other size"])
def test_a_file_of_another_release_is_named(collected: Path, change: str) -> None:
    file = collected / "css" / "base.css"
    old = file.read_bytes()
    file.unlink()
    if change != "missing":
        file.write_bytes(bytes(len(old)) if change == "other content" else b"")

    [error] = static_files.check()

    assert error.msg == "A static file is missing or outdated in STATIC_ROOT, such as css/base.css."
    with pytest.raises(ImproperlyConfigured, match=r"Run: python manage\.py collectstatic --noinput"):
        static_files.require_current()


def test_a_missing_hashed_copy_is_found(collected: Path) -> None:
    (collected / static_files.hashed_files()["css/base.css"]).unlink()

    assert [error.msg for error in static_files.check()] != []


def test_a_file_that_is_new_in_this_release_is_found(collected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(static_files.hashed_files(), "css/base.css")

    assert [error.msg for error in static_files.check()] != []


def test_with_debug_nothing_needs_collecting(collected: Path, settings: Settings) -> None:
    settings.DEBUG = True
    shutil.rmtree(collected)

    assert static_files.check() == []


CODE = "from destinations_ui import settings; from pathlib import Path; settings.STATIC_ROOT = Path({root!r}); "


@pytest.mark.parametrize(
    "command",
    ["import destinations_ui.wsgi", "from django.core.management import call_command as c; c('check', deploy=True)"],
)
def test_a_process_without_collected_files_says_what_to_run(tmp_path: Path, command: str) -> None:
    code = CODE.format(root=str(tmp_path)) + "import django; django.setup(); " + command
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | DEPLOYED | {"DJANGO_SETTINGS_MODULE": "destinations_ui.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode != 0
    assert "static files are missing or outdated" in done.stderr
    assert "python manage.py collectstatic" in done.stderr
