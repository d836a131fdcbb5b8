"""One deadline covers all requests of a creation, whatever the server does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from destinations_ui.launchdarkly.errors import LaunchDarklyError, NoResponse, NotSent
from destinations_ui.sandbox import Drip, Fault, Hang, Interim, SandboxServer
from tests.launchdarkly.client import connected, failure
from tests.launchdarkly.servers import (
    CERTIFICATE,
    EMPTY_LIST,
    ScriptedServer,
    SilentServer,
    TLSServer,
    read_request,
)

#: The timeout of a creation and the delay of a response, in seconds.
SECONDS, GRACE = 1.0, 0.5

DELAYS: dict[str, Fault] = {
    "silence": Hang(),
    "headers that drip": Drip("headers", 0.02),
    "a body that drips": Drip("body", 0.02),
    "100 Continue without end": Interim(100, times=None),
    "103 Early Hints without end": Interim(103, times=None),
    "interim answers as fast as they go": Interim(100, times=None, pause=0),
}


def timed(call: Callable[[], LaunchDarklyError]) -> LaunchDarklyError:
    """Return a creation's error, which must be raised before the deadline."""
    began = time.monotonic()
    error = call()
    assert time.monotonic() - began < SECONDS + GRACE
    return error


def drip(sock: socket.socket, data: bytes) -> None:
    """Send byte after byte, slowly, until the client closes the connection."""
    pause = threading.Event()
    for byte in data:
        sock.sendall(bytes([byte]))
        pause.wait(0.02)


def delayed(method: str, delay: Fault) -> tuple[type[LaunchDarklyError], str, int]:
    """Create in a new sandbox that delays its responses; return the error, its message and the number of posts."""
    with SandboxServer() as sandbox:
        sandbox.script(method, "/", delay, times=None)
        error = timed(lambda: failure(connected(sandbox.url, SECONDS)))
        return type(error), error.message, sandbox.count("POST")


def test_a_delayed_list_means_not_sent() -> None:
    with ThreadPoolExecutor(len(DELAYS)) as threads:
        results = list(threads.map(lambda delay: delayed("GET", delay), DELAYS.values()))
    assert [(branch, posts) for branch, _, posts in results] == [(NotSent, 0)] * len(DELAYS)


def test_a_delayed_response_leaves_the_outcome_unknown() -> None:
    with ThreadPoolExecutor(len(DELAYS)) as threads:
        results = list(threads.map(lambda delay: delayed("POST", delay), DELAYS.values()))
    assert [(branch, posts) for branch, _, posts in results] == [(NoResponse, 1)] * len(DELAYS)
    assert all("did not respond in time" in message for _, message, _ in results)


def test_a_server_that_never_responds_means_not_sent() -> None:
    with SilentServer() as server:
        error = timed(lambda: failure(connected(server.url, SECONDS)))
        assert server.visited
    assert type(error) is NotSent


def test_a_tls_handshake_without_a_response_means_not_sent() -> None:
    with SilentServer() as server:
        url = server.url.replace("http:", "https:")
        error = timed(lambda: failure(connected(url, SECONDS)))
        assert server.visited
    assert type(error) is NotSent
    assert "connecting took too long" in error.message


def test_a_slow_tls_handshake_means_not_sent() -> None:
    def behave(sock: socket.socket) -> None:
        sock.recv(65536)
        drip(sock, b"\x16\x03\x03\x40\x00" + b"\0" * 600)  # The beginning of a record of 16 kB.

    with ScriptedServer(behave) as server:
        url = server.url.replace("http:", "https:")
        error = timed(lambda: failure(connected(url, SECONDS)))
    assert type(error) is NotSent


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 201 Created\r\nX: " + b"x" * 600], ids=["silence", "drips"])
def test_a_delay_over_tls_leaves_the_outcome_unknown(monkeypatch: pytest.MonkeyPatch, response: bytes) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))

    def behave(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(EMPTY_LIST)
        read_request(sock)
        drip(sock, response)
        sock.recv(1)  # Until the client closes the connection.

    with TLSServer(behave) as server:
        error = timed(lambda: failure(connected(server.url, SECONDS)))
    assert type(error) is NoResponse


def test_the_list_has_half_of_the_time_and_the_post_the_rest() -> None:
    def create(steps: dict[str, Fault]) -> tuple[type[LaunchDarklyError], float]:
        with SandboxServer() as sandbox:
            for method, step in steps.items():
                sandbox.script(method, "/", step)
            began = time.monotonic()
            error = failure(connected(sandbox.url, 2 * SECONDS))
            return type(error), time.monotonic() - began

    with ThreadPoolExecutor(2) as threads:
        never = threads.submit(create, {"GET": Hang()})
        late = threads.submit(create, {"GET": Hang(0.8 * SECONDS), "POST": Hang()})
    assert never.result()[0] is NotSent
    assert never.result()[1] < SECONDS + GRACE
    assert late.result()[0] is NoResponse
    assert late.result()[1] < 2 * SECONDS + GRACE


def test_a_server_that_reads_slowly_leaves_the_outcome_unknown() -> None:
    over = threading.Event()

    def behave(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(EMPTY_LIST)
        over.wait(30)

    with ScriptedServer(behave) as server:
        client = connected(server.url, SECONDS)
        large = {"publicKey": "x" * 20_000_000}
        began = time.monotonic()
        with pytest.raises(NoResponse):
            client.create_destination("web-shop", "test", kind="kinesis", name="Clicks", on=True, config=large)
        assert time.monotonic() - began < SECONDS + GRACE
        over.set()


def test_a_resolver_that_never_responds_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = threading.Event(), threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        asked.set()
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        error = timed(lambda: failure(connected("http://launchdarkly.example:80", SECONDS)))
    finally:
        over.set()
    assert asked.is_set()
    assert type(error) is NotSent
    assert "connecting took too long" in error.message


@pytest.mark.parametrize("seconds", [0.05, 0.001])
def test_a_deadline_that_is_too_short_sends_nothing(sandbox: SandboxServer, seconds: float) -> None:
    sandbox.script("GET", "/", Hang(), times=None)
    assert type(timed(lambda: failure(connected(sandbox.url, seconds)))) is NotSent
    assert sandbox.count("POST") == 0


def test_a_read_has_its_own_deadline(sandbox: SandboxServer) -> None:
    sandbox.script("GET", "/", Drip("body", 0.02), times=None)
    began = time.monotonic()
    with pytest.raises(NoResponse):
        connected(sandbox.url, timeout=60).projects(timeout=0.3)
    assert time.monotonic() - began < 0.3 + GRACE


def test_a_connection_that_timed_out_is_not_reused(sandbox: SandboxServer) -> None:
    client = connected(sandbox.url, SECONDS)
    sandbox.script("GET", "/", Hang())
    with pytest.raises(NoResponse):
        client.destinations(timeout=0.2)
    assert len(client.destinations()) == 1
    hung, answered = sandbox.requests
    assert hung.connection != answered.connection
