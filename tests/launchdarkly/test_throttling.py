"""When LaunchDarkly hangs or fails, few creations wait and the others fail fast, with nothing sent."""

from __future__ import annotations

import itertools
import logging
import runpy
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import LaunchDarkly, throttling
from destinations_ui.launchdarkly.errors import NotSent, Overloaded, Paused, ReadsOverloaded, Refused
from destinations_ui.launchdarkly.throttling import (
    FAILURES,
    PAUSE,
    READ_CONCURRENCY,
    READ_QUEUE,
    WRITE_CONCURRENCY,
    WRITE_QUEUE,
    Bulkhead,
    CircuitBreaker,
    Limits,
    SingleFlight,
)
from destinations_ui.sandbox import Drop, Fault, Hang, NotJson, RateLimited, Request, SandboxServer, Status
from tests.launchdarkly.client import create, failure
from tests.support.environment import MARKER_TOKEN
from tests.support.postgresql import free_port
from tests.support.product import ROOT

DESTINATIONS = "/api/v2/destinations"
#: Long enough for every thread of a test to start waiting, in seconds.
LONG = 30.0
NUMBERS = itertools.count()


class Clock:
    """A clock that only changes when set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The breaker's clock."""
    return Clock()


@pytest.fixture
def client(sandbox: SandboxServer, clock: Clock) -> LaunchDarkly:
    """A client with a process's limits and a long queue timeout."""
    return limited(sandbox.url, Limits(breaker=CircuitBreaker(clock=clock), write_queue_timeout=LONG))


def limited(url: str, limits: Limits, timeout: float = 20) -> LaunchDarkly:
    """Return a client with these limits."""
    return LaunchDarkly(url, Secret(MARKER_TOKEN), timeout, limits)


def fail(client: LaunchDarkly, times: int = FAILURES) -> None:
    """Fail to create a destination this many times, with a request each time."""
    for _ in range(times):
        assert not isinstance(failure(client), Paused)


def created(sandbox: SandboxServer, client: LaunchDarkly) -> int:
    """Create a destination in an environment that has none; return the status."""
    place = f"new-{next(NUMBERS)}"
    sandbox.add_environment("web-shop", place, place)
    return create(client, environment=place).status


def held(sandbox: SandboxServer, method: str) -> threading.Event:
    """Hold every such request; return the event that releases them."""
    released = threading.Event()

    def hold(request: Request) -> None:
        released.wait(LONG)

    sandbox.script(method, DESTINATIONS, hold, times=None)
    return released


# --- Writes


def test_every_process_reserves_four_threads_for_other_pages() -> None:
    assert runpy.run_path(str(ROOT / "gunicorn.conf.py"))["threads"] >= (
        WRITE_CONCURRENCY + WRITE_QUEUE + READ_CONCURRENCY + READ_QUEUE + 4
    )


def test_eight_writes_run_twelve_wait_and_the_next_is_refused(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    released = held(sandbox, "POST")
    with ThreadPoolExecutor(WRITE_CONCURRENCY + WRITE_QUEUE + 1) as people:
        begun = [people.submit(created, sandbox, client) for _ in range(WRITE_CONCURRENCY + WRITE_QUEUE + 1)]
        # No other write can end before these are released.
        [told] = wait(begun, LONG, FIRST_COMPLETED).done
        assert sandbox.wait_for("POST", times=WRITE_CONCURRENCY)
        assert (sandbox.count("GET"), sandbox.count("POST")) == (WRITE_CONCURRENCY, WRITE_CONCURRENCY)
        released.set()

    error = told.exception()
    assert isinstance(error, Overloaded)
    assert error.message.endswith("so nothing was sent. Try again in a minute.")
    assert [each.result() for each in begun if each is not told] == [201] * (WRITE_CONCURRENCY + WRITE_QUEUE)
    assert (sandbox.count("GET"), sandbox.count("POST")) == (
        WRITE_CONCURRENCY + WRITE_QUEUE,
        WRITE_CONCURRENCY + WRITE_QUEUE,
    )


def test_all_clients_of_a_process_share_its_limits(sandbox: SandboxServer) -> None:
    released = held(sandbox, "GET")
    clients = [LaunchDarkly(sandbox.url, Secret(token), 20) for token in ("api-1", "api-2")]
    with ThreadPoolExecutor(WRITE_CONCURRENCY + WRITE_QUEUE + 1) as people:
        begun = [people.submit(create, clients[number % 2]) for number in range(WRITE_CONCURRENCY + WRITE_QUEUE + 1)]
        [told] = wait(begun, LONG, FIRST_COMPLETED).done
        assert isinstance(told.exception(), Overloaded)
        assert sandbox.count("GET") <= WRITE_CONCURRENCY
        released.set()


def test_a_write_that_waits_too_long_is_not_sent(sandbox: SandboxServer) -> None:
    released = held(sandbox, "POST")
    client = limited(sandbox.url, Limits(writes=Bulkhead(1, WRITE_QUEUE), write_queue_timeout=0.05))
    with ThreadPoolExecutor(1) as people:
        first = people.submit(created, sandbox, client)
        assert sandbox.wait_for("POST")
        assert type(failure(client)) is Overloaded
        released.set()
        assert first.result(LONG) == 201
    assert created(sandbox, client) == 201
    assert sandbox.count("POST") == 2


def test_a_write_never_waits_longer_than_its_timeout(sandbox: SandboxServer) -> None:
    released = held(sandbox, "POST")
    writes = Bulkhead(1, WRITE_QUEUE)
    with ThreadPoolExecutor(1) as people:
        first = people.submit(create, limited(sandbox.url, Limits(writes=writes)))
        assert sandbox.wait_for("POST")
        assert (
            type(failure(limited(sandbox.url, Limits(writes=writes, write_queue_timeout=1e6), timeout=0.05)))
            is Overloaded
        )
        released.set()
        assert first.result(LONG).status == 201


def test_the_deadline_of_a_write_starts_with_its_slot(sandbox: SandboxServer) -> None:
    # The first write wastes a second. The other waits for it, then needs more than the remaining second.
    client = limited(sandbox.url, Limits(writes=Bulkhead(1, WRITE_QUEUE)), timeout=2)
    sandbox.script("GET", DESTINATIONS, Hang())
    sandbox.script("POST", DESTINATIONS, Hang(1.3))
    with ThreadPoolExecutor(1) as people:
        first = people.submit(failure, client)
        assert sandbox.wait_for("GET")
        assert created(sandbox, client) == 201
        assert type(first.result(LONG)) is NotSent


def test_an_internal_error_frees_the_slot(sandbox: SandboxServer) -> None:
    client = limited(sandbox.url, Limits(writes=Bulkhead(1, 0)))
    for _ in range(FAILURES):
        with pytest.raises(TypeError):
            client.create_destination(
                "web-shop", "staging", kind="kinesis", name="Clicks", on=True, config={"region": object()}
            )
    assert created(sandbox, client) == 201


# --- The breaker


@pytest.mark.parametrize("fault", [Status(503), Status(302), NotJson(), Drop(), Hang()])
def test_five_failed_lists_open_the_breaker(sandbox: SandboxServer, fault: Fault) -> None:
    client = limited(sandbox.url, Limits(), timeout=0.3)
    sandbox.script("GET", DESTINATIONS, fault, times=None)
    fail(client)
    asked = len(sandbox.requests)
    assert type(failure(client)) is Paused
    assert len(sandbox.requests) == asked
    assert sandbox.count("POST") == 0


def test_five_refused_connections_open_the_breaker() -> None:
    client = limited(f"http://127.0.0.1:{free_port()}", Limits(), timeout=0.3)
    fail(client)
    assert type(failure(client)) is Paused


def test_a_pause_reports_its_start_and_duration(
    sandbox: SandboxServer, client: LaunchDarkly, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.script("GET", DESTINATIONS, Status(302), times=None)
    began = datetime.now(UTC)
    with caplog.at_level(logging.WARNING):
        fail(client)
    times = {f"{time:%H:%M}" for time in (began, datetime.now(UTC))}
    clock.now += 12.5
    assert failure(client).message in {
        f"LaunchDarkly has not responded since {time} UTC, so nothing was sent. Try again in 18 seconds."
        for time in times
    }
    assert caplog.text.count("failed 5 times in a row") == 1


def test_a_pause_names_the_time_of_the_first_failure(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    times = (datetime(2026, 1, 1, 12, minute, tzinfo=UTC) for minute in range(9))
    monkeypatch.setattr(throttling, "datetime", SimpleNamespace(now=lambda zone: next(times)))
    breaker = CircuitBreaker(failures=3, clock=clock)
    for _ in range(3):
        with suppress(NotSent), breaker.track():
            raise NotSent("No.")
    with pytest.raises(Paused, match="since 12:01 UTC"):
        breaker.check()


@pytest.mark.parametrize("decision", [Status(401), Status(403), RateLimited(60), Status(200, {"items": []})])
def test_a_refusal_resets_the_count_of_failures(sandbox: SandboxServer, client: LaunchDarkly, decision: Fault) -> None:
    for _ in range(2):
        sandbox.script("GET", DESTINATIONS, Status(302), times=FAILURES - 1)
        fail(client, FAILURES - 1)
        sandbox.script("GET", DESTINATIONS, decision)
        with suppress(Refused):
            created(sandbox, client)
    assert created(sandbox, client) == 201


@pytest.mark.parametrize("fault", [Status(409), Status(500), Drop(), NotJson()])
def test_failed_posts_do_not_open_the_breaker(sandbox: SandboxServer, client: LaunchDarkly, fault: Fault) -> None:
    sandbox.script("POST", DESTINATIONS, fault, times=2 * FAILURES)
    fail(client, 2 * FAILURES)
    assert created(sandbox, client) == 201


def test_pages_read_lists_during_a_pause(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(302), times=FAILURES)
    fail(client)
    assert client.destinations()
    assert client.projects()
    assert type(failure(client)) is Paused


def test_a_failed_probe_sends_nothing_and_extends_the_pause(
    sandbox: SandboxServer, client: LaunchDarkly, clock: Clock
) -> None:
    sandbox.script("GET", DESTINATIONS, Status(302), times=None)
    fail(client)
    for _ in range(3):
        clock.now += PAUSE
        asked = sandbox.count("GET")
        assert type(failure(client)) is NotSent
        clock.now += PAUSE - 1
        assert failure(client).message.endswith("Try again in 1 seconds.")
        assert sandbox.count("GET") == asked + 1
        clock.now -= PAUSE - 1
    assert sandbox.count("POST") == 0


def test_a_successful_probe_ends_the_pause(sandbox: SandboxServer, client: LaunchDarkly, clock: Clock) -> None:
    sandbox.script("GET", DESTINATIONS, Status(302), times=FAILURES)
    fail(client)
    clock.now += PAUSE
    assert [created(sandbox, client) for _ in range(3)] == [201] * 3
    sandbox.script("GET", DESTINATIONS, Status(302), times=FAILURES - 1)
    fail(client, FAILURES - 1)
    assert created(sandbox, client) == 201


def test_other_writes_are_paused_during_a_probe(sandbox: SandboxServer, client: LaunchDarkly, clock: Clock) -> None:
    sandbox.script("GET", DESTINATIONS, Status(302), times=FAILURES)
    fail(client)
    clock.now += PAUSE
    sent, asked = sandbox.count("POST"), sandbox.count("GET")
    released = held(sandbox, "GET")
    with ThreadPoolExecutor(1) as people:
        probe = people.submit(created, sandbox, client)
        assert sandbox.wait_for("GET", times=asked + 1)
        assert type(failure(client)) is Paused
        released.set()
        assert probe.result(LONG) == 201
    assert created(sandbox, client) == 201
    assert sandbox.count("POST") == sent + 2


def test_writes_queued_while_the_breaker_opens_read_nothing(sandbox: SandboxServer, clock: Clock) -> None:
    client = limited(
        sandbox.url,
        Limits(writes=Bulkhead(FAILURES, WRITE_QUEUE), breaker=CircuitBreaker(clock=clock), write_queue_timeout=LONG),
    )
    released = threading.Event()

    def break_down(request: Request) -> Fault:
        released.wait(LONG)
        return Status(302)

    sandbox.script("GET", DESTINATIONS, break_down, times=None)
    with ThreadPoolExecutor(FAILURES + WRITE_QUEUE) as people:
        begun = [people.submit(failure, client) for _ in range(FAILURES + WRITE_QUEUE)]
        assert sandbox.wait_for("GET", times=FAILURES)
        released.set()
        errors = [type(each.result(LONG)) for each in begun]
    # A slot that is free before the fifth failure is still used.
    assert Paused in errors
    assert sandbox.count("GET") < len(begun)
    assert errors.count(Paused) + sandbox.count("GET") == len(begun)


# --- Reads


def test_four_reads_run_four_wait_and_the_next_is_refused(sandbox: SandboxServer) -> None:
    released = held(sandbox, "GET")
    client = limited(sandbox.url, Limits(read_queue_timeout=LONG))
    with ThreadPoolExecutor(READ_CONCURRENCY + READ_QUEUE + 1) as users:
        begun = [users.submit(client.destinations) for _ in range(READ_CONCURRENCY + READ_QUEUE + 1)]
        [refused] = wait(begun, LONG, FIRST_COMPLETED).done
        assert isinstance(refused.exception(), ReadsOverloaded)
        assert sandbox.wait_for("GET", times=READ_CONCURRENCY)
        assert sandbox.count("GET") == READ_CONCURRENCY
        released.set()
    assert all(each.result() for each in begun if each is not refused)


READS: dict[str, Callable[[LaunchDarkly], object]] = {
    "destinations": lambda client: client.destinations(),
    "projects": lambda client: client.projects(),
    "environments": lambda client: client.environments("web-shop"),
    "trust policy": lambda client: client.trust_policy("web-shop", "staging"),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_every_call_except_a_write_takes_a_read_slot(
    sandbox: SandboxServer, read: Callable[[LaunchDarkly], object]
) -> None:
    reads = Bulkhead(1, 0, ReadsOverloaded)
    client = limited(sandbox.url, Limits(reads=reads))
    with reads.slot(0), pytest.raises(ReadsOverloaded):
        read(client)
    assert sandbox.requests == []
    read(client)


def test_hanging_reads_do_not_block_writes(sandbox: SandboxServer) -> None:
    reads = Bulkhead(1, 0)
    with reads.slot(0):
        assert created(sandbox, limited(sandbox.url, Limits(reads=reads))) == 201


def test_a_reads_deadline_includes_its_time_in_the_queue(sandbox: SandboxServer) -> None:
    reads = Bulkhead(1, 1, ReadsOverloaded)
    with reads.slot(0), pytest.raises(ReadsOverloaded):
        limited(sandbox.url, Limits(reads=reads, read_queue_timeout=LONG)).destinations(timeout=0.01)


# --- One call for many threads


def test_simultaneous_calls_for_one_key_run_once(sandbox: SandboxServer) -> None:
    flights: SingleFlight[object] = SingleFlight(Bulkhead(1, 7))
    client, released = limited(sandbox.url, Limits()), held(sandbox, "GET")
    with ThreadPoolExecutor(10) as users:
        first = users.submit(flights.run, "list", client.destinations, LONG)
        assert sandbox.wait_for("GET")
        others = [users.submit(flights.run, "list", client.destinations, LONG) for _ in range(9)]
        [refused] = wait(others, LONG, FIRST_COMPLETED).done
        released.set()
        results = [each.result(LONG) for each in others if each is not refused]
    assert isinstance(refused.exception(), Overloaded)
    assert all(result is first.result() for result in results)
    assert sandbox.count("GET") == 1
    assert flights.run("list", client.destinations, LONG) is not first.result()


def test_a_failed_call_fails_for_every_waiting_thread() -> None:
    flights: SingleFlight[int] = SingleFlight(Bulkhead(1, 1))
    waiting = threading.Event()

    def fail() -> int:
        waiting.wait(LONG)
        raise NotSent("No.")

    with ThreadPoolExecutor(2) as users:
        first = users.submit(flights.run, "list", fail, LONG)
        second = users.submit(flights.run, "list", fail, LONG)
        waiting.set()
        assert type(first.exception(LONG)) is type(second.exception(LONG)) is NotSent
    assert "list" not in flights


def test_waiting_for_another_threads_call_times_out() -> None:
    flights: SingleFlight[int] = SingleFlight(Bulkhead(1, 1))
    begun, released = threading.Event(), threading.Event()

    def hang() -> int:
        begun.set()
        return int(released.wait(LONG))

    with ThreadPoolExecutor(1) as users:
        first = users.submit(flights.run, "list", hang, LONG)
        assert begun.wait(LONG)
        with pytest.raises(Overloaded):
            flights.run("list", hang, 0.01)
        assert flights.run("another", lambda: 7, LONG) == 7
        released.set()
        assert first.result(LONG) == 1
