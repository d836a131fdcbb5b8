"""Limit a process's concurrent requests to LaunchDarkly, and pause writes when LaunchDarkly fails.

When LaunchDarkly hangs, every request to it blocks a thread. Beyond a limit, requests fail immediately, so that threads
remain for other pages. Writes and reads have separate limits, so that neither blocks the other.
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

#: Writes of a process: concurrency limit, queue size, queue timeout (s).
WRITE_CONCURRENCY, WRITE_QUEUE, WRITE_QUEUE_TIMEOUT = 8, 12, 3.0
#: The same for reads. Pages work without a list, so they wait less.
READ_CONCURRENCY, READ_QUEUE, READ_QUEUE_TIMEOUT = 4, 4, 1.0
#: After this many consecutive failures, pause writes for this many seconds.
FAILURES, PAUSE = 5, 30.0

Outcome = TypeVar("Outcome")


class Bulkhead:
    """Limits the threads that make one sort of request at the same time, and the threads that wait.

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
            Overloaded: too many threads are waiting, or no slot became free in time.
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
        """Count this thread as waiting, without a slot.

        Raises:
            Overloaded: too many threads are waiting.
        """
        if not self._threads.acquire(blocking=False):
            raise self.error
        try:
            yield
        finally:
            self._threads.release()


class SingleFlight(Generic[Outcome]):
    """Makes simultaneous calls for the same key once; the other threads wait for the result.

    Waiting threads count towards the bulkhead's limit.
    """

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead
        self._lock = threading.Lock()
        self._flights: dict[str, Future[Outcome]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._flights

    def run(self, key: str, call: Callable[[], Outcome], timeout: float) -> Outcome:
        """Return the result of ``call``, or of the running call for the same key.

        Raises:
            Overloaded: another thread's call took longer than ``timeout`` seconds, or too many threads are waiting.
            LaunchDarklyError: from the call, in every thread.
        """
        with self._lock:
            flight = self._flights.get(key)
            if not flight:
                own = self._flights[key] = Future()
        if flight:
            with self._bulkhead.waiting():
                return self._result(flight, timeout)
        try:
            own.set_result(call())
        except BaseException as error:  # Waiting threads raise the same error.
            own.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._flights[key]
        return own.result()

    def _result(self, flight: Future[Outcome], timeout: float) -> Outcome:
        try:
            return flight.result(timeout)
        except TimeoutError:
            raise self._bulkhead.error from None


class CircuitBreaker:
    """Pauses all writes after several consecutive failures of LaunchDarkly.

    It counts failures of the read that precedes every write: while that fails, nothing is sent anyway. Any response,
    including a refusal, resets the count. The writes themselves do not count: each concerns only its own environment,
    and the bulkhead limits the threads that hang.

    After the pause, the read of one write is the probe, and other writes stay paused until it ends.

    pybreaker is not used: it holds its lock during a call, so writes would run one by one.
    """

    def __init__(
        self, failures: int = FAILURES, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._pause, self._clock = failures, pause, clock
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """Allow writes and reset the count of failures."""
        with self._lock:
            self._failures, self._failing_since, self._paused_until = 0, datetime.now(UTC), 0.0

    def check(self) -> None:
        """Raise :class:`Paused` while writes are paused."""
        with self._lock:
            self._raise_if_paused()

    @contextmanager
    def track(self) -> Iterator[None]:
        """Count the outcome of the read that precedes a write.

        Raises:
            Paused: writes are paused.
        """
        with self._lock:
            self._raise_if_paused()
            # After enough failures, this read is the probe. If it never ends, the next pause still does.
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
        """Hold a slot for a write; wait for it at most ``timeout`` seconds.

        Raises:
            Overloaded: too many requests are in progress.
            Paused: writes are paused.
        """
        # Checked before waiting for a slot, and again before the list is read.
        self.breaker.check()
        with self.writes.slot(min(self._write_queue_timeout, timeout)):
            yield

    @contextmanager
    def read(self, timeout: float) -> Iterator[None]:
        """Hold a slot for a read; wait for it at most ``timeout`` seconds.

        Raises:
            Overloaded: too many requests are in progress.
        """
        with self.reads.slot(min(self._read_queue_timeout, timeout)):
            yield


#: The limits of this process.
PROCESS = Limits()
