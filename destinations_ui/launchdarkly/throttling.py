"""How many requests to LaunchDarkly a process makes at once, and when LaunchDarkly is left alone.

When LaunchDarkly hangs, every request to it keeps a thread waiting. Beyond a limit, further ones are refused at once,
so that threads are left for every other page. Writes and reads have limits of their own: pages that read lists never
keep an attempt from being sent, nor the other way round.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Generic, TypeVar

from destinations_ui.launchdarkly.errors import LaunchDarklyError, Overloaded, Paused, ReadsOverloaded, Refused

logger = logging.getLogger(__name__)

#: Writes in a process: how many at once, how many may wait for their turn, and for how many seconds.
WRITE_CONCURRENCY, WRITE_QUEUE, WRITE_QUEUE_TIMEOUT = 8, 12, 3.0
#: The same for reads. Pages do without a list, so they wait less.
READ_CONCURRENCY, READ_QUEUE, READ_QUEUE_TIMEOUT = 4, 4, 1.0
#: After this many failures in a row LaunchDarkly is left alone, for this many seconds.
FAILURES, PAUSE = 5, 30.0

Outcome = TypeVar("Outcome")


class Bulkhead:
    """Limits how many threads make requests of one sort at once, and how many wait to.

    https://learn.microsoft.com/azure/architecture/patterns/bulkhead
    """

    def __init__(self, concurrency: int, queue: int, error: type[Overloaded] = Overloaded) -> None:
        self.error = error
        self._slots = threading.Semaphore(concurrency)
        self._threads = threading.Semaphore(concurrency + queue)

    @contextmanager
    def slot(self, timeout: float) -> Iterator[None]:
        """Wait for a slot, at most ``timeout`` seconds, and hold it.

        Raises:
            Overloaded: at once when too many threads wait already, or when no slot became free in time.
        """
        with self.waiting():
            if not self._slots.acquire(timeout=timeout):
                raise self.error
            try:
                yield
            finally:
                self._slots.release()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count as one of the threads that may wait, without needing a slot.

        Raises:
            Overloaded: at once when there are too many.
        """
        if not self._threads.acquire(blocking=False):
            raise self.error
        try:
            yield
        finally:
            self._threads.release()


class SingleFlight(Generic[Outcome]):
    """Lets one thread do what several want at the same time; the others wait for what it returns.

    Those who wait count as threads of the bulkhead, so there are never many.
    """

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead
        self._lock = threading.Lock()
        self._flights: dict[str, Future[Outcome]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._flights

    def run(self, key: str, call: Callable[[], Outcome], timeout: float) -> Outcome:
        """Return what ``call`` returns, or what the call under way for the same key returns.

        Raises:
            Overloaded: another thread's call took longer than ``timeout`` seconds, or too many wait for it already.
            LaunchDarklyError: from the call, in every thread.
        """
        with self._lock:
            flight = self._flights.get(key)
            if not flight:
                own = self._flights[key] = Future()
        if flight:
            with self._bulkhead.waiting():
                return self._landed(flight, timeout)
        try:
            own.set_result(call())
        except BaseException as error:  # Those who wait for this call get the same error.
            own.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._flights[key]
        return own.result()

    def _landed(self, flight: Future[Outcome], timeout: float) -> Outcome:
        try:
            return flight.result(timeout)
        except TimeoutError:
            raise self._bulkhead.error from None


class CircuitBreaker:
    """Lets no write through for a while once LaunchDarkly has failed several times in a row.

    What counts is the read with which every write begins: while that fails, nothing is sent anyway. Whatever
    LaunchDarkly decides, a refusal too, is a response and resets the count. The writes themselves do not count: each
    speaks for its own environment only, and the bulkhead keeps those that hang from taking all threads.

    When the pause is over, the read of one write is the probe, and the others are still told to wait.

    pybreaker was not taken: it holds its lock during a call, so writes would go one by one.
    """

    def __init__(
        self, failures: int = FAILURES, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._pause, self._clock = failures, pause, clock
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """Let every write through, and forget the failures so far."""
        with self._lock:
            self._failures, self._failing_since, self._paused_until = 0, datetime.now(UTC), 0.0

    def check(self) -> None:
        """Raise :class:`Paused` when no write may go on."""
        with self._lock:
            self._raise_if_paused()

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Let a write read its list, and judge LaunchDarkly by how that ends.

        Raises:
            Paused: when no write may go on.
        """
        with self._lock:
            self._raise_if_paused()
            # After enough failures, this read is the probe. Should it never end, the next pause does.
            self._paused_until = self._clock() + self._pause
        try:
            yield
        except Refused:
            self.close()
            raise
        except LaunchDarklyError:
            self._count_failure()
            raise
        self.close()

    def _raise_if_paused(self) -> None:
        seconds = math.ceil(self._paused_until - self._clock())
        if self._failures >= self._limit and seconds > 0:
            raise Paused(self._failing_since, seconds)

    def _count_failure(self) -> None:
        with self._lock:
            if not self._failures:
                self._failing_since = datetime.now(UTC)
            self._failures += 1
            self._paused_until = self._clock() + self._pause
            if self._failures == self._limit:
                logger.warning("LaunchDarkly failed %d times in a row: no write is sent for a while", self._limit)


class Limits:
    """The limits that all requests of a process share."""

    def __init__(
        self,
        *,
        writes: Bulkhead | None = None,
        reads: Bulkhead | None = None,
        breaker: CircuitBreaker | None = None,
        write_queue_timeout: float = WRITE_QUEUE_TIMEOUT,
        read_queue_timeout: float = READ_QUEUE_TIMEOUT,
    ) -> None:
        self.writes = writes or Bulkhead(WRITE_CONCURRENCY, WRITE_QUEUE)
        self.reads = reads or Bulkhead(READ_CONCURRENCY, READ_QUEUE, ReadsOverloaded)
        self.breaker = breaker or CircuitBreaker()
        self._write_queue_timeout = write_queue_timeout
        self._read_queue_timeout = read_queue_timeout

    @contextmanager
    def write(self, timeout: float) -> Iterator[None]:
        """Let a write go on that may take ``timeout`` seconds; it waits no longer than that for a slot.

        Raises:
            Overloaded: too many are under way.
            Paused: LaunchDarkly is left alone.
        """
        # Checked before the slot, so that nobody waits in vain, and again before the list is read.
        self.breaker.check()
        with self.writes.slot(min(self._write_queue_timeout, timeout)):
            yield

    @contextmanager
    def read(self, timeout: float) -> Iterator[None]:
        """Let a read go on that may take ``timeout`` seconds; it waits no longer than that for a slot.

        Raises:
            Overloaded: too many are under way.
        """
        with self.reads.slot(min(self._read_queue_timeout, timeout)):
            yield


#: Those of this process.
PROCESS = Limits()
