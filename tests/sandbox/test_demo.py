"""What `make run` starts: the sandbox and the web server together, and the same data the next time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.postgresql import free_port
from tests.support.product import ROOT

PARTS = ("destinations_ui", "templates", "static", "manage.py", "gunicorn.conf.py", "requirements.txt", "var/static")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project, with static files collected and nothing else kept."""
    for part in PARTS:
        source, target = ROOT / part, tmp_path / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(source, target)
    return tmp_path


@contextmanager
def tried_out(checkout: Path, port: int) -> Iterator[str]:
    """Start it, yield what it printed once it is ready, and stop it as Ctrl-C does."""
    foreign = {"LAUNCHDARKLY_TOKEN_FILE": "/nowhere", "DATABASE_URL": "sqlite:////nowhere/else.sqlite3"}
    environment = os.environ | foreign | {"PORT": str(port), "SANDBOX_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "destinations_ui.sandbox.demo"]
    process = subprocess.Popen(  # noqa: S603  # our own command
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    printed = ""
    assert process.stdout
    try:
        for line in process.stdout:
            printed += line
            if "Ctrl-C" in line and "Stop" in line:
                break
        assert process.poll() is None, printed
        yield printed
    finally:
        process.send_signal(signal.SIGINT)
        printed += process.communicate(timeout=30)[0]
    assert process.returncode == 0, printed


def sign_in(address: str) -> requests.Response:
    """Sign in as the operator; return the page that follows."""
    session = requests.Session()
    page = session.get(f"{address}/login/", timeout=10).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    form = {"username": "operator", "password": "sandbox-demo", "csrfmiddlewaretoken": token}
    return session.post(f"{address}/login/", data=form, timeout=10)


def test_the_try_out_starts_prints_the_way_in_and_keeps_its_keys_and_people(checkout: Path) -> None:
    port = free_port()

    with tried_out(checkout, port) as first:
        assert f"http://127.0.0.1:{port}/" in first
        assert "sandbox-demo" in first
        page = sign_in(f"http://127.0.0.1:{port}")
        assert page.status_code == 200
        assert "Web shop" in page.text
    keys = (checkout / "var" / "secret_key").read_text()
    assert oct((checkout / "var" / "secret_key").stat().st_mode & 0o777) == "0o600"

    with tried_out(checkout, port) as second:
        assert "Made operator" in first
        assert "Made operator" not in second
        assert sign_in(f"http://127.0.0.1:{port}").status_code == 200
    assert keys == (checkout / "var" / "secret_key").read_text()


@pytest.mark.parametrize("port", ["many", "99999", ""])
def test_a_port_that_is_none_is_said_in_a_sentence(port: str) -> None:
    environment = os.environ | {"PORT": port}
    done = subprocess.run(  # our own command
        [sys.executable, "-m", "destinations_ui.sandbox.demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 2
    assert "Example: make run PORT=8080" in done.stderr
