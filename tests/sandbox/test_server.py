"""The HTTP server: connections, limits, what it records, how it starts and stops."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
import time
from contextlib import closing

import pytest

from destinations_ui.sandbox import Fault, Hang, Request, SandboxServer, Status
from tests.sandbox.client import TOKEN, connect, create, send, send_on, send_raw

DESTINATIONS = "/api/v2/destinations"


def test_requests_share_a_connection(sandbox: SandboxServer) -> None:
    with closing(connect(sandbox)) as connection:
        assert send_on(connection, "GET", DESTINATIONS).status == 200
        body = {"kind": "segment", "config": {"writeKey": "x"}}
        assert send_on(connection, "POST", f"{DESTINATIONS}/web-shop/test", body).status == 201
        assert send_on(connection, "GET", "/api/v2/nothing").status == 404
        assert send_on(connection, "GET", f"{DESTINATIONS}").status == 200
    send(sandbox, "GET", DESTINATIONS)
    assert [request.connection for request in sandbox.requests] == [1, 1, 1, 1, 2]


def test_a_reused_connection_responds_without_delay(sandbox: SandboxServer) -> None:
    with closing(connect(sandbox)) as connection:
        begin = time.perf_counter()
        for _ in range(50):
            send_on(connection, "GET", "/api/v2/versions")
        assert time.perf_counter() - begin < 1


def test_requests_can_be_pipelined(sandbox: SandboxServer) -> None:
    one = f"GET /api/v2/versions HTTP/1.1\r\nAuthorization: {TOKEN}\r\n\r\n".encode()
    assert send_raw(sandbox, one * 3).count(b"HTTP/1.1 200 OK") == 3


def test_a_connection_is_closed_on_request(sandbox: SandboxServer) -> None:
    received = send_raw(sandbox, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", end=False)
    assert b"\r\nConnection: close\r\n" in received


def test_everything_about_a_request_is_recorded(sandbox: SandboxServer) -> None:
    send(sandbox, "POST", f"{DESTINATIONS}/a%2Fb/c?x=1&y=%20", {"on": True}, X_Extra="yes")
    [request] = sandbox.requests
    assert (request.method, request.path, request.query) == ("POST", f"{DESTINATIONS}/a%2Fb/c", "x=1&y=%20")
    assert json.loads(request.body) == {"on": True}
    assert request.headers["x-extra"] == "yes"
    assert request.headers["authorization"] == TOKEN


def test_requests_are_counted_by_method_and_path_prefix(sandbox: SandboxServer) -> None:
    create(sandbox)
    send(sandbox, "GET", DESTINATIONS)
    assert sandbox.count("POST", DESTINATIONS) == 1
    assert sandbox.count("POST", "/api/v2/projects") == 0
    assert sandbox.count("GET") == 1


def test_waiting_for_a_request_times_out(sandbox: SandboxServer) -> None:
    assert not sandbox.wait_for("POST", timeout=0.001)


def test_recording_bodies_and_tokens_can_be_disabled() -> None:
    with SandboxServer(record_bodies=False) as sandbox:
        create(sandbox)
        [request] = sandbox.requests
    assert request.body == b""
    assert "authorization" not in request.headers
    assert "content-length" in request.headers


def test_reset_restores_the_seeded_account(sandbox: SandboxServer) -> None:
    before = send(sandbox, "GET", "/api/v2/projects?expand=environments").body
    create(sandbox)
    sandbox.add_project("extra", "Extra")
    sandbox.add_environment("web-shop", "extra", "Extra", critical=True)
    sandbox.script("GET", "/", Status(500), times=None)
    sandbox.reset()
    assert sandbox.requests == []
    assert [item["name"] for item in sandbox.destinations()] == ["Development events"]
    assert send(sandbox, "GET", "/api/v2/projects?expand=environments").body == before


def test_stopping_is_immediate_with_open_connections() -> None:
    sandbox = SandboxServer().start()
    sandbox.script("GET", "/settings", Hang(60))
    with closing(connect(sandbox)) as idle, closing(connect(sandbox)) as waiting:
        send_on(idle, "GET", "/api/v2/versions")
        waiting.request("GET", "/settings/integrations")
        assert sandbox.wait_for("GET", times=2)
        begin = time.perf_counter()
        sandbox.stop()
        assert time.perf_counter() - begin < 0.5
        sandbox.stop()
        with pytest.raises(ConnectionError):
            send_on(idle, "GET", "/api/v2/versions")
        with pytest.raises(ConnectionRefusedError):
            send(sandbox, "GET", "/api/v2/versions")


def test_a_sandbox_that_never_started_can_be_stopped() -> None:
    sandbox = SandboxServer()
    assert sandbox.url.startswith("http://127.0.0.1:")
    sandbox.stop()


def test_a_taken_port_is_an_error(sandbox: SandboxServer) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        SandboxServer(port=port)


def test_many_simultaneous_connections_all_get_a_response(sandbox: SandboxServer) -> None:
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(send(sandbox, "GET", DESTINATIONS).status)) for _ in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 60


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: five\r\n\r\n12345", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n12345", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n12345", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n12345", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", 404),
        (b"GET /api/v2/projects/%FF HTTP/1.1\r\nAuthorization: api-\xff\r\n\r\n", 404),
        (b"GET http://[x/ HTTP/1.1\r\n\r\n", 404),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    ],
)
def test_bad_input_gets_an_error_body(
    sandbox: SandboxServer,
    request_bytes: bytes,
    status: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        head, _, body = send_raw(sandbox, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(body).keys() == {"code", "message", "id"}
    assert caplog.records == []
    assert "Traceback" not in "".join(capfd.readouterr())
    assert send(sandbox, "GET", DESTINATIONS).status == 200


def test_a_body_that_is_too_large_is_refused_with_a_response(sandbox: SandboxServer) -> None:
    reply = create(sandbox, name="x" * 3_000_000)
    assert reply.status == 413
    assert len(sandbox.destinations()) == 1


def test_an_error_of_the_sandbox_is_logged_without_the_request(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("marker-secret")

    monkeypatch.setattr(sandbox.state, "add_destination", fail)
    assert create(sandbox).status == 500
    assert [record.getMessage() for record in caplog.records] == ["The sandbox failed with RuntimeError."]
    assert "marker-secret" not in caplog.text


def test_a_failing_script_closes_the_connection_and_logs_one_line(
    sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    def step(request: Request) -> Fault | None:
        raise ValueError("marker-secret")

    sandbox.script("GET", "/", step)
    with pytest.raises(http.client.RemoteDisconnected):
        send(sandbox, "GET", "/")
    assert caplog.messages == ["A connection of the sandbox failed with ValueError."]


def test_a_client_can_expect_100_continue(sandbox: SandboxServer) -> None:
    head = f"POST {DESTINATIONS}/web-shop/test HTTP/1.1\r\nAuthorization: {TOKEN}\r\nExpect: 100-continue\r\n"
    received = send_raw(sandbox, f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ")


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_server_can_listen_on_ipv6() -> None:
    try:
        sandbox = SandboxServer("::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        assert send(sandbox, "GET", "/").status == 200
