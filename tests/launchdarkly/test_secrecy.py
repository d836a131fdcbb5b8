"""The token goes only to LaunchDarkly, whatever the process's environment contains."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from destinations_ui import launchdarkly
from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.errors import LaunchDarklyError, NotSent
from destinations_ui.sandbox import Drop, Fault, Hang, NotJson, RateLimited, Raw, Reset, SandboxServer, Status
from tests.launchdarkly.client import connected, create, failure
from tests.launchdarkly.servers import CERTIFICATE, CREATED, EMPTY_LIST, SilentServer, TLSServer, responding
from tests.support.environment import MARKER_TOKEN
from tests.support.postgresql import free_port

FAULTS: tuple[Fault, ...] = (
    *(Status(status) for status in (302, 400, 401, 403, 404, 409, 422, 500)),
    *(
        RateLimited(5),
        NotJson(),
        Drop(),
        Reset(),
        Hang(),
        Raw(b"nonsense"),
        Raw(b"HTTP/1.1 201 X\r\nX: " + b"x" * 70_000),
    ),
)


def family(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all its causes and contexts, including suppressed ones."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown(error: BaseException) -> str:
    """Return every text form of an exception."""
    texts = [text for each in family(error) for text in (str(each), repr(each), repr(each.args), *notes(each))]
    return "\n".join([*texts, *traceback.format_exception(error)])


def notes(error: BaseException) -> list[str]:
    """Return the notes of an exception."""
    return getattr(error, "__notes__", [])


def test_the_client_does_not_show_its_token(client: LaunchDarkly) -> None:
    assert MARKER_TOKEN not in repr(client) + str(client) + f"{vars(client)}"
    assert client.__class__.__name__ in repr(client)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_error_shows_the_token(sandbox: SandboxServer, fault: Fault) -> None:
    for method in ("POST", "GET"):
        sandbox.script(method, "/", fault, times=None)
        error = failure(connected(sandbox.url, timeout=0.4))
        assert "LaunchDarkly" in shown(error)
        assert MARKER_TOKEN not in shown(error)
        assert MARKER_TOKEN not in f"{error.message}{error.detail}{error.code}{error.id}"


def test_no_connection_error_shows_the_token() -> None:
    with SilentServer() as silent:
        for url in (silent.url, silent.url.replace("http", "https"), f"http://127.0.0.1:{free_port()}"):
            assert MARKER_TOKEN not in shown(failure(connected(url, timeout=0.2)))


@pytest.mark.parametrize("odd", ["\n", "\r\nX-Other: 1", "€"])
def test_a_token_that_is_not_a_valid_header_is_not_shown(sandbox: SandboxServer, odd: str) -> None:
    client = LaunchDarkly(sandbox.url, Secret(MARKER_TOKEN + odd), 0.4)
    with pytest.raises((LaunchDarklyError, ValueError)) as caught:
        client.destinations()
    assert MARKER_TOKEN not in "".join(traceback.format_exception(caught.value))
    assert sandbox.requests == []


def test_the_log_shows_neither_token_nor_configuration(
    sandbox: SandboxServer, client: LaunchDarkly, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "destinations_ui", "http.client"):
        caplog.set_level(logging.DEBUG, name)
    create(client)
    for fault in FAULTS:
        sandbox.script("POST", "/", fault)
        failure(connected(sandbox.url, timeout=0.4))
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert MARKER_TOKEN not in caplog.text
    assert "marketingadmin" not in caplog.text


@pytest.fixture
def trap() -> Iterator[SilentServer]:
    """A server that must receive no connection."""
    with SilentServer() as server:
        yield server


def test_a_proxy_in_the_environment_is_not_used(
    sandbox: SandboxServer, client: LaunchDarkly, trap: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.url)
        monkeypatch.setenv(name.lower(), trap.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert create(client).status == 201
    assert not trap.visited


def test_a_netrc_does_not_replace_the_token(
    sandbox: SandboxServer, client: LaunchDarkly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text("machine 127.0.0.1 login oskar password marker\ndefault login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    create(client)
    assert {request.headers["authorization"] for request in sandbox.requests} == {MARKER_TOKEN}


def test_a_certificate_bundle_in_the_environment_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(CERTIFICATE))
    with TLSServer(responding(EMPTY_LIST, CREATED)) as server:
        error = failure(connected(server.url))
    assert type(error) is NotSent
    assert "certificate" in error.message


def test_the_process_shares_one_client(sandbox: SandboxServer, settings: Settings) -> None:
    first = launchdarkly.connect()
    assert first is launchdarkly.connect()
    assert len(first.destinations()) == 1
    settings.LAUNCHDARKLY_TOKEN = Secret("api-another")
    assert launchdarkly.connect() is not first


def test_no_method_sends_the_token_elsewhere(sandbox: SandboxServer, client: LaunchDarkly, trap: SilentServer) -> None:
    away = Status(307, headers={"Location": f"{trap.url}/api/v2/projects"})
    calls: list[Callable[[], object]] = [client.destinations, client.projects, lambda: client.environments("web-shop")]
    for call in calls:
        sandbox.script("GET", "/", away)
        with pytest.raises(LaunchDarklyError):
            call()
    assert not trap.visited
