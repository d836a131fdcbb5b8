"""Each error of a creation is on the one branch for what is known."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.errors import (
    BadResponse,
    Busy,
    Conflict,
    LaunchDarklyError,
    Missing,
    NoResponse,
    NotAllowed,
    NotSent,
    Refused,
    Uncertain,
)
from destinations_ui.sandbox import Drop, Fault, NotJson, Raw, Reset, SandboxServer, Status
from tests.launchdarkly.client import connected, create, failure
from tests.launchdarkly.servers import (
    CERTIFICATE,
    CREATED,
    EMPTY_LIST,
    ScriptedServer,
    SilentServer,
    TLSServer,
    read_request,
    responding,
)
from tests.support.postgresql import free_port

DESTINATIONS = "/api/v2/destinations"
BRANCHES = (NotSent, Refused, Uncertain)

#: Statuses that mean nothing was created. Every other response without an id leaves the outcome unknown.
REFUSED: dict[int, type[LaunchDarklyError]] = {
    400: Refused,
    401: NotAllowed,
    403: NotAllowed,
    404: Missing,
    405: Refused,
    409: Conflict,
    413: Refused,
    422: Refused,
    429: Busy,
}


def branch(error: LaunchDarklyError) -> type[LaunchDarklyError]:
    """Return the one branch that an error is on."""
    (found,) = [each for each in BRANCHES if isinstance(error, each)]
    return found


def test_every_status_has_one_branch(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    found = {}
    statuses = [*range(200, 230), 299, *range(300, 310), 399, *range(400, 460), 499, *range(500, 512), 599]
    for status in statuses:
        sandbox.script("POST", DESTINATIONS, Status(status))
        error = failure(client)
        assert error.status == status
        assert error.message.endswith(".")
        found[status] = branch(error)
    assert found == {status: Refused if status in REFUSED else Uncertain for status in statuses}


@pytest.mark.parametrize(("status", "expected"), REFUSED.items())
def test_a_refusal_has_code_message_and_id(
    sandbox: SandboxServer, client: LaunchDarkly, status: int, expected: type[LaunchDarklyError]
) -> None:
    body: dict[str, object] = {"code": "some_code", "message": "Some message", "id": "30ce6058-87da"}
    sandbox.script("POST", DESTINATIONS, Status(status, body))
    error = failure(client)
    assert type(error) is expected
    assert (error.status, error.code, error.detail, error.id) == (status, "some_code", "Some message", "30ce6058-87da")
    assert sandbox.count("POST") == 1


@pytest.mark.parametrize("body", ["<h1>No</h1>", "", "[]", '"no"', '{"message": 5, "code": [], "id": {}}', b"\xff"])
def test_a_refusal_with_an_unreadable_body_is_a_refusal(
    sandbox: SandboxServer, client: LaunchDarkly, body: str | bytes
) -> None:
    sandbox.script("POST", DESTINATIONS, Status(400, body))
    error = failure(client)
    assert type(error) is Refused
    assert (error.code, error.id) == ("", "")
    assert error.detail.endswith(f", {len(body)} bytes.")
    assert "<h1>" not in error.detail


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_server_error_leaves_the_outcome_unknown(sandbox: SandboxServer, client: LaunchDarkly, status: int) -> None:
    body: dict[str, object] = {"code": "c", "message": "m", "id": "e-1"}
    sandbox.script("POST", DESTINATIONS, Status(status, body, after_write=False))
    error = failure(client)
    assert type(error) is BadResponse
    assert (error.code, error.detail, error.id) == ("c", "m", "e-1")


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"Created.",
    "a page": b"<!DOCTYPE html><title>Sign in</title>",
    "a list": b'[{"_id": "5eed"}]',
    "a text": b'"5eed"',
    "null": b"null",
    "no id": b'{"name": "Clicks"}',
    "an empty id": b'{"_id": ""}',
    "a blank id": b'{"_id": " "}',
    "an id that is no text": b'{"_id": 5}',
    "an id beyond all length": json.dumps({"_id": "5" * 101}).encode(),
    "deep nesting": b"[" * 200_000,
    "a deeply nested object": b'{"a":' * 40_000,
    "a number of 5000 digits": b'{"_id": "5eed", "n": ' + b"9" * 5000 + b"}",
    "bad UTF-8": b'{"_id": "5eed", "name": "\xff"}',
    "half of a character": b'{"_id": "5eed", "name": "\xed\xa0\x80"}',
    "UTF-16": '{"_id": "5eed"}'.encode("utf-16"),
    "UTF-16 without its mark": '{"_id": "5eed"}'.encode("utf-16-le"),
    "UTF-32": '{"_id": "5eed"}'.encode("utf-32"),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_success_leaves_the_outcome_unknown(
    sandbox: SandboxServer, client: LaunchDarkly, body: bytes
) -> None:
    sandbox.script("POST", DESTINATIONS, Status(201, body))
    error = failure(client)
    assert branch(error) is Uncertain
    assert error.status == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_a_compressed_response_is_not_decompressed(sandbox: SandboxServer, client: LaunchDarkly, encoding: str) -> None:
    body = gzip.compress(b'{"_id": "5eed"}')
    sandbox.script("POST", DESTINATIONS, Status(201, body, headers={"Content-Encoding": encoding}))
    assert branch(failure(client)) is Uncertain


def test_a_success_without_a_body_leaves_the_outcome_unknown(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("POST", DESTINATIONS, Status(204))
    error = failure(client)
    assert branch(error) is Uncertain
    assert error.status == 204


LOST: dict[str, Fault] = {
    "reset before it was read": Reset(),
    "reset after the write": Reset(after_write=True),
    "dropped": Drop(),
    "dropped after the write": Drop(after_write=True),
    "no HTTP": Raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a status line cut off": Raw(b"HTTP/1.1 20"),
    "a status that is none": Raw(b"HTTP/1.1 2x1 Created\r\n\r\n"),
    "an interim answer alone": Raw(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a body cut off": Raw(b'HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"_id":'),
    "a chunk cut off": Raw(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
    "a chunk without a length": Raw(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "a chunk of negative length": Raw(
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n"
    ),
    "two lengths": Raw(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}"),
    "a header beyond all length": Raw(b"HTTP/1.1 201 Created\r\nX: " + b"x" * 70_000 + b"\r\n\r\n{}"),
    "too many headers": Raw(b"HTTP/1.1 201 Created\r\n" + b"X: y\r\n" * 200 + b"\r\n{}"),
    "too many headers of an interim answer": Raw(b"HTTP/1.1 103 Early Hints\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST.keys())
def test_a_lost_response_leaves_the_outcome_unknown(sandbox: SandboxServer, client: LaunchDarkly, fault: Fault) -> None:
    sandbox.script("POST", DESTINATIONS, fault)
    error = failure(client)
    assert type(error) is NoResponse
    assert "Nothing was sent" not in error.message
    assert sandbox.count("POST") == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(sandbox: SandboxServer, client: LaunchDarkly, status: int) -> None:
    with SilentServer() as other:
        headers = {"Location": f"{other.url}{DESTINATIONS}/web-shop/staging"}
        sandbox.script("POST", DESTINATIONS, Status(status, headers=headers))
        error = failure(client)
        assert not other.visited
    assert branch(error) is Uncertain
    assert error.status == status
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("location", ["", "http://[", "\xff", "//", "javascript:alert(1)", "http://a:b/"])
def test_an_invalid_redirect_leaves_the_outcome_unknown(
    sandbox: SandboxServer, client: LaunchDarkly, location: str
) -> None:
    sandbox.script("POST", DESTINATIONS, Status(302, headers={"Location": location}))
    error = failure(client)
    assert branch(error) is Uncertain
    assert error.status == 302


def test_a_redirect_of_the_list_is_not_followed(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    with SilentServer() as other:
        sandbox.script("GET", DESTINATIONS, Status(307, headers={"Location": other.url + DESTINATIONS}))
        assert type(failure(client)) is NotSent
        assert not other.visited
    assert sandbox.count("POST") == 0


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 201 Created\r\nContent-Length: 300000000\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: 300000000\r\nContent-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 300000000\r\n\r\n",
    ],
    ids=["success", "compressed", "refusal", "redirect"],
)
def test_an_endless_response_is_not_read_to_its_end(head: bytes) -> None:
    sent: list[int] = []

    def behave(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(EMPTY_LIST)
        read_request(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        sock.sendall(head)
        sent.extend(sock.send(b" " * 100_000) for _ in range(3000))

    with ScriptedServer(behave) as server:
        error = failure(connected(server.url))
    assert type(error) is BadResponse
    assert "far longer than expected" in error.message
    # The rest is what the buffers of two sockets hold.
    assert 256 * 1024 <= sum(sent) < 20_000_000


def test_a_response_of_exactly_the_maximum_length_is_read(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    body = b'{"_id": "5eed"}'.ljust(256 * 1024)
    sandbox.script("POST", DESTINATIONS, Status(201, body))
    assert create(client).id == "5eed"
    sandbox.script("POST", DESTINATIONS, Status(201, body + b" "))
    assert branch(failure(client)) is Uncertain


RAW_TEXT = st.text(st.characters(max_codepoint=255), max_size=20).map(lambda text: text.encode("latin-1"))
HEADER = st.tuples(
    st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Location", b"Set-Cookie", b"Retry-After", b"X"]),
    st.one_of(RAW_TEXT, st.sampled_from([b"chunked", b"5", b"-1", b"0", b"gzip", b"a=b; Domain=.com"])),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=5)),
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(
            st.sampled_from(["items", "_id", "key", "name", "environments", "totalCount", "_links", "self", "href"]),
            children,
            max_size=4,
        ),
    ),
    max_leaves=20,
)
BODY = st.one_of(
    st.binary(max_size=40),
    st.just(b'{"_id":"5eed"}'),
    RAW_TEXT.map(lambda text: b'{"_id":"' + text),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.tuples(st.integers(-9, 99), st.binary(max_size=9)).map(lambda chunk: b"%d\r\n%s\r\n0\r\n\r\n" % chunk),
)


def http_response(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return the bytes of a response."""
    head = b"HTTP/1.1 %d X\r\n" % status + b"".join(b"%s: %s\r\n" % header for header in headers)
    return head + b"\r\n" + body


RESPONSE = st.builds(
    http_response, st.sampled_from([200, 201, 204, 301, 302, 400, 409, 429, 500]), st.lists(HEADER, max_size=4), BODY
)


def test_any_bytes_received_raise_only_our_own_errors(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A creation whose post was sent is then never reported as not sent."""
    monkeypatch.setattr("destinations_ui.launchdarkly.client.READ_PAUSE", 0.0)
    client = connected(sandbox.url, timeout=3)
    reads: list[Callable[[], object]] = [
        client.destinations,
        client.projects,
        lambda: client.environments("web-shop"),
        lambda: client.trust_policy("web-shop", "staging"),
    ]

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(st.one_of(st.binary(max_size=60), RESPONSE, RESPONSE), st.integers(0, len(reads) - 1))
    def check(data: bytes, read: int) -> None:
        sandbox.script("POST", DESTINATIONS, Raw(data))
        try:
            create(client)
        except LaunchDarklyError as error:
            assert branch(error) is not NotSent  # noqa: PT017  # a success is fine too
        for method in ("GET", "POST"):
            sandbox.script(method, "/", Raw(data), times=1)
        with suppress(LaunchDarklyError):
            reads[read]()
        sandbox.reset()

    check()


# --- Before anything is sent


def not_sent(error: LaunchDarklyError, why: str) -> bool:
    """Return whether an error is that nothing was sent, for this reason."""
    return type(error) is NotSent and error.status is None and why in error.message


def test_a_closed_port_means_not_sent() -> None:
    assert not_sent(failure(connected(f"http://127.0.0.1:{free_port()}")), "connection was refused")


@pytest.mark.parametrize("name", ["launchdarkly.invalid", "a" * 64 + ".invalid"])
def test_an_unknown_host_means_not_sent(name: str) -> None:
    error = failure(connected(f"http://{name}:9000", timeout=2))
    # Without a reachable resolver, the lookup exceeds the timeout.
    assert not_sent(error, "name was not found") or not_sent(error, "connecting took too long")


def test_an_untrusted_certificate_means_not_sent() -> None:
    with TLSServer(responding(EMPTY_LIST, CREATED)) as server:
        assert not_sent(failure(connected(server.url)), "certificate")


def test_tls_to_a_plain_http_server_means_not_sent(sandbox: SandboxServer) -> None:
    assert not_sent(failure(connected(sandbox.url.replace("http:", "https:"))), "TLS")


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the tests' certificate."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(CERTIFICATE))


@pytest.mark.usefixtures("trusted")
def test_a_destination_is_created_over_tls() -> None:
    requests: list[Any] = []

    def behave(sock: socket.socket) -> None:
        assert isinstance(sock, ssl.SSLSocket)
        requests.append((sock.version(), read_request(sock)))
        sock.sendall(EMPTY_LIST)
        requests.append((sock.version(), read_request(sock)))
        sock.sendall(CREATED)

    with TLSServer(behave) as server:
        assert create(connected(server.url)).id == "5eed"
    assert [request.split()[0] for _, request in requests] == [b"GET", b"POST"]
    assert {version for version, _ in requests} <= {"TLSv1.2", "TLSv1.3"}


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_host_means_not_sent() -> None:
    with TLSServer(responding(EMPTY_LIST, CREATED)) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert not_sent(failure(connected(url)), "certificate")


@pytest.mark.usefixtures("trusted")
def test_a_broken_tls_connection_leaves_the_outcome_unknown() -> None:
    def behave(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(EMPTY_LIST)
        read_request(sock)

    with TLSServer(behave) as server:
        assert type(failure(connected(server.url))) is NoResponse


def test_invalid_json_after_a_write_leaves_the_outcome_unknown(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("POST", DESTINATIONS, NotJson())
    assert branch(failure(client)) is Uncertain
    assert len(sandbox.destinations()) == 2
