"""Programs under the supervisor end with it: on Ctrl-C, when the terminal closes, and when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.product import ROOT, wait_until

#: Two programs that print when they are ready; with an argument, the second one ignores SIGTERM.
SCRIPT = """
import os, sys
from destinations_ui.demo import supervisor
if "stubborn" in sys.argv:
    supervisor.GRACE = 0.2
program = [sys.executable, "-S", "-c",
    "import os, signal, sys\\n"
    "if sys.argv[1:]: signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
    "os.write(1, b'ready %d\\\\n' % os.getpid())\\n"
    "while True: signal.pause()"]
try:
    with supervisor.Supervisor() as running:
        running.start(program, os.environ)
        running.start(program + sys.argv[1:], os.environ)
        running.watch()
except supervisor.Stopped:
    print("stopped", flush=True)
"""


@contextmanager
def supervised(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start the supervisor in a process group of its own; yield it with its programs' ids."""
    process = subprocess.Popen(  # noqa: S603  # our own code
        [sys.executable, "-S", "-c", SCRIPT, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        programs = [int(process.stdout.readline().removeprefix("ready ")) for _ in range(2)]
        yield process, programs
    finally:
        process.kill()
        process.communicate()


def running(pids: list[int]) -> list[int]:
    """Return the processes that have not ended."""
    return [pid for pid in pids if _state(pid) not in {"", "Z"}]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_ctrl_c_ends_every_program_in_forty_runs() -> None:
    for _ in range(40):
        with supervised() as (process, programs):
            os.killpg(process.pid, signal.SIGINT)
            output, _ = process.communicate(timeout=60)

        assert (process.returncode, output) == (0, "stopped\n")
        assert running(programs) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_stop_signals_end_every_program(number: signal.Signals) -> None:
    with supervised() as (process, programs):
        os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=60)

    assert (process.returncode, output) == (0, "stopped\n")
    assert running(programs) == []


def test_a_second_ctrl_c_while_stopping_changes_nothing() -> None:
    with supervised("stubborn") as (process, programs):
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert (process.returncode, output) == (0, "stopped\n")
    assert running(programs) == []


def test_a_program_that_ignores_the_request_is_killed() -> None:
    with supervised("stubborn") as (process, programs):
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)

    assert running(programs) == []


@pytest.mark.parametrize("arguments", [(), ("stubborn",)])
def test_a_killed_supervisor_leaves_no_program_behind(arguments: tuple[str, ...]) -> None:
    with supervised(*arguments) as (process, programs):
        process.kill()
        process.wait(timeout=60)

        wait_until(lambda: running(programs) == [], "the programs to end")
