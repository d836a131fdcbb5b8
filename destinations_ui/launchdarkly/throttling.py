"""How many creations of one process may be under way, and when LaunchDarkly is left alone.

When LaunchDarkly hangs, every creation keeps a thread waiting. Here the ones that are too many are told at once that
nothing was sent, so that threads are left for every other page, and few attempts end as unknown.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from destinations_ui.launchdarkly.errors import LaunchDarklyError, Overloaded, Paused, Refused

logger = logging.getLogger(__name__)

#: So many creations of a process go on at once, and so many more may wait for their turn, for so many seconds.
AT_ONCE, WAITING, PATIENCE = 8, 12, 3.0
#: After so many failures in a row LaunchDarkly is left alone, for so many seconds.
FAILURES, PAUSE = 5, 30.0


class Bulkhead:
    """Lets a few creations go on at once, and a few more wait."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._turns = threading.Semaphore(at_once)
        self._places = threading.Semaphore(at_once + waiting)

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Wait for a turn, at most ``patience`` seconds, and have it.

        Raises:
            Overloaded: at once when too many wait already, or when the turn did not come in time.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded
        try:
            if not self._turns.acquire(timeout=patience):
                raise Overloaded
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


class CircuitBreaker:
    """Lets no creation through for a while once LaunchDarkly has failed several times in a row.

    What counts is the look at the list with which every creation begins: while that fails, nothing is sent anyway.
    Whatever LaunchDarkly decides is an answer, a refusal too, and ends the row. Posts do not count: each speaks for
    its own environment only, and the bound on what is under way keeps those that hang from taking all threads.

    When the pause is over, the look of one creation is the probe, and the others are still told to wait.

    pybreaker was not taken: it holds its lock while a call lasts, so creations would go one by one.
    """

    def __init__(
        self, failures: int = FAILURES, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._pause, self._clock = failures, pause, clock
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """Let every creation through, and forget the failures so far."""
        with self._lock:
            self._failures, self._since, self._until = 0, datetime.now(UTC), 0.0

    def check(self) -> None:
        """Do nothing when a creation may go on.

        Raises:
            Paused: when none may.
        """
        with self._lock:
            self._refuse_in_a_pause()

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Let a creation look at the list, and judge LaunchDarkly by how that ends.

        Raises:
            Paused: when none may.
        """
        with self._lock:
            self._refuse_in_a_pause()
            # With failures behind us, this one is the probe. Should it never come to an end, the next pause does.
            self._until = self._clock() + self._pause
        try:
            yield
        except Refused:
            self.close()
            raise
        except LaunchDarklyError:
            self._fail()
            raise
        self.close()

    def _refuse_in_a_pause(self) -> None:
        seconds = math.ceil(self._until - self._clock())
        if self._failures >= self._limit and seconds > 0:
            raise Paused(self._since, seconds)

    def _fail(self) -> None:
        with self._lock:
            if not self._failures:
                self._since = datetime.now(UTC)
            self._failures += 1
            self._until = self._clock() + self._pause
            if self._failures == self._limit:
                logger.warning("LaunchDarkly failed %d times in a row: no creation is sent for a while", self._limit)


class Limits:
    """Both limits of a process, as a creation meets them."""

    def __init__(self, turns: Bulkhead, breaker: CircuitBreaker, patience: float = PATIENCE) -> None:
        self.turns = turns
        self.breaker = breaker
        self._patience = patience

    @contextmanager
    def creation(self, timeout: float) -> Iterator[None]:
        """Let a creation go on that may take ``timeout`` seconds; it waits no longer than that for its turn.

        Raises:
            Overloaded: too many are under way.
            Paused: LaunchDarkly is left alone.
        """
        # Asked before the turn, so that nobody waits in vain, and again with the look.
        self.breaker.check()
        with self.turns.turn(min(self._patience, timeout)):
            yield


#: Those of this process.
PROCESS = Limits(Bulkhead(), CircuitBreaker())
