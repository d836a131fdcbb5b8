"""Stop the demo's programs when the demo is killed, which closes the pipe to standard input.

The supervisor runs this as a script. Each line of standard input is a process group that was started, or with a
minus sign one that has ended: its id may be reused.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time


def main(grace: float) -> None:
    """Wait for the demo to end, then stop its remaining programs."""
    groups = set[int]()
    for line in sys.stdin:
        number = int(line)
        groups.add(number) if number > 0 else groups.discard(-number)
    kill(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(exists(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)  # These are not child processes, so poll.
    kill(groups, signal.SIGKILL)


def kill(groups: set[int], number: signal.Signals) -> None:
    """Send a signal to each group that still exists."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)


def exists(group: int) -> bool:
    """Return whether a process of this group exists."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]))
