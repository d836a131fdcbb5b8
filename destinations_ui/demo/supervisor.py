"""Run programs so that none of them outlives this process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType

from destinations_ui.demo.preparation import BASE_DIR, DemoError

WATCHER = Path(__file__).with_name("watcher.py")
#: Time for a program to end by itself, in seconds.
GRACE = 8
#: How often programs and the stop signal are checked, in seconds.
INTERVAL = 0.05


class Stopped(Exception):
    """The user asked the demo to stop."""


class Supervisor:
    """A context manager that ends every program it started.

    Each program has its own session, so that Ctrl-C in the terminal reaches only this process, which then sends each
    program one SIGTERM. A watcher stops them when this process is killed.
    """

    def __init__(self) -> None:
        self._programs: list[subprocess.Popen[bytes]] = []
        # A plain flag: the code that the signal interrupts may hold an Event's lock.
        self._stopping = False

    def __enter__(self) -> Supervisor:
        # Set even for SIGINT: a shell starts background jobs with it ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # Deliberately ignored under nohup.
            signal.signal(signal.SIGHUP, self._stop)
        watcher = [sys.executable, "-I", str(WATCHER), str(GRACE)]
        self._watcher = subprocess.Popen(watcher, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  # ours
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for program in self._programs:
            program.terminate()
        deadline = time.monotonic() + GRACE
        for program in self._programs:
            try:
                program.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()
        self._watcher.kill()
        self._watcher.wait()

    def start(self, command: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False) -> None:
        """Start a program that runs until the demo stops."""
        self._start(command, environment, quiet=quiet)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a program to completion; return its exit status.

        Raises:
            Stopped: when the user stops the demo first.
        """
        program = self._start(command, environment)
        while program.poll() is None:
            self._pause()
        self._programs.remove(program)
        self._tell_watcher(-program.pid)
        return program.returncode

    def watch(self) -> None:
        """Wait until the user stops the demo, or a program ends; raise what :meth:`wait_until` raises."""
        self.wait_until(lambda: False)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until something is ready.

        Raises:
            Stopped: when the user stops the demo first.
            DemoError: when a program ends first.
        """
        while not ready():
            self._pause()
            for program in self._programs:
                if program.poll() is not None:
                    raise DemoError(f"A server ended with status {program.returncode}. Its message is above.")

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False
    ) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(  # noqa: S603  # our own commands
            command,
            env=dict(environment),
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            start_new_session=True,
        )
        self._programs.append(program)
        self._tell_watcher(program.pid)
        return program

    def _tell_watcher(self, number: int) -> None:
        assert self._watcher.stdin  # noqa: S101  # for mypy: it is a pipe
        self._watcher.stdin.write(f"{number}\n".encode())
        self._watcher.stdin.flush()

    def _pause(self) -> None:
        if self._stopping:
            raise Stopped
        time.sleep(INTERVAL)  # Popen can only wait for one program.

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
