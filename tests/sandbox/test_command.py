"""``python manage.py sandbox`` from start to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from destinations_ui.sandbox import SandboxServer

ROOT = Path(__file__).resolve().parents[2]
#: The command needs settings to start, but none of their values.
ENVIRONMENT = {
    "SECRET_KEY": "k" * 64,
    "FINGERPRINT_KEY": "f" * 64,
    "LAUNCHDARKLY_TOKEN": "api-sandbox",
    "ALLOWED_HOSTS": "localhost",
} | os.environ
COMMAND = (sys.executable, "manage.py", "sandbox")
OPTIONS: dict[str, Any] = {
    "cwd": ROOT,
    "env": ENVIRONMENT,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.PIPE,
    "text": True,
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_url_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "state.json"
    with subprocess.Popen([*COMMAND, "--port", "0", "--state", str(state)], **OPTIONS) as process:  # noqa: S603  # ours
        try:
            assert process.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            with urllib.request.urlopen(found[0], timeout=5) as page:  # noqa: S310  # our own URL
                assert b"stand-in for LaunchDarkly" in page.read()
            process.send_signal(number)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, output, errors) == (0, "The sandbox has stopped.\n", "")
    assert len(json.loads(state.read_text())["destinations"]) == 1


def test_further_stop_signals_print_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen([*COMMAND, "--port", "0"], **OPTIONS) as process:  # noqa: S603  # ours
            assert process.stdout
            process.stdout.readline()
            while process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=10)
        assert (process.returncode, output, errors) == (0, "The sandbox has stopped.\n", "")


def test_a_failed_start_is_reported_in_one_sentence(tmp_path: Path, sandbox: SandboxServer) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    port = sandbox.url.rpartition(":")[2]
    cases = {
        "is not a state file": ("--port", "0", "--state", str(broken)),
        f"127.0.0.1 port {port} cannot be used": ("--port", port),
        "cannot be used": ("--port", "0", "--host", "no such host"),
        "a port is a number": ("--port", "70000"),
    }

    def run(arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *arguments], timeout=60, check=False, **OPTIONS)  # noqa: S603  # ours

    with ThreadPoolExecutor() as pool:
        ended = pool.map(run, cases.values())
        for sentence, process in zip(cases, ended, strict=True):
            assert process.returncode != 0
            assert sentence in process.stderr
            assert "Traceback" not in process.stderr
            assert process.stdout == ""
