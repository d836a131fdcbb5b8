"""How many passwords are hashed at once: each takes a core for a third of a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: So many are hashed at once in a process, and so many more requests wait: together they never take all threads (see
#: gunicorn.conf.py).
AT_ONCE, WAITING = 2, 4
#: Seconds after which a rejected request can be tried again.
RETRY_AFTER = 5
#: The message for a password that was not changed.
BUSY = "Many people are signing in at once. Wait a few seconds, then try again."

admitted = threading.BoundedSemaphore(AT_ONCE + WAITING)
hashing = threading.BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """Too many passwords are to be hashed."""


@contextmanager
def slot() -> Iterator[None]:
    """Wait for this request's turn to hash passwords.

    Raises:
        Busy: if too many requests wait already.
    """
    if not admitted.acquire(blocking=False):
        raise Busy
    try:
        with hashing:
            yield
    finally:
        admitted.release()
