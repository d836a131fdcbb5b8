"""The project ``faults`` and scripted faults, over a real connection."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from destinations_ui.sandbox import (
    Drip,
    Drop,
    Fault,
    Hang,
    Interim,
    NotJson,
    RateLimited,
    Raw,
    Request,
    Reset,
    SandboxServer,
    Status,
)
from destinations_ui.sandbox.faults import faulty_environments
from destinations_ui.sandbox.messages import now_ms
from tests.sandbox.client import KINESIS, TOKEN, connect, create, send, send_on, send_raw

DESTINATIONS = "/api/v2/destinations"


def written(sandbox: SandboxServer) -> bool:
    """Whether there is more than the seeded destination."""
    return len(sandbox.destinations()) > 1


@pytest.mark.parametrize(
    ("environment", "status", "code"),
    [
        ("unauthorized", 401, "unauthorized"),
        ("forbidden", 403, "forbidden"),
        ("conflict", 409, "optimistic_locking_error"),
        ("rate-limited", 429, "rate_limited"),
        ("server-error", 500, "service_unavailable"),
    ],
)
def test_each_faulty_environment_refuses_writes_with_its_status(
    sandbox: SandboxServer, environment: str, status: int, code: str
) -> None:
    reply = create(sandbox, f"faults/{environment}")
    assert (reply.status, reply.json["code"]) == (status, code)
    assert not written(sandbox)


def test_forbidden_says_that_approval_is_required(sandbox: SandboxServer) -> None:
    assert create(sandbox, "faults/forbidden").json == {"code": "forbidden", "message": "approval is required"}


def test_rate_limited_resets_at_a_time_in_milliseconds(sandbox: SandboxServer) -> None:
    headers = create(sandbox, "faults/rate-limited").headers
    assert 4_000 < int(headers["x-ratelimit-reset"]) - now_ms() <= 5_000
    assert headers["x-ratelimit-route-remaining"] == "0"
    assert "retry-after" not in headers


def test_a_bad_gateway_responds_with_html(sandbox: SandboxServer) -> None:
    reply = create(sandbox, "faults/bad-gateway-html")
    assert reply.status == 502
    assert reply.headers["content-type"].startswith("text/html")
    assert b"<html>" in reply.body
    assert not written(sandbox)


def test_not_json_writes_and_responds_with_invalid_json(sandbox: SandboxServer) -> None:
    reply = create(sandbox, "faults/not-json")
    assert reply.status == 201
    with pytest.raises(ValueError, match="Expecting value"):
        reply.json  # noqa: B018  # reading it is what fails
    assert written(sandbox)
    assert create(sandbox, "faults/not-json").json["code"] == "key_exists"


def test_slow_waits_then_writes() -> None:
    with SandboxServer(slow_seconds=0.01) as sandbox:
        assert create(sandbox, "faults/slow").status == 201
        assert written(sandbox)


def test_drops_after_write_writes_and_never_responds(sandbox: SandboxServer) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        create(sandbox, "faults/drops-after-write")
    assert written(sandbox)


def test_drops_after_write_responds_when_nothing_was_written(sandbox: SandboxServer) -> None:
    sandbox.add_destination("faults", "drops-after-write")
    with closing(connect(sandbox)) as connection:
        body = {"kind": "kinesis", "config": KINESIS}
        assert send_on(connection, "POST", f"{DESTINATIONS}/faults/drops-after-write", body).status == 409
        assert connection.sock is None


def test_drops_before_read_resets_and_writes_nothing(sandbox: SandboxServer) -> None:
    with pytest.raises(ConnectionResetError) as caught:
        create(sandbox, "faults/drops-before-read")
    assert type(caught.value) is ConnectionResetError
    assert not written(sandbox)
    assert sandbox.requests[0].body == b""


def test_reads_of_the_faulty_project_work_normally(sandbox: SandboxServer) -> None:
    items = send(sandbox, "GET", "/api/v2/projects/faults/environments").json["items"]
    assert [item["key"] for item in items] == [item.key for item in faulty_environments()]
    assert all(len(item["name"]) > len(item["key"]) for item in items)
    assert all(item["tags"] for item in items)
    id_ = sandbox.add_destination("faults", "conflict")
    path = f"{DESTINATIONS}/faults/conflict/{id_}"
    assert send(sandbox, "GET", path).status == 200
    assert [send(sandbox, method, path, []).status for method in ("PATCH", "DELETE")] == [409, 409]


@pytest.mark.parametrize(("token", "status"), [("api-readonly", 403), ("sdk-1", 401)])
def test_a_token_is_checked_before_an_environment_misbehaves(sandbox: SandboxServer, token: str, status: int) -> None:
    assert send(sandbox, "POST", f"{DESTINATIONS}/faults/conflict", {}, token=token).status == status


def test_a_script_applies_to_the_given_number_of_requests(sandbox: SandboxServer) -> None:
    sandbox.script("GET", DESTINATIONS, Status(500), times=2)
    sandbox.script("GET", DESTINATIONS, Status(503))
    statuses = [send(sandbox, "GET", DESTINATIONS).status for _ in range(4)]
    assert statuses == [500, 500, 503, 200]
    sandbox.script("GET", "/api/v2/projects", RateLimited(1), times=None)
    assert [send(sandbox, "GET", "/api/v2/projects/web-shop").status for _ in range(3)] == [429] * 3
    assert create(sandbox).status == 201


def test_a_function_chooses_the_fault_and_sees_the_request(sandbox: SandboxServer) -> None:
    seen: list[bytes] = []

    def step(request: Request) -> Fault | None:
        seen.append(request.body)
        sandbox.add_destination("web-shop", "staging", name="Somebody was faster")
        return None

    sandbox.script("POST", DESTINATIONS, step)
    assert create(sandbox).status == 409
    assert b"cat-stream" in seen[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_status_can_redirect(sandbox: SandboxServer, status: int) -> None:
    sandbox.script("POST", DESTINATIONS, Status(status, headers={"Location": f"{sandbox.url}/elsewhere"}))
    reply = create(sandbox)
    assert (reply.status, reply.headers["location"]) == (status, f"{sandbox.url}/elsewhere")
    assert not written(sandbox)


def test_a_status_can_have_any_body(sandbox: SandboxServer) -> None:
    sandbox.script("GET", DESTINATIONS, Status(200, "x" * 300_000))
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": [5]}, {"X-Extra": "1"}))
    assert len(send(sandbox, "GET", DESTINATIONS).body) == 300_000
    sandbox.script("GET", "/api/v2/versions", Status(299))
    assert send(sandbox, "GET", "/api/v2/versions").status == 299
    reply = send(sandbox, "GET", DESTINATIONS)
    assert (reply.json, reply.headers["x-extra"]) == ({"items": [5]}, "1")


def test_a_status_can_follow_the_write(sandbox: SandboxServer) -> None:
    sandbox.script("POST", DESTINATIONS, Status(500, after_write=True), times=2)
    assert create(sandbox).status == 500
    assert written(sandbox)
    assert create(sandbox).status == 409


def test_faults_keep_the_connection_open_where_possible(sandbox: SandboxServer) -> None:
    for fault in (Status(500), Hang(0), Drip("headers", 0), Drip("body", 0), NotJson(), RateLimited()):
        sandbox.script("GET", DESTINATIONS, fault)
    with closing(connect(sandbox)) as connection:
        statuses = [send_on(connection, "GET", DESTINATIONS).status for _ in range(7)]
    assert statuses == [500, 200, 200, 200, 200, 429, 200]
    assert {request.connection for request in sandbox.requests} == {1}


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_drip_sends_byte_by_byte(sandbox: SandboxServer, part: str) -> None:
    fault = Drip("headers", 60) if part == "headers" else Drip("body", 60)
    sandbox.script("GET", DESTINATIONS, fault)
    address = urlsplit(sandbox.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as sock:
        sock.sendall(f"GET {DESTINATIONS} HTTP/1.1\r\nAuthorization: {TOKEN}\r\n\r\n".encode())
        with sock.makefile("rb") as received:
            if part == "headers":
                assert received.read(1) == b"H"
            else:
                while received.readline() != b"\r\n":
                    pass
                assert received.read(1) == b"{"
            sandbox.stop()
            assert received.read() == b""


def test_interim_responses_come_before_the_final_one(sandbox: SandboxServer) -> None:
    sandbox.script("GET", "/", Interim(103, times=2, pause=0))
    received = send_raw(sandbox, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2 + b"HTTP/1.1 200 OK\r\n")


def test_endless_interim_responses_end_with_the_sandbox(sandbox: SandboxServer) -> None:
    sandbox.script("GET", "/", Interim(100, times=None, pause=0.001))
    address = urlsplit(sandbox.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(4) == b"HTTP"
        sandbox.stop()
        with sock.makefile("rb") as received:
            lines = received.read().splitlines()
    assert set(lines[1:]) <= {b"", b"HTTP/1.1 100 Continue"}


def test_raw_bytes_are_the_whole_response(sandbox: SandboxServer) -> None:
    sandbox.script("GET", "/", Raw(b"what is HTTP?"))
    assert send_raw(sandbox, b"GET / HTTP/1.1\r\n\r\n") == b"what is HTTP?"


@pytest.mark.parametrize("fault", [Drop(), Reset(), Raw(b"")])
def test_a_broken_connection_writes_nothing_by_default(sandbox: SandboxServer, fault: Fault) -> None:
    sandbox.script("POST", DESTINATIONS, fault)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        create(sandbox)
    assert not written(sandbox)


@pytest.mark.parametrize("fault", [Drop(after_write=True), Reset(after_write=True), Raw(b"", after_write=True)])
def test_a_connection_can_break_after_the_write(sandbox: SandboxServer, fault: Fault) -> None:
    sandbox.script("POST", DESTINATIONS, fault)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        create(sandbox)
    assert written(sandbox)


@pytest.mark.parametrize("end", ["stop", "reset"])
def test_a_waiting_request_ends_without_a_write(sandbox: SandboxServer, end: str) -> None:
    errors: list[Exception] = []

    def wait() -> None:
        try:
            create(sandbox, "faults/slow")
        except http.client.HTTPException as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert sandbox.wait_for("POST", DESTINATIONS)
    getattr(sandbox, end)()
    waiting.join(timeout=5)
    assert [type(error) for error in errors] == [http.client.RemoteDisconnected]
    assert not written(sandbox)
