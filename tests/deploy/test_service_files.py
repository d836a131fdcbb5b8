"""The systemd unit, the crontab and the container file: parsed by the real tools, naming what exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.support.product import ROOT

DEPLOY = ROOT / "deploy"
INSTALLED = "/opt/destinations-ui"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    unit = tmp_path / "destinations-ui.service"
    text = (DEPLOY / unit.name).read_text()
    # The unit names a program of the deployment; the one of this machine stands in for it.
    unit.write_text(text.replace(f"{INSTALLED}/.venv/bin/gunicorn", str(shutil.which("true"))))

    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, check=False)  # noqa: S603  # ours

    assert (done.returncode, done.stderr) == (0, "")


def test_every_line_of_the_crontab_runs_a_command_that_exists() -> None:
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if line and line[0] in "*0123456789"]
    assert len(lines) >= 5
    for line in lines:
        match = re.fullmatch(r"((?:[\d*/,-]+ +){5})(\S.*)", line)
        assert match, line
        python, manage, command, *_ = shlex.split(match[2])
        assert (python, manage) == ("$PYTHON", "$MANAGE")
        assert command in get_commands(), command
        # cron ends the command at a bare percent sign.
        assert not re.search(r"(?<!\\)%", line), line


@pytest.mark.parametrize("name", ["crontab", "destinations-ui.service"])
def test_files_name_one_place_of_installation(name: str) -> None:
    assert f"{INSTALLED}/.venv/bin/" in (DEPLOY / name).read_text()


def test_the_container_copies_what_exists() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
