"""Creating, changing and deleting destinations, and obfuscating their secrets."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from destinations_ui.sandbox import SandboxServer
from destinations_ui.sandbox.obfuscation import obfuscate, without_secrets
from tests.sandbox.client import KINESIS, Reply, create, send

MARKER = "marker-3f9c1a-very-secret"


def patch(sandbox: SandboxServer, created: Reply, body: object) -> Reply:
    return send(sandbox, "PATCH", created.json["_links"]["self"]["href"], body)


def test_a_created_destination_has_the_documented_fields(sandbox: SandboxServer) -> None:
    reply = create(sandbox, on=True)
    body = reply.json
    assert reply.status == 201
    assert re.fullmatch("[0-9a-f]{24}", body["_id"])
    assert body["_links"]["parent"]["href"] == "/api/v2/destinations"
    assert (body["name"], body["kind"], body["on"], body["version"]) == ("Clicks", "kinesis", True, 1)
    assert body["config"] == KINESIS
    assert {allowed["action"] for allowed in body["_access"]["allowed"]} > {"updateOn", "deleteDestination"}


def test_without_on_a_destination_is_off(sandbox: SandboxServer) -> None:
    body = {"name": "Quiet", "kind": "kinesis", "config": KINESIS}
    assert send(sandbox, "POST", "/api/v2/destinations/web-shop/test", body).json["on"] is False


def test_unknown_fields_are_ignored(sandbox: SandboxServer) -> None:
    reply = create(sandbox, tags=["one"], maintainerId="somebody", version=7)
    assert (reply.status, reply.json["version"]) == (201, 1)
    assert "tags" not in reply.json


def test_a_streaming_kinds_values_are_not_validated(sandbox: SandboxServer) -> None:
    assert create(sandbox, config={"anything": ["at", {"all": None}]}).status == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "clickhouse"},
        {"kind": None},
        {"kind": ["kinesis"]},
        {"config": None},
        {"config": '{"region": "us-east-1"}'},
        {"config": []},
        {"name": 5},
        {"on": "true"},
    ],
)
def test_a_request_that_violates_the_schema_is_refused(sandbox: SandboxServer, changes: dict[str, Any]) -> None:
    reply = create(sandbox, **changes)
    assert (reply.status, reply.json["code"]) == (400, "invalid_request")
    assert len(sandbox.destinations()) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\xff", b"[" * 100_000, b'{"on": NaN}', b"1" * 9_999],
    ids=repr,
)
def test_a_body_that_is_not_a_json_object_is_refused(sandbox: SandboxServer, body: bytes) -> None:
    body = body[:100_000]
    assert send(sandbox, "POST", "/api/v2/destinations/web-shop/test", body).status == 400


def test_a_config_nested_too_deep_is_refused(sandbox: SandboxServer) -> None:
    config: dict[str, object] = {}
    for _ in range(200):
        config = {"deeper": config}
    assert create(sandbox, config=config).status == 400
    assert send(sandbox, "GET", "/api/v2/destinations").status == 200


@pytest.mark.parametrize("environment", ["unknown/production", "web-shop/unknown"])
def test_an_unknown_environment_is_not_found(sandbox: SandboxServer, environment: str) -> None:
    assert create(sandbox, environment).status == 404


def test_an_environment_takes_one_destination_whatever_its_kind(sandbox: SandboxServer) -> None:
    assert create(sandbox).status == 201
    reply = create(sandbox, kind="segment", config={"writeKey": "x"})
    assert reply.status == 409
    assert "already exists" in reply.json["message"]
    assert "one destination per environment" in reply.json["message"]
    assert create(sandbox, "web-shop/test").status == 201


def test_of_many_simultaneous_creations_one_succeeds(sandbox: SandboxServer) -> None:
    replies: list[int] = []
    threads = [threading.Thread(target=lambda: replies.append(create(sandbox).status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [201, *[409] * 11]


def test_tests_can_add_destinations_that_the_api_would_refuse(sandbox: SandboxServer) -> None:
    added = sandbox.add_destination("web-shop", "test", kind="carrier-pigeon", config={"apiKey": MARKER})
    sandbox.add_destination("web-shop", "test", name="A second one")
    items = send(sandbox, "GET", "/api/v2/destinations").json["items"]
    assert [item["kind"] for item in items] == ["kinesis", "carrier-pigeon", "google-pubsub"]
    assert items[1]["_id"] == added
    assert items[1]["config"] == {"apiKey": "mar****ret"}


@pytest.mark.parametrize("key", ["policyKey", "apiKey", "secret", "writeKey", "policy_key", "accessToken"])
def test_a_secret_is_never_seen_again(sandbox: SandboxServer, key: str) -> None:
    config = {key: MARKER, "nested": [{key: MARKER}], "namespace": "contoso"}
    created = create(sandbox, config=config)
    path = created.json["_links"]["self"]["href"]
    replies = [
        created,
        send(sandbox, "GET", path),
        send(sandbox, "GET", "/api/v2/destinations"),
        patch(sandbox, created, [{"op": "add", "path": f"/config/{key}", "value": f"other-{MARKER}"}]),
        patch(sandbox, created, [{"op": "replace", "path": "/config", "value": {key: MARKER}}]),
        send(sandbox, "GET", "/"),
    ]
    assert [reply.status for reply in replies] == [201, 200, 200, 200, 200, 200]
    assert not any(MARKER.encode() in reply.body for reply in replies)
    assert created.json["config"]["namespace"] == "contoso"
    assert created.json["config"][key] == "mar****ret"
    assert MARKER not in repr(sandbox.destinations())
    assert MARKER not in repr(vars(sandbox.state))
    assert MARKER.encode() in sandbox.requests[0].body
    assert MARKER not in repr(sandbox.requests)


@pytest.mark.parametrize("value", [MARKER, "short", "", None, 5, ["list"], {"a": "b"}])
def test_obfuscating_is_idempotent(value: object) -> None:
    once = obfuscate(value)
    assert obfuscate(once) == once
    assert without_secrets({"secret": value}) == {"secret": once}


def test_short_secrets_show_nothing() -> None:
    assert obfuscate("twelve-chars") == "****"
    assert obfuscate("thirteen-chars") == "thi****ars"


@pytest.mark.parametrize(
    ("rows", "identity"),
    [
        ([{"ldContextKind": "device", "mparticleUserIdentity": "google"}], "google"),
        ([], None),
        ("not a list", None),
        (["not a row"], None),
    ],
)
def test_the_legacy_identity_comes_from_the_rows(sandbox: SandboxServer, rows: object, identity: str | None) -> None:
    created = create(sandbox, kind="mparticle", config={"userIdentities": rows})
    assert created.json["config"].get("userIdentity") == identity


def test_a_patch_with_a_comment_is_applied(sandbox: SandboxServer) -> None:
    created = create(sandbox)
    operations = [
        {"op": "test", "path": "/version", "value": 1},
        {"op": "test", "path": "/config/region", "value": "us-east-1"},
        {"op": "replace", "path": "/kind", "value": "kinesis"},
        {"op": "add", "path": "/config/a~1b", "value": 1},
        {"op": "remove", "path": "/config/region"},
    ]
    changed = patch(sandbox, created, {"comment": "why", "patch": operations})
    assert (changed.status, changed.json["version"]) == (200, 2)
    assert changed.json["config"].keys() == {"roleArn", "streamName", "a/b"}


@pytest.mark.parametrize(
    "test",
    [
        {"op": "test", "path": "/version", "value": 2},
        {"op": "test", "path": "/version", "value": True},
        {"op": "test", "path": "/config/none", "value": None},
        {"op": "test", "path": "/nothing", "value": None},
    ],
)
def test_a_failing_test_is_a_conflict_and_changes_nothing(sandbox: SandboxServer, test: object) -> None:
    created = create(sandbox)
    rename = {"op": "replace", "path": "/name", "value": "Renamed"}
    for operations in ([test, rename], [rename, test]):
        assert patch(sandbox, created, operations).status == 409
    after = send(sandbox, "GET", created.json["_links"]["self"]["href"]).json
    assert (after["name"], after["version"]) == ("Clicks", 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        ({"name": "A merge patch"}, 422),
        ("text", 422),
        ([5], 400),
        ([{"op": "replace"}], 400),
        ([{"op": "replace", "path": "/name"}], 400),
        ([{"op": "replace", "path": "name", "value": "x"}], 400),
        ([{"op": "move", "from": "/name", "path": "/config/x", "value": ""}], 400),
        ([{"op": "remove", "path": "/name"}], 400),
        ([{"op": "replace", "path": "/kind", "value": "segment"}], 400),
        ([{"op": "replace", "path": "/name", "value": 5}], 400),
        ([{"op": "replace", "path": "/config", "value": "x"}], 400),
        ([{"op": "replace", "path": "/config/none", "value": "x"}], 400),
        ([{"op": "remove", "path": "/config/none"}], 400),
        ([{"op": "add", "path": "/version", "value": 5}], 400),
    ],
)
def test_an_invalid_patch_is_refused(sandbox: SandboxServer, body: object, status: int) -> None:
    created = create(sandbox)
    before = sandbox.destinations()
    assert patch(sandbox, created, body).status == status
    assert sandbox.destinations() == before


def test_after_a_delete_the_environment_takes_a_new_destination(sandbox: SandboxServer) -> None:
    path = create(sandbox).json["_links"]["self"]["href"]
    reply = send(sandbox, "DELETE", path)
    assert (reply.status, reply.body) == (204, b"")
    assert "content-length" not in reply.headers
    assert [send(sandbox, method, path).status for method in ("GET", "DELETE")] == [404, 404]
    assert create(sandbox).status == 201
