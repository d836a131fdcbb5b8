"""Requests that create a destination, and successful responses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.client import Created
from destinations_ui.launchdarkly.errors import LaunchDarklyError, NotAllowed, NotSent, Refused
from destinations_ui.sandbox import (
    Drop,
    Fault,
    Interim,
    NotJson,
    RateLimited,
    Raw,
    Reset,
    SandboxServer,
    Status,
)
from tests.launchdarkly.client import CONFIG, connected, create, failure
from tests.launchdarkly.servers import CREATED, EMPTY_LIST, ScriptedServer, responding
from tests.support.environment import MARKER_TOKEN

DESTINATIONS = "/api/v2/destinations"


def test_a_created_destination_has_launchdarklys_id_and_status(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    created = create(client)
    held = sandbox.destinations()[-1]
    assert created == Created(held["id"], 201)
    assert (held["project"], held["environment"], held["name"], held["kind"]) == (
        *("web-shop", "staging"),
        *("Clicks", "kinesis"),
    )
    assert held["config"] == CONFIG


@pytest.mark.parametrize("on", [True, False])
def test_on_is_always_sent(sandbox: SandboxServer, client: LaunchDarkly, on: bool) -> None:
    client.create_destination("web-shop", "staging", kind="kinesis", name="Clicks", on=on, config=CONFIG)
    body = json.loads(sandbox.requests[-1].body)
    assert body == {"name": "Clicks", "kind": "kinesis", "on": on, "config": CONFIG}


def test_every_request_has_the_required_headers(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    create(client)
    look, post = sandbox.requests
    for request in (look, post):
        assert request.headers["authorization"] == MARKER_TOKEN
        assert request.headers["ld-api-version"] == "20240415"
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["accept"] == "application/json"
        assert "cookie" not in request.headers
    assert post.headers["content-type"] == "application/json"
    assert "content-type" not in look.headers


def test_the_list_and_the_post_share_a_connection(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    create(client)
    look, post = sandbox.requests
    assert (look.method, look.path) == ("GET", DESTINATIONS)
    assert (post.method, post.path) == ("POST", f"{DESTINATIONS}/web-shop/staging")
    assert look.connection == post.connection


def test_the_connection_is_kept_for_the_next_creation(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    create(client, environment="staging")
    create(client, environment="test")
    assert len({request.connection for request in sandbox.requests}) == 1
    assert len(sandbox.requests) == 4


def test_a_connection_closed_while_idle_is_replaced(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("POST", "/", Raw(CREATED))  # Closes silently, as a server does with an idle connection.
    assert create(client) == Created("5eed", 201)
    assert create(client).status == 201
    assert sandbox.count("POST") == 2


def test_a_cookie_is_never_sent_back(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    cookie = {"Set-Cookie": "session=marker; Path=/"}
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": []}, headers=cookie))
    create(client)
    assert "cookie" not in sandbox.requests[-1].headers


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_any_2xx_with_an_id_is_a_success(sandbox: SandboxServer, client: LaunchDarkly, status: int) -> None:
    sandbox.script("POST", "/", Status(status, {"_id": "5eed", "name": "Clicks"}))
    assert create(client) == Created("5eed", status)


@pytest.mark.parametrize("interim", [Interim(103), Interim(100), Interim(102, times=5, pause=0)])
def test_interim_responses_are_skipped(sandbox: SandboxServer, client: LaunchDarkly, interim: Fault) -> None:
    sandbox.script("GET", DESTINATIONS, interim)
    sandbox.script("POST", DESTINATIONS, interim)
    assert create(client).status == 201
    assert len({request.connection for request in sandbox.requests}) == 1


def test_an_interim_response_with_headers_is_skipped(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nContent-Length: 3\r\n\r\n"
    sandbox.script("POST", DESTINATIONS, Raw(hint + CREATED))
    assert create(client) == Created("5eed", 201)


@pytest.mark.parametrize("framing", ["chunked", "until the end"])
def test_a_response_without_a_length_is_read_to_its_end(
    sandbox: SandboxServer, client: LaunchDarkly, framing: str
) -> None:
    body = {
        "chunked": b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"_id":\r\n7\r\n"5eed"}\r\n0\r\n\r\n',
        "until the end": b'Connection: close\r\n\r\n{"_id":"5eed"}',
    }[framing]
    sandbox.script("POST", DESTINATIONS, Raw(b"HTTP/1.1 201 Created\r\n" + body))
    assert create(client) == Created("5eed", 201)


@pytest.mark.parametrize(
    "key",
    [
        *("", ".", "..", "a/b", "a/../b", "%2f", "%2e%2e", "a%2fb", "a b", " a", "a ", "a\r\nX: y", "a\n", "a\0"),
        *("a?b", "a#b", "a;b", "a\\b", "@", "a:b", "ä", "\u0661", "-a", "_a", ".a", "a" * 257, "{key}"),
    ],
)
def test_an_invalid_key_is_refused_before_anything_is_sent(
    sandbox: SandboxServer, client: LaunchDarkly, key: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: create(client, key, "staging"),
        lambda: create(client, "web-shop", key),
        lambda: client.environments(key),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="key of a project or environment") as caught:
            call()
        assert len(key) < 3 or key not in str(caught.value)
    assert sandbox.requests == []


@pytest.mark.parametrize("key", ["a", "A.b_c-9", "0", "a..b", "a" * 256])
def test_a_key_is_one_path_segment(sandbox: SandboxServer, client: LaunchDarkly, key: str) -> None:
    failure(client, "web-shop", key)
    assert sandbox.requests[-1].path == f"{DESTINATIONS}/web-shop/{key}"


def test_nothing_is_posted_when_the_list_rejects_the_token(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(401))
    error = failure(client)
    assert isinstance(error, NotAllowed)
    assert error.status == 401
    assert sandbox.count("POST") == 0


@pytest.mark.parametrize("fault", [Status(500), NotJson(), Drop(), Reset(), Status(302)])
def test_nothing_is_posted_when_the_list_fails(sandbox: SandboxServer, fault: Fault) -> None:
    sandbox.script("GET", DESTINATIONS, fault, times=None)
    error = failure(connected(sandbox.url, timeout=0.5))
    assert type(error) is NotSent
    assert sandbox.count("POST") == 0


def test_a_failed_list_keeps_launchdarklys_message(sandbox: SandboxServer) -> None:
    body: dict[str, object] = {"code": "service_unavailable", "message": "Down for repairs", "id": "e-1"}
    sandbox.script("GET", DESTINATIONS, Status(503, body), times=None)
    error = failure(connected(sandbox.url))
    assert (error.status, error.code, error.detail, error.id) == (503, "service_unavailable", "Down for repairs", "e-1")


def test_a_list_is_retried_and_the_post_follows(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(500))
    assert create(client).status == 201
    assert (sandbox.count("GET"), sandbox.count("POST")) == (2, 1)


@pytest.mark.parametrize(
    "fault", [Status(500), Status(503), RateLimited(0.2), Drop(), Drop(after_write=True), Reset(), Status(409)]
)
def test_a_post_is_never_repeated(sandbox: SandboxServer, client: LaunchDarkly, fault: Fault) -> None:
    sandbox.script("POST", DESTINATIONS, fault)
    failure(client)
    assert sandbox.count("POST") == 1


def test_a_secret_that_launchdarkly_repeats_is_shown_as_dots(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    short, long, odd = Secret("marker-one"), Secret("marker-one-and-more"), Secret('marker"two\\ü')
    message = f"Got {long.reveal()} and {short.reveal()} and {odd.reveal()} and {json.dumps(odd.reveal())}"
    body: dict[str, object] = {"code": f"bad_{short.reveal()}", "message": message, "id": f"id-{long.reveal()}"}
    sandbox.script("POST", DESTINATIONS, Status(400, body))
    error = failure(client, conceal=(short, long, odd, Secret("")))
    assert isinstance(error, Refused)
    assert error.detail == 'Got •••• and •••• and •••• and "••••"'
    assert (error.code, error.id) == ("bad_••••", "id-••••")


def test_a_long_message_is_shortened(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    body: dict[str, object] = {"code": "c" * 5000, "message": "m" * 5000, "id": "i" * 5000}
    sandbox.script("POST", DESTINATIONS, Status(400, body))
    error = failure(client)
    assert (len(error.code), len(error.detail), len(error.id)) == (100, 1000, 100)


def test_characters_that_no_database_can_store_are_replaced(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    body: dict[str, object] = {"code": "c\0", "message": "a\ud800b\0c \U0001f600", "id": ["x"]}
    sandbox.script("POST", DESTINATIONS, Status(400, body))
    error = failure(client)
    assert (error.code, error.detail, error.id) == ("c\ufffd", "a\ufffdb\ufffdc \U0001f600", "")


def test_two_threads_use_separate_connections(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    results: dict[str, object] = {}

    def run(environment: str) -> None:
        try:
            results[environment] = create(client, environment=environment).status
        except LaunchDarklyError as error:
            results[environment] = error.status

    sandbox.script("POST", f"{DESTINATIONS}/web-shop/test", Status(400))
    threads = [threading.Thread(target=run, args=(key,)) for key in ("staging", "test", "development")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == {"staging": 201, "test": 400, "development": 201}


def test_after_a_closed_list_connection_the_post_uses_a_new_one() -> None:
    closing = EMPTY_LIST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    responses = iter([closing, CREATED])
    with ScriptedServer(lambda sock: responding(next(responses))(sock)) as server:
        assert create(connected(server.url)) == Created("5eed", 201)
