"""Reading LaunchDarkly's lists."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.client import pause_before_retry
from destinations_ui.launchdarkly.errors import BadResponse, Busy, LaunchDarklyError, NotAllowed, NotSent
from destinations_ui.launchdarkly.resources import Destination, Environment, Project
from destinations_ui.launchdarkly.responses import is_shallow
from destinations_ui.sandbox import Drop, Fault, NotJson, RateLimited, Raw, Reset, SandboxServer, Status
from tests.launchdarkly.client import connected
from tests.launchdarkly.servers import SilentServer

DESTINATIONS = "/api/v2/destinations"
PROJECTS = "/api/v2/projects"


def test_every_page_of_projects_is_read(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    for number in range(130):
        sandbox.add_project(f"project-{number}", f"Project {number}")
    keys = [project.key for project in client.projects()]
    assert len(keys) == 133
    assert {f"project-{number}" for number in range(130)} < set(keys)
    assert sandbox.count("GET", PROJECTS) > 1


def test_every_page_of_environments_is_read_critical_first(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.add_project("large", "Large")
    for number in range(120):
        sandbox.add_environment("large", f"env-{number}", f"Environment {number}", critical=number == 119)
    environments = client.environments("large")
    assert len({environment.key for environment in environments}) == 120
    assert environments[0] == Environment("env-119", "Environment 119", critical=True, detailed=False)
    assert not any(environment.critical for environment in environments[1:])


def test_a_project_has_its_first_environments_and_their_total(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.add_project("large", "Large")
    for number in range(45):
        sandbox.add_environment("large", f"env-{number}", f"Environment {number}")
    large = {project.key: project for project in client.projects()}["large"]
    assert 0 < len(large.environments) < 45
    assert large.total == 45


def test_a_destination_has_its_project_and_environment(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    added = sandbox.add_destination("web-shop", "test", name="Events", kind="clickhouse", on=False)
    found = {destination.id: destination for destination in client.destinations()}[added]
    assert replace(found, created_at=None) == Destination(
        added, "web-shop", "test", "Events", "clickhouse", on=False, version=1
    )


def test_a_destination_has_its_configuration_and_creation_time(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    config = {"project": "analytics", "topic": "events"}
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    added = sandbox.add_destination("web-shop", "test", kind="google-pubsub", config=config)
    found = {destination.id: destination for destination in client.destinations()}[added]
    assert found.config == config
    assert found.created_at is not None
    assert before <= found.created_at <= datetime.now(UTC)
    assert "analytics" not in repr(found)


@pytest.mark.parametrize("odd", [None, "soon", True, 10**30, -(10**30), 1.5, [1]])
def test_an_invalid_creation_time_is_none(odd: object, sandbox: SandboxServer, client: LaunchDarkly) -> None:
    items: list[object] = [{"_id": "5eed", "createdAt": odd, "version": odd, "config": odd}]
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": items}))
    [found] = client.destinations()
    assert found.created_at is None
    assert found.config == {}


def test_sdk_keys_are_dropped_on_arrival(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script(
        "GET",
        f"{PROJECTS}/web-shop/environments",
        Status(200, {"items": [{"key": "a", "apiKey": "sdk-marker", "mobileKey": "mob-marker"}]}),
    )
    environments = [*client.environments("web-shop"), *client.environments("web-shop")]
    shown = repr([[asdict(item) for item in environments], [asdict(item) for item in client.projects()]])
    assert "'a'" in shown
    assert "web-shop" in shown
    assert not any(word in shown.lower() for word in ("sdk-", "mob-", "apikey", "mobilekey", "marker"))


def test_invalid_items_never_empty_the_list_of_destinations(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    here = {"self": {"href": "/api/v2/destinations/web-shop/test/5eed"}}
    items: list[object] = [
        {"_id": "5eed", "name": "New", "kind": "carrier-pigeon", "on": True, "_links": here, "config": {}},
        {},
        {"_id": 7, "name": None, "kind": ["x"], "on": "yes", "_links": []},
        {"_links": {"self": {"href": 5}}},
        {"_links": {"self": {"href": "/api/v2/elsewhere/web-shop/test/5eed"}}},
        {"_id": "odd", "name": "half a character \ud800, and \0"},
        "a text",
        None,
        [],
    ]
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": items}))
    assert client.destinations() == [
        Destination("5eed", "web-shop", "test", "New", "carrier-pigeon", on=True),
        Destination("odd", "", "", "half a character \ufffd, and \ufffd", "", on=None),
    ]


def test_a_project_or_environment_without_a_key_is_left_out(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    items: list[object] = [{"key": "web"}, {"name": "x"}, {"key": 5}, {"key": ""}, 3]
    sandbox.script("GET", f"{PROJECTS}/web/environments", Status(200, {"items": items}))
    sandbox.script("GET", PROJECTS, Status(200, {"items": [*items, {"key": "shop", "environments": {"items": items}}]}))
    assert client.environments("web") == [Environment("web", "web", critical=False)]
    web, shop = client.projects()
    assert web == Project("web", "web", (), 0)
    assert shop == Project("shop", "shop", (Environment("web", "web", critical=False),), 1)


@pytest.mark.parametrize("total", [10**400, -1, 1.5, True, "5", None])
def test_an_invalid_total_is_the_number_of_environments_received(
    total: object, sandbox: SandboxServer, client: LaunchDarkly
) -> None:
    embedded = {"items": [{"key": "test"}], "totalCount": total}
    sandbox.script("GET", PROJECTS, Status(200, {"items": [{"key": "web", "environments": embedded}]}))
    assert [project.total for project in client.projects()] == [1]


def test_an_item_with_an_invalid_id_or_key_is_left_out(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    ids = ["x" * 101, "\x1b[2J", "a b", "\u202e"]
    items: list[object] = [{"_id": odd, "_links": {"self": {"href": "/api/v2/destinations/a/b/c"}}} for odd in ids]
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": items}))
    assert {destination.id for destination in client.destinations()} == {""}
    keys = ["a/b", "a" * 257, "\x1b[2J", "..", "web"]
    sandbox.script("GET", PROJECTS, Status(200, {"items": [{"key": key} for key in keys]}))
    assert [project.key for project in client.projects()] == ["web"]


def test_a_list_of_empty_objects_is_an_empty_list(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": [{}] * 100_000}))
    assert client.destinations() == []


@pytest.mark.parametrize(
    "items",
    [
        b"{}," * 300_000 + b"{}",
        b'{"_id":"a"},' * 100_000 + b'{"_id":"a"}',
        b'{"_id":"a","config":' + b"[" * 100 + b"]" * 100 + b"}",
        b"," * 10,
        b'{"_id":"a","version":NaN}' + b"]" * 5,
    ],
    ids=["empty objects", "ids", "nesting", "no JSON", "too many brackets"],
)
def test_a_list_that_is_too_long_is_refused(items: bytes, sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(200, b'{"items":[' + items + b"]}"))
    with pytest.raises(BadResponse):
        client.destinations()


@pytest.mark.parametrize(("value", "depth"), [([], 1), ({"a": 1}, 1), ({"a": [1]}, 2), ([[], {"a": {}}], 3)])
def test_each_level_of_json_counts_once(value: object, depth: int) -> None:
    assert is_shallow(value, depth)
    assert not is_shallow(value, depth - 1)


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, {"items": "x"}, [], "x", 3])
def test_a_response_without_items_is_an_empty_list(sandbox: SandboxServer, client: LaunchDarkly, body: object) -> None:
    wrapped: Fault = Status(200, body) if isinstance(body, dict | list) else Status(200, repr(body).replace("'", '"'))
    sandbox.script("GET", "/", wrapped, times=2)
    assert client.destinations() == []
    assert client.projects() == []


@pytest.mark.parametrize("links", [None, [], {"next": None}, {"next": {}}, {"next": {"href": None}}])
def test_a_list_without_a_usable_next_link_ends_there(
    sandbox: SandboxServer, client: LaunchDarkly, links: object
) -> None:
    sandbox.script("GET", PROJECTS, Status(200, {"items": [{"key": "web"}], "_links": links}))
    assert [project.key for project in client.projects()] == ["web"]


def test_a_loop_of_next_links_ends(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    page: dict[str, object] = {"items": [{"key": "web"}], "_links": {"next": {"href": f"{PROJECTS}?offset=20"}}}
    sandbox.script("GET", PROJECTS, Status(200, page), times=None)
    assert [project.key for project in client.projects()] == ["web", "web"]


@pytest.mark.parametrize(
    "href",
    [
        "{other}/api/v2/projects",
        "//127.0.0.1:{port}/api/v2/projects",
        "{sandbox}@127.0.0.1:{port}/api/v2/projects",
        "{sandbox}.example.com/api/v2/projects",
        "/elsewhere",
        "https://127.0.0.1:{port}/api/v2/projects",
        "file:///etc/hostname",
        "//[",
        "http://[::1/api/",
    ],
)
def test_a_next_link_to_another_host_is_not_followed(sandbox: SandboxServer, client: LaunchDarkly, href: str) -> None:
    with SilentServer() as other:
        link = href.format(other=other.url, port=other.port, sandbox=sandbox.url)
        page: dict[str, object] = {"items": [{"key": "web"}], "_links": {"next": {"href": link}}}
        sandbox.script("GET", PROJECTS, Status(200, page))
        with pytest.raises(BadResponse):
            client.projects()
        assert not other.visited
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize("fault", [Status(500), Status(503), Drop(), Reset()])
def test_a_read_is_retried_after_a_fault(sandbox: SandboxServer, client: LaunchDarkly, fault: Fault) -> None:
    sandbox.script("GET", DESTINATIONS, fault)
    assert [destination.project for destination in client.destinations()] == ["mobile-app"]
    assert sandbox.count("GET") == 2


def test_a_read_is_retried_after_a_truncated_response(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"items":['))
    assert len(client.destinations()) == 1


def test_a_read_has_a_limit_of_retries(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(502), times=None)
    with pytest.raises(BadResponse) as caught:
        client.destinations()
    assert caught.value.status == 502
    assert sandbox.count("GET") == 3


@pytest.mark.parametrize(
    ("error", "attempt", "seconds"),
    [
        (Busy("Wait.", retry_after=5), 1, 5.5),
        (Busy("Wait.", retry_after=5), 2, 5.5),
        (NotSent("No."), 1, 0.3),
        (BadResponse("No.", status=500), 2, 0.6),
        (BadResponse("No.", status=499), 1, None),
        (BadResponse("No."), 1, None),
    ],
)
def test_the_pause_before_a_retry_doubles_or_is_the_one_asked_for(
    error: LaunchDarklyError, attempt: int, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    assert pause_before_retry(error, attempt) == (None if seconds is None else pytest.approx(seconds))


def test_a_read_waits_for_the_rate_limit_if_there_is_time(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, RateLimited(0.5))
    assert len(client.destinations()) == 1
    assert sandbox.count("GET") == 2


def test_a_read_does_not_wait_longer_than_its_deadline(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, RateLimited(30), times=None)
    with pytest.raises(Busy) as caught:
        client.destinations()
    assert 29 <= caught.value.retry_after <= 30
    assert sandbox.count("GET") == 1


@pytest.mark.parametrize("fault", [Status(401), Status(404), Status(302), NotJson()])
def test_a_read_is_not_retried_when_a_retry_could_not_help(
    sandbox: SandboxServer, client: LaunchDarkly, fault: Fault
) -> None:
    sandbox.script("GET", DESTINATIONS, fault, times=None)
    with pytest.raises(LaunchDarklyError):
        client.destinations()
    assert sandbox.count("GET") == 1


def test_an_unknown_token_is_reported(sandbox: SandboxServer) -> None:
    sandbox.script("GET", "/", Status(401), times=None)
    with pytest.raises(NotAllowed, match="LAUNCHDARKLY_TOKEN"):
        connected(sandbox.url).projects()


def test_a_long_list_is_read_to_its_end(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    items = [{"_id": str(number), "name": "x" * 500} for number in range(2000)]
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": items}))
    assert len(client.destinations()) == 2000


def test_an_endless_list_is_an_error(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": ["x" * 1_000_000] * 9}), times=None)
    with pytest.raises(BadResponse):
        client.destinations()
    assert sandbox.count("GET") == 1


def test_threads_share_a_client_and_no_connection(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    together = threading.Barrier(8)

    def read(_: int) -> int:
        together.wait(10)
        first = client.destinations()
        together.wait(10)
        return len(first) + len(client.destinations())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(8))) == [2] * 8
    connections = [request.connection for request in sandbox.requests]
    assert len(set(connections[:8])) == 8
    assert set(connections[8:]) == set(connections[:8])
