"""The status page."""

from __future__ import annotations

import pytest

from destinations_ui.sandbox import SandboxServer
from tests.sandbox.client import create, send


@pytest.mark.parametrize("path", ["/", "/settings/integrations"])
def test_destinations_are_shown_without_a_token(sandbox: SandboxServer, path: str) -> None:
    create(sandbox, name="Clicks of the shop")
    reply = send(sandbox, "GET", path, token=None)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    text = reply.body.decode()
    assert "<h1>Sandbox: a stand-in for LaunchDarkly</h1>" in text
    for value in ("Clicks of the shop", "web-shop", "staging", "kinesis", "cat-stream"):
        assert value in text


def test_the_page_has_no_scripts_or_external_resources(sandbox: SandboxServer) -> None:
    text = send(sandbox, "GET", "/").body.decode()
    for word in ("<script", "src=", "href=", "url(", "@import"):
        assert word not in text


def test_every_value_is_escaped(sandbox: SandboxServer) -> None:
    evil = "<script>alert('&')</script>\ud800"
    sandbox.add_project("<p>", "P")
    sandbox.add_environment("<p>", '"e"', "E")
    sandbox.add_destination("<p>", '"e"', name=evil, kind=evil, config={evil: evil})
    text = send(sandbox, "GET", "/").body.decode()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<p>&quot;" not in text


def test_an_empty_account_is_reported_as_empty(sandbox: SandboxServer) -> None:
    [only] = send(sandbox, "GET", "/api/v2/destinations").json["items"]
    send(sandbox, "DELETE", only["_links"]["self"]["href"])
    assert "None yet." in send(sandbox, "GET", "/").body.decode()
