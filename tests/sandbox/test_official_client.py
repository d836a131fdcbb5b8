"""LaunchDarkly's own client for Python works with the sandbox, and every response fits its models.

Its interfaces are ``Any`` here: the models call every attribute possibly missing, and these tests say which are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import launchdarkly_api
import pytest
from launchdarkly_api.exceptions import ConflictException, ForbiddenException, NotFoundException, UnauthorizedException

from destinations_ui.sandbox import SandboxServer
from tests.sandbox.client import TOKEN

KINDS: dict[str, dict[str, Any]] = {
    "azure-event-hubs": {
        "namespace": "contoso-events",
        "name": "launchdarkly",
        "policyName": "launchdarkly-send",
        "policyKey": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=",
    },
    "google-pubsub": {"project": "acme-analytics", "topic": "launchdarkly-events"},
    "kinesis": {
        "region": "us-east-1",
        "roleArn": "arn:aws:iam::123456789012:role/marketingadmin",
        "streamName": "cat-stream",
    },
    "mparticle": {
        "apiKey": "mparticle-server-key",
        "secret": "mparticle-server-secret",
        "environment": "development",
        "userIdentities": [
            {"ldContextKind": "device", "mparticleUserIdentity": "google"},
            {"ldContextKind": "user", "mparticleUserIdentity": "customer_id"},
        ],
    },
    "segment": {"writeKey": "segment-write-key-0123456789", "userIDContextKind": "user"},
    "snowflake-v2": {
        "snowflakeHostAddress": "https://myorg-account123.snowflakecomputing.com",
        "publicKey": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
    },
}
SECRETS = ("policyKey", "apiKey", "secret", "writeKey")


def client(sandbox: SandboxServer, token: str) -> launchdarkly_api.ApiClient:
    configuration = launchdarkly_api.Configuration(host=sandbox.url, api_key={"ApiKey": token})
    return launchdarkly_api.ApiClient(configuration)


@pytest.fixture
def official(sandbox: SandboxServer) -> Iterator[launchdarkly_api.ApiClient]:
    with client(sandbox, TOKEN) as connection:
        yield connection
        connection.rest_client.pool_manager.clear()


@pytest.fixture
def destinations(official: launchdarkly_api.ApiClient) -> Any:
    return launchdarkly_api.DataExportDestinationsApi(official)


def post(kind: str, **changes: Any) -> launchdarkly_api.DestinationPost:
    values: dict[str, Any] = {"name": f"A {kind}", "kind": kind, "on": True, "config": KINDS[kind]} | changes
    return launchdarkly_api.DestinationPost(**values)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_created_and_then_listed_and_read(destinations: Any, kind: str) -> None:
    response = destinations.post_destination_with_http_info("web-shop", "staging", post(kind))
    assert response.status_code == 201
    created = response.data
    assert (created.name, created.kind, created.on, created.version) == (f"A {kind}", kind, True, 1)
    for key, sent in KINDS[kind].items():
        assert (created.config[key] == sent) is (key not in SECRETS)
    assert created == destinations.get_destination("web-shop", "staging", created.id)
    assert created in destinations.get_destinations().items
    assert created.links["self"].href == f"/api/v2/destinations/web-shop/staging/{created.id}"


def test_the_seeded_destination_is_listed(
    destinations: Any,
) -> None:
    [only] = destinations.get_destinations().items
    assert only.kind == "kinesis"
    assert "/mobile-app/development/" in only.links["self"].href
    assert only.created_at > 1_000_000_000_000
    assert len(only.maintainer_id) == 24


def test_mparticle_gets_its_legacy_identity(destinations: Any) -> None:
    created = destinations.post_destination("web-shop", "test", post("mparticle"))
    assert created.config["userIdentity"] == "customer_id"


def test_a_destination_is_patched(destinations: Any) -> None:
    created = destinations.post_destination("web-shop", "staging", post("google-pubsub"))
    operation = launchdarkly_api.PatchOperation
    patch = [
        operation(op="replace", path="/name", value="Renamed"),
        operation(op="replace", path="/on", value=False),
        operation(op="replace", path="/config/topic", value="other-topic"),
    ]
    changed = destinations.patch_destination("web-shop", "staging", created.id, patch)
    assert (changed.name, changed.on, changed.version) == ("Renamed", False, 2)
    assert changed.config == {"project": "acme-analytics", "topic": "other-topic"}


def test_a_destination_is_deleted(destinations: Any) -> None:
    created = destinations.post_destination("web-shop", "staging", post("kinesis"))
    assert destinations.delete_destination_with_http_info("web-shop", "staging", created.id).status_code == 204
    with pytest.raises(NotFoundException):
        destinations.get_destination("web-shop", "staging", created.id)


def test_a_trust_policy_is_generated(destinations: Any) -> None:
    policy = destinations.post_generate_trust_policy("web-shop", "staging").aws_trust_policy
    assert policy.version == "2012-10-17"
    assert policy.statement[0].effect == "Allow"


def test_a_second_destination_in_an_environment_is_a_conflict(
    destinations: Any,
) -> None:
    destinations.post_destination("web-shop", "staging", post("kinesis"))
    with pytest.raises(ConflictException):
        destinations.post_destination("web-shop", "staging", post("segment"))


def test_all_projects_are_found_by_following_pages(
    sandbox: SandboxServer, official: launchdarkly_api.ApiClient
) -> None:
    for number in range(42):
        sandbox.add_project(f"extra-{number}", f"Extra {number}")
    api: Any = launchdarkly_api.ProjectsApi(official)
    keys: list[str] = []
    pages = 0
    more = True
    while more:
        response = api.get_projects(offset=len(keys), sort="name")
        keys += [project.key for project in response.items]
        pages += 1
        more = "next" in response.links
        assert response.total_count == 45
    assert pages == 3
    assert len(set(keys)) == 45


def test_all_environments_are_found_by_following_pages(
    sandbox: SandboxServer, official: launchdarkly_api.ApiClient
) -> None:
    for number in range(21):
        sandbox.add_environment("web-shop", f"extra-{number}", f"Extra {number}")
    api: Any = launchdarkly_api.EnvironmentsApi(official)
    first = api.get_environments_by_project("web-shop")
    second = api.get_environments_by_project("web-shop", offset=20)
    assert [len(first.items), len(second.items)] == [20, 5]
    assert "next" in first.links
    assert "next" not in second.links


def test_environments_have_sdk_keys_and_a_critical_flag(
    official: launchdarkly_api.ApiClient,
) -> None:
    api: Any = launchdarkly_api.EnvironmentsApi(official)
    environments = {item.key: item for item in api.get_environments_by_project("web-shop").items}
    assert environments["production"].critical
    assert not environments["staging"].critical
    assert environments["test"].api_key.startswith("sdk-")
    assert environments["test"].mobile_key.startswith("mob-")
    assert api.get_environment("web-shop", "test") == environments["test"]


def test_projects_can_embed_their_environments(official: launchdarkly_api.ApiClient) -> None:
    api: Any = launchdarkly_api.ProjectsApi(official)
    for project in api.get_projects(expand="environments").items:
        assert project.environments.total_count == len(project.environments.items) > 2
    assert api.get_project("web-shop").environments is None
    assert api.get_project("web-shop", expand="environments").environments.total_count == 4


def test_the_other_endpoints_respond(official: launchdarkly_api.ApiClient) -> None:
    kinds = launchdarkly_api.ContextsApi(official).get_context_kinds_by_project_key("web-shop")
    assert "user" in [kind.key for kind in kinds.items]
    other = launchdarkly_api.OtherApi(official)
    assert other.get_caller_identity().service_token
    assert other.get_versions().current_version == 20240415


def test_tokens_are_checked(sandbox: SandboxServer) -> None:
    with client(sandbox, "sdk-123") as stranger, pytest.raises(UnauthorizedException):
        launchdarkly_api.DataExportDestinationsApi(stranger).get_destinations()
    with client(sandbox, "api-readonly-1") as reader:
        api: Any = launchdarkly_api.DataExportDestinationsApi(reader)
        assert api.get_destinations().items[0].access.denied
        with pytest.raises(ForbiddenException):
            api.post_destination("web-shop", "staging", post("kinesis"))
    assert len(sandbox.destinations()) == 1
