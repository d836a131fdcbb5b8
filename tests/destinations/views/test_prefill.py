"""A new form filled from an earlier attempt or from a destination that LaunchDarkly has."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.destinations import actions
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer, Status
from tests.destinations.views.creating import create_url, secrets_of
from tests.support.attempts import KINDS, attempt, record
from tests.support.form_data import form_data
from tests.support.html import Page, read

KINESIS, MPARTICLE = kinds.registry()["kinesis"], kinds.registry()["mparticle"]

pytestmark = pytest.mark.django_db
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


def expected(kind: Kind, **changed: str) -> dict[str, str]:
    """Return what the form has to show: all that was typed but secrets, environment, reason and one-time number."""
    secret = {f"config-{field.name}" for field in kind.fields if field.secret}
    replaced = {f"config-{field.old}": "" for field in kind.replaced}
    data = form_data(kind) | {"environment": "", "reason": ""} | replaced | changed
    return {name: value for name, value in data.items() if name not in secret | {"submission"}}


def opened(client: Client, kind: Kind, **query: str) -> Page:
    """Open a kind's form."""
    response = client.get(create_url(kind), query)
    assert response.status_code == 200
    return read(response)


@each_kind
def test_an_attempt_fills_all_but_its_secrets_and_its_environment(client: Client, operator: User, kind: Kind) -> None:
    made = actions.create_destination(attempt(operator, kind.slug)).record
    link = f"{create_url(kind)}?from={made.uuid}"
    assert link in read(client.get(made.get_absolute_url())).links

    page = opened(client, kind, **{"from": str(made.uuid)})

    assert expected(kind).items() <= page.form().items()
    assert "Filled from Web shop events" in page.text
    assert made.get_absolute_url() in page.links
    assert not any(secret in page.html for secret in secrets_of(kind))


@each_kind
def test_a_destination_of_launchdarklys_fills_the_same(
    client: Client, operator: User, sandbox: SandboxServer, kind: Kind
) -> None:
    made = actions.create_destination(attempt(operator, kind.slug)).record
    link = f"{create_url(kind)}?like={made.destination_id}"
    assert link in read(client.get("/", {"refresh": "yes", "q": "web-shop"})).links

    page = opened(client, kind, like=made.destination_id)

    shown = page.form()
    assert expected(kind).items() <= shown.items()
    assert not any(secret in page.html for secret in secrets_of(kind))
    for field in kind.fields:
        if field.secret:
            assert shown[f"config-{field.name}"] == ""
            # Neither is what LaunchDarkly shows in its place.
            assert field.example[:3] not in "".join(e.attrs.get("value", "") for e in page.elements)


def test_an_environment_in_the_address_is_taken(client: Client) -> None:
    page = opened(client, KINESIS, **{"from": str(record().uuid), "environment": "test"})

    assert page.form()["environment"] == "test"


@each_kind
def test_a_new_attempt_keeps_the_environment_and_all_but_secrets_and_reason(
    client: Client, operator: User, sandbox: SandboxServer, kind: Kind
) -> None:
    sandbox.script("POST", "/api/v2/destinations", Status(400))
    made = actions.create_destination(attempt(operator, kind.slug)).record
    link = f"{create_url(kind)}?from={made.uuid}&again=yes"
    assert link in read(client.get(made.get_absolute_url())).links

    page = opened(client, kind, **{"from": str(made.uuid), "again": "yes"})

    assert expected(kind, environment=made.environment).items() <= page.form().items()
    assert not any(secret in page.html for secret in secrets_of(kind))


@pytest.mark.parametrize("outcome", ["succeeded", "pending", "unknown"])
def test_only_what_created_nothing_can_be_tried_again(client: Client, outcome: str) -> None:
    made = record(outcome=outcome)

    assert f"{create_url(KINESIS)}?from={made.uuid}&again=yes" not in read(client.get(made.get_absolute_url())).links


def test_another_kinds_form_gets_what_all_kinds_have(client: Client) -> None:
    page = opened(client, MPARTICLE, **{"from": str(record(name="Stream of clicks").uuid)})

    assert page.form()["name"] == "Stream of clicks"
    assert page.form()["config-user_identity"] == ""


@pytest.mark.parametrize("config", [{"region": 7, "streamName": ["x"]}, {"region": None}, {"unknown": "x"}])
def test_a_configuration_of_any_shape_breaks_nothing(client: Client, config: dict[str, Any]) -> None:
    page = opened(client, KINESIS, **{"from": str(record(config=config).uuid)})

    assert page.form()["config-stream_name"] == ""


@pytest.mark.parametrize("query", ["from", "like"])
@pytest.mark.parametrize("text", ["", "x", "00000000-0000-4000-8000-000000000000", "../..", "<b>", "\0", "x" * 3_000])
def test_what_is_not_there_is_said_and_the_form_opens(client: Client, query: str, text: str) -> None:
    page = opened(client, KINESIS, **{query: text})

    assert "Couldn’t fill the form" in page.text
    assert "<b>" not in page.html


def test_who_may_not_see_records_gets_nothing_of_one(client: Client, nobody: User) -> None:
    nobody.user_permissions.add(Permission.objects.get(codename="create_destination"))
    client.force_login(nobody)

    page = opened(client, KINESIS, **{"from": str(record(name="Not for all eyes").uuid)})

    assert "Not for all eyes" not in page.html
    assert "Couldn’t fill the form" in page.text


def test_without_launchdarkly_the_form_opens_and_says_so(client: Client, settings: Settings) -> None:
    settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

    assert "Couldn’t fill the form" in opened(client, KINESIS, like="61").text


def test_what_stands_for_a_secret_is_neither_shown_nor_cached(
    client: Client, sandbox: SandboxServer, settings: Settings, tmp_path: Any
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    }
    item = {
        "_id": "61",
        "name": "Odd",
        "kind": "azure-event-hubs",
        "on": True,
        "config": {"namespace": "contoso-events", "policyKey": "marker-of-the-key", "secret": "marker-too"},
    }
    sandbox.script("GET", "/api/v2/destinations", Status(200, {"items": [item]}))

    page = opened(client, kinds.registry()["azure-event-hubs"], like="61")

    assert page.form()["config-namespace"] == "contoso-events"
    assert "marker" not in page.html
    assert not any(b"marker" in path.read_bytes() for path in tmp_path.rglob("*.djcache"))
    assert cache.get("nothing") is None
