"""Tokens, versions, paths, pages and error bodies."""

from __future__ import annotations

import uuid
from io import BytesIO
from urllib.parse import parse_qs, urlsplit
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from destinations_ui.sandbox import SandboxServer
from destinations_ui.sandbox.http_server import call as call_app
from destinations_ui.sandbox.messages import now_ms
from tests.sandbox.client import Reply, create, send

DESTINATIONS = "/api/v2/destinations"


def assert_error(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status
    assert reply.json["code"] == code
    assert reply.json["message"]
    assert uuid.UUID(reply.json["id"])


@pytest.mark.parametrize("token", [None, "", "Bearer api-123", "sdk-123", "mob-123", "API-123"])
def test_anything_but_a_raw_access_token_is_unauthorized(sandbox: SandboxServer, token: str | None) -> None:
    assert_error(send(sandbox, "GET", DESTINATIONS, token=token), 401, "unauthorized")


def test_a_read_only_token_reads_but_does_not_write(sandbox: SandboxServer) -> None:
    token = "api-readonly-1"
    [existing] = send(sandbox, "GET", DESTINATIONS, token=token).json["items"]
    path = existing["_links"]["self"]["href"]
    assert send(sandbox, "GET", path, token=token).status == 200
    for method, url in (("POST", f"{DESTINATIONS}/web-shop/staging"), ("PATCH", path), ("DELETE", path)):
        assert_error(send(sandbox, method, url, {}, token=token), 403, "forbidden")


def test_every_error_has_its_own_id(sandbox: SandboxServer) -> None:
    ids = {send(sandbox, "GET", "/api/v2/nothing").json["id"] for _ in range(3)}
    assert len(ids) == 3


def test_the_current_version_is_echoed(sandbox: SandboxServer) -> None:
    reply = send(sandbox, "GET", DESTINATIONS, LD_API_Version="20240415")
    assert (reply.status, reply.headers["ld-api-version"]) == (200, "20240415")


def test_an_unknown_version_is_refused(sandbox: SandboxServer) -> None:
    assert_error(send(sandbox, "GET", DESTINATIONS, LD_API_Version="20990101"), 400, "invalid_request")


def test_without_a_version_header_none_is_returned(sandbox: SandboxServer) -> None:
    assert send(sandbox, "GET", DESTINATIONS).status == 200
    assert "ld-api-version" not in sandbox.requests[0].headers


def test_every_response_has_rate_limit_headers(sandbox: SandboxServer) -> None:
    for path in (DESTINATIONS, "/api/v2/nothing", "/"):
        headers = send(sandbox, "GET", path).headers
        assert int(headers["x-ratelimit-global-remaining"]) > 0
        assert int(headers["x-ratelimit-route-remaining"]) > 0
        assert 0 < int(headers["x-ratelimit-reset"]) - now_ms() <= 10_000


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", DESTINATIONS),
        ("GET", f"{DESTINATIONS}/web-shop/staging"),
        ("PUT", f"{DESTINATIONS}/web-shop/staging"),
        ("BREW", "/api/v2/projects"),
        ("POST", "/"),
    ],
)
def test_a_wrong_method_is_not_allowed(sandbox: SandboxServer, method: str, path: str) -> None:
    reply = send(sandbox, method, path)
    assert_error(reply, 405, "method_not_allowed")
    assert reply.headers["allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v2",
        "/api/v2/destinations/",
        "/api/v2/destinations/web-shop/staging/610addeadbeefaa86ec9a7d4",
        "/api/v2/projects/unknown",
        "/api/v2/projects/unknown/environments",
        "/api/v2/projects/web-shop/environments/unknown",
        "/api/v2/projects/%ff%fe",
        "/%00",
        "//api/v2/destinations/..",
    ],
)
def test_an_unknown_path_is_not_found(sandbox: SandboxServer, path: str) -> None:
    assert_error(send(sandbox, "GET", path), 404, "not_found")


def test_a_destination_is_not_found_under_another_environment(sandbox: SandboxServer) -> None:
    created = create(sandbox).json["_id"]
    assert send(sandbox, "GET", f"{DESTINATIONS}/web-shop/staging/{created}").status == 200
    assert send(sandbox, "GET", f"{DESTINATIONS}/web-shop/test/{created}").status == 404


def test_head_responds_like_get_without_a_body(sandbox: SandboxServer) -> None:
    reply = send(sandbox, "HEAD", DESTINATIONS)
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 100


def test_page_links_are_relative_and_keep_the_query(sandbox: SandboxServer) -> None:
    for number in range(45):
        sandbox.add_project(f"extra-{number:02}", f"Extra {number:02}")
    path = "/api/v2/projects?filter=query:EXTRA&sort=name&limit=20"
    found: list[str] = []
    links = []
    while path:
        body = send(sandbox, "GET", path).json
        assert body["totalCount"] == 45
        found += [item["key"] for item in body["items"]]
        links.append(set(body["_links"]) - {"self"})
        path = body["_links"].get("next", {}).get("href", "")
        assert not path or path.startswith("/api/v2/projects?")
        assert not path or parse_qs(urlsplit(path).query)["filter"] == ["query:EXTRA"]
    assert found == [f"extra-{number:02}" for number in range(45)]
    assert links == [{"next", "last"}, {"first", "prev", "next", "last"}, {"first", "prev"}]


def test_embedded_environments_are_the_first_page_with_links(sandbox: SandboxServer) -> None:
    sandbox.add_project("big", "Big")
    for number in range(25):
        sandbox.add_environment("big", f"env-{number}", f"Env {number}")
    body = send(sandbox, "GET", "/api/v2/projects?filter=keys:big%7Cnone&expand=environments").json
    [project] = body["items"]
    embedded = project["environments"]
    assert (len(embedded["items"]), embedded["totalCount"]) == (20, 25)
    rest = send(sandbox, "GET", embedded["_links"]["next"]["href"]).json
    assert [item["key"] for item in rest["items"]] == [f"env-{number}" for number in range(20, 25)]
    assert "next" not in rest["_links"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["web-shop", "mobile-app", "faults"]),
        ("sort=name", ["faults", "mobile-app", "web-shop"]),
        ("sort=-name", ["web-shop", "mobile-app", "faults"]),
        ("sort=-createdOn", ["faults", "mobile-app", "web-shop"]),
        ("filter=query:MOBILE", ["mobile-app"]),
        ("filter=query:web%20shop", ["web-shop"]),
        ("filter=tags:faults", ["faults"]),
        ("filter=tags:faults%2Bother", []),
        ("filter=keys:faults%7Cweb-shop,query:web", ["web-shop"]),
        ("limit=1&offset=1", ["mobile-app"]),
        ("offset=99", []),
    ],
)
def test_projects_are_filtered_sorted_and_paged(sandbox: SandboxServer, query: str, keys: list[str]) -> None:
    items = send(sandbox, "GET", f"/api/v2/projects?{query}").json["items"]
    assert [item["key"] for item in items] == keys


@pytest.mark.parametrize("query", ["limit=x", "limit=0", "offset=-1", "limit=99999999999", "sort=size", "filter=a:b"])
def test_an_invalid_parameter_is_refused(sandbox: SandboxServer, query: str) -> None:
    assert_error(send(sandbox, "GET", f"/api/v2/projects?{query}"), 400, "invalid_request")


def test_critical_environments_can_be_sorted_first(sandbox: SandboxServer) -> None:
    path = "/api/v2/projects/mobile-app/environments?sort=critical,-name"
    items = send(sandbox, "GET", path).json["items"]
    assert [item["key"] for item in items] == ["production", "staging", "development"]


@pytest.mark.parametrize("path", ["/", "/api/v2/destinations", "/api/v2/projects", "/nowhere"])
def test_the_application_conforms_to_wsgi(sandbox: SandboxServer, path: str) -> None:
    environ: dict[str, object] = {"PATH_INFO": path, "QUERY_STRING": "", "HTTP_AUTHORIZATION": "api-x"}
    environ |= {"wsgi.input": BytesIO(), "SCRIPT_NAME": ""}
    setup_testing_defaults(environ)
    assert call_app(validator(sandbox.app), environ).body
