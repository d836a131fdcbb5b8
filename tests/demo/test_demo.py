"""`make run`: the sandbox and the web server together, with the same data at the next start."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.postgresql import free_port
from tests.support.product import ROOT, wait_until

COMMAND: tuple[str, ...] = (sys.executable, "-m", "destinations_ui.demo")
PARTS = ("destinations_ui", "templates", "static", "manage.py", "gunicorn.conf.py", "requirements.txt", "var/static")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the project, with its static files collected and no other data."""
    for part in PARTS:
        source, target = ROOT / part, tmp_path / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(source, target)
    return tmp_path


@contextmanager
def demo(checkout: Path, port: int) -> Iterator[str]:
    """Start the demo, yield what it printed once it is ready, and stop it as Ctrl-C does."""
    foreign = {"LAUNCHDARKLY_TOKEN_FILE": "/nowhere", "DATABASE_URL": "sqlite:////nowhere/else.sqlite3"}
    environment = os.environ | foreign | {"PORT": str(port), "SANDBOX_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(  # noqa: S603  # our own command
        COMMAND,
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
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
        # A terminal signals the whole group.
        os.killpg(process.pid, signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    # Log lines can come before it.
    assert process.returncode == 0
    assert "Traceback" not in printed + rest
    assert rest.rstrip().endswith("\nStopped. Your data is kept in var/ for the next start.")


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden input."""
    return str(re.findall(rf'name="{name}" value="([\w-]+)"', page)[0])


def sign_in(url: str, session: requests.Session | None = None) -> requests.Response:
    """Sign in as the operator; return the page that follows."""
    session = session or requests.Session()
    token = hidden(session.get(f"{url}/login/", timeout=60).text, "csrfmiddlewaretoken")
    form = {"username": "operator", "password": "sandbox-demo", "csrfmiddlewaretoken": token}
    return session.post(f"{url}/login/", data=form, timeout=60)


def create(url: str, session: requests.Session, environment: str) -> requests.Response:
    """Create a destination in the project ``faults``; return the record's page."""
    form_url = f"{url}/destinations/new/google-pubsub/?project=faults&environment={environment}"
    page = session.get(form_url, timeout=60).text
    form = {
        "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"),
        "submission": hidden(page, "submission"),
        "project": "faults",
        "environment": environment,
        "name": "Lost",
        "on": "true",
        "config-project": "acme-events",
        "config-topic": "launchdarkly",
    }
    return session.post(form_url, data=form, timeout=60)


def outcomes(url: str, session: requests.Session) -> set[str]:
    """Return the outcomes in the history."""
    export = session.get(f"{url}/history/export/?format=jsonl", timeout=60)
    return {json.loads(line)["outcome"] for line in export.text.splitlines()}


def attempt(
    folder: Path, command: tuple[str, ...] = COMMAND, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Start a demo that is expected to fail."""
    environment = os.environ | {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())} | (variables or {})
    return subprocess.run(  # noqa: S603  # our own command
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def mode(path: Path) -> str:
    """Return a file's permissions."""
    return oct(path.stat().st_mode & 0o777)


def test_the_demo_prints_how_to_sign_in_and_keeps_its_data(checkout: Path) -> None:
    port = free_port()

    with demo(checkout, port) as first:
        assert f"http://127.0.0.1:{port}/" in first
        assert "sandbox-demo" in first
        page = sign_in(f"http://127.0.0.1:{port}")
        assert page.status_code == 200
        assert "Web shop" in page.text
        second = attempt(checkout)
        kept = {path.name: mode(path) for path in (checkout / "var").iterdir() if path.is_file()}
    assert second.returncode == 2
    assert second.stderr == f"Another demo is running in {checkout}. Stop it first (Ctrl-C).\n"
    assert {"demo.sqlite3", "demo.sqlite3-wal", "sandbox.json", "seal_key"} <= set(kept)
    assert set(kept.values()) == {"0o600"}
    keys = (checkout / "var" / "secret_key").read_text()

    with demo(checkout, port) as again:
        assert "Made operator" in first
        assert "Made operator" not in again
        assert sign_in(f"http://127.0.0.1:{port}").status_code == 200
    assert keys == (checkout / "var" / "secret_key").read_text()


def test_the_demo_resolves_an_unknown_outcome_without_a_page(checkout: Path) -> None:
    port, session = free_port(), requests.Session()
    url = f"http://127.0.0.1:{port}"

    with demo(checkout, port):
        sign_in(url, session)
        assert create(url, session, "drops-after-write").status_code == 200
        wait_until(lambda: outcomes(url, session) == {"succeeded"}, "the outcome to be found out")


@pytest.mark.parametrize("port", ["many", "99999", "", "0", "\u0663"])
def test_a_wrong_port_is_refused_with_an_example(port: str) -> None:
    ended = attempt(ROOT, variables={"PORT": port})

    assert ended.returncode == 2
    assert "Example: make run PORT=8080" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_port_in_use_is_reported_before_anything_is_created(checkout: Path, name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        ended = attempt(checkout, variables={name: str(taken)})

    assert ended.returncode == 2
    assert ended.stderr.startswith(
        f"Port {taken} cannot be used: Address already in use. Try another: make run {name}="
    )
    assert ended.stdout == ""
    assert [path.name for path in (checkout / "var").iterdir()] == ["static"]


def test_a_read_only_checkout_is_explained_in_one_line(checkout: Path) -> None:
    shutil.rmtree(checkout / "var")
    checkout.chmod(0o555)
    command = COMMAND
    if os.geteuid() == 0:  # Root can write everywhere.
        setpriv = shutil.which("setpriv")
        if not setpriv:
            pytest.skip("root cannot become another user here")
        for folder in checkout.parents:
            if folder.owner() == "root" and str(folder).startswith(tempfile.gettempdir() + "/"):
                folder.chmod(0o755)
        command = (setpriv, "--reuid=65534", "--clear-groups", "/usr/bin/env", "python3", *COMMAND[1:])

    ended = attempt(checkout, command=command)

    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"{checkout}/var cannot be written to: Permission denied. Copy the project to a folder of your own.\n"
    )


def test_a_failed_step_is_named_without_a_traceback(checkout: Path) -> None:
    (checkout / "var" / "demo.sqlite3").write_text("not a database, but long enough to be read as one\n" * 99)

    ended = attempt(checkout)

    assert ended.returncode == 2
    assert ended.stderr.endswith("`manage.py migrate` failed with status 1. Its message is above.\n")
    assert "Traceback" not in ended.stderr
