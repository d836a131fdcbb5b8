"""The security headers of every response."""

from __future__ import annotations

import gzip
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import override_settings

from destinations_ui import kinds
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.sandbox import SandboxServer
from tests.support.attempts import record
from tests.support.form_data import form_data

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
pytestmark = pytest.mark.django_db


def policy(response: object) -> dict[str, str]:
    """Return the content security policy by directive."""
    text = response.headers["Content-Security-Policy"]  # type: ignore[attr-defined]  # any of Django's responses
    parts = (part.strip().split(" ", 1) for part in text.split(";") if part.strip())
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


def check(response: object, *, no_store: bool = True) -> None:
    """Check the headers of every response."""
    headers = response.headers  # type: ignore[attr-defined]  # any of Django's responses
    for name, value in EXPECTED.items():
        assert headers.get(name) == value, name
    directives = policy(response)
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
    assert directives["base-uri"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["form-action"] == "'self'"
    assert "unsafe" not in str(directives)
    assert uuid.UUID(headers["X-Request-ID"])
    if no_store:
        assert "no-store" in headers["Cache-Control"]


def test_pages_have_them(client: Client, operator: User, sandbox: SandboxServer) -> None:
    client.force_login(operator)

    for address in [
        "/",
        "/history/",
        "/destinations/new/",
        "/destinations/new/segment/",
        "/history/export/?format=csv",
    ]:
        response = client.get(address)
        assert response.status_code == 200
        check(response)


@pytest.mark.parametrize("address", ["/destinations/new/kinesis/", "/history/export/?format=csv"])
def test_a_response_is_compressed_if_accepted(
    client: Client, operator: User, sandbox: SandboxServer, address: str
) -> None:
    record()
    client.force_login(operator)

    plain = client.get(address)
    small = client.get(address, headers={"Accept-Encoding": "gzip"})

    check(small)
    assert (plain.headers.get("Content-Encoding"), small.headers["Content-Encoding"]) == (None, "gzip")
    assert "Accept-Encoding" in small.headers["Vary"]
    whole = b"".join(small) if small.streaming else small.content
    assert len(gzip.decompress(whole)) > len(whole)


def test_a_compressed_page_differs_in_length_each_time(client: Client, operator: User, sandbox: SandboxServer) -> None:
    client.force_login(operator)
    lengths = {len(client.get("/history/?q=x", headers={"Accept-Encoding": "gzip"}).content) for _ in range(20)}
    assert len(lengths) > 5


def test_redirects_and_errors_have_them(client: Client, viewer: User, sandbox: SandboxServer) -> None:
    assert_status(client.get("/"), 302)
    assert_status(client.post("/destinations/new/kinesis/"), 401)
    client.force_login(viewer)
    assert_status(client.get("/destinations/new/"), 403)
    assert_status(client.get("/nothing/here/"), 404)
    assert_status(client.put("/history/"), 405)
    assert_status(client.get("/history/?since=never"), 422)
    assert_status(client.get("/history/export/?format=xml"), 400)


def test_a_rejected_or_too_large_form_has_them(client: Client, operator: User, sandbox: SandboxServer) -> None:
    client.force_login(operator)

    assert_status(client.post("/destinations/new/kinesis/", {}), 422)
    assert_status(client.post("/destinations/new/kinesis/", {"reason": "x" * 300_000}), 413)


def test_a_server_error_has_them(
    client: Client, operator: User, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("Broken on purpose.")

    monkeypatch.setattr(LaunchDarkly, "create_destination", broken)
    client.force_login(operator)
    client.raise_request_exception = False

    response = client.post("/destinations/new/kinesis/", form_data(kinds.registry()["kinesis"]))

    assert_status(response, 500)
    assert response.headers["X-Request-ID"] in response.content.decode()


def test_a_csrf_failure_has_them(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)

    assert_status(client.post("/destinations/new/kinesis/", {}), 403)


def test_a_wrong_host_is_refused_with_them(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert_status(response, 400)


@override_settings(SECURE_SSL_REDIRECT=True)
def test_a_wrong_host_over_plain_http_is_refused_with_them(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert_status(response, 400)


def test_static_files_have_them_and_are_cached(client: Client) -> None:
    page = client.get("/login/").content.decode()
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]

    response = client.get(address)

    assert response.status_code == 200
    check(response, no_store=False)
    assert "immutable" in response.headers["Cache-Control"]
    response.close()


def test_health_checks_have_them(client: Client) -> None:
    check(client.get("/healthz"))
    check(client.get("/readyz"))


def assert_status(response: object, status: int) -> None:
    """Check status and headers."""
    assert response.status_code == status  # type: ignore[attr-defined]  # any of Django's responses
    check(response)
