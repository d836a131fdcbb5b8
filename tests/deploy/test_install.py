"""The installation behind `make run` and `make test`, where something is missing or half made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.product import ROOT

SCRIPT = ROOT / "scripts" / "install.py"


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """A requirements file that asks for nothing."""
    path = tmp_path / "requirements.txt"
    path.write_text("# nothing\n")
    return path


def install(venv: Path, requirements: Path, prelude: str = "pass") -> subprocess.CompletedProcess[str]:
    """Run the installation, after changes to its Python."""
    run = f"sys.argv[1:] = sys.argv[2:]; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    code = f"import runpy, sys; {prelude}; {run}"
    return subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-c", code, "install.py", str(venv), str(requirements)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_half_made_environment_is_made_anew(tmp_path: Path, nothing: Path) -> None:
    venv = tmp_path / "venv"
    made = [sys.executable, "-m", "venv", "--without-pip", str(venv)]  # As Debian leaves it without python3-venv.
    subprocess.run(made, check=True)  # noqa: S603  # our own command

    first = install(venv, nothing)
    assert first.returncode == 0, first.stderr
    has_pip = [str(venv / "bin" / "python"), "-m", "pip", "--version"]
    assert subprocess.run(has_pip, capture_output=True, check=False).returncode == 0  # noqa: S603  # our own command

    (venv / "mark").touch()
    assert install(venv, nothing).returncode == 0
    assert (venv / "mark").exists()


def test_a_missing_venv_module_is_named_with_its_package(tmp_path: Path, nothing: Path) -> None:
    done = install(tmp_path / "venv", nothing, "sys.modules['ensurepip'] = None")

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "sudo apt-get install python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_an_old_python_is_refused_with_an_example(tmp_path: Path, nothing: Path) -> None:
    done = install(tmp_path / "venv", nothing, "sys.version_info = (3, 9, 2)")

    assert (done.returncode, done.stderr) == (
        2,
        "Python 3.11 or newer is needed. Example: make run PYTHON=python3.12\n",
    )


def test_a_folder_that_cannot_be_written_to_is_explained(tmp_path: Path, nothing: Path) -> None:
    (tmp_path / "file").touch()

    done = install(tmp_path / "file" / "venv", nothing)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Copy the project to a folder of your own." in done.stderr
