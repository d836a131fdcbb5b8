"""A limit on exports at once: each keeps a thread for as long as its client takes to read."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from typing import Final

#: Exports at once in a process: of one user, and of all.
PER_USER: Final = 2
IN_ALL: Final = 4


class ExportSlots:
    """The exports that are running, by user."""

    def __init__(self) -> None:
        # Reentrant: a stream may be forgotten, and so free its slot, in the middle of taking one.
        self.lock = threading.RLock()
        self.running: Counter[int] = Counter()

    def take(self, user_id: int) -> bool:
        """Take a slot for a user; return ``False`` where none is free."""
        with self.lock:
            if self.running[user_id] >= PER_USER or self.running.total() >= IN_ALL:
                return False
            self.running[user_id] += 1
            return True

    def free(self, user_id: int) -> None:
        """Free a user's slot."""
        with self.lock:
            self.running[user_id] -= 1


SLOTS = ExportSlots()


class ExportStream:
    """The lines of an export. Closed or garbage collected, it frees the slot that was taken for it."""

    def __init__(self, lines: Iterator[str], user_id: int) -> None:
        self.lines = lines
        self.close = weakref.finalize(self, SLOTS.free, user_id)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self.lines)
