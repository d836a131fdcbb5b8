"""Project and environment are accepted by name as well as by key; secrets in them and beside them are named."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, create_url
from tests.support.form_data import CONNECTION_STRING, form_data
from tests.support.html import read

KINESIS, EVENT_HUBS = kinds.registry()["kinesis"], kinds.registry()["azure-event-hubs"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


@pytest.mark.parametrize("project", ["web-shop", "Web shop", "web SHOP", "Web shop (web-shop)", " “Web shop” "])
@pytest.mark.parametrize("environment", ["staging", "Staging", "Staging (staging)"])
def test_a_name_is_as_good_as_a_key(client: Client, sandbox: SandboxServer, project: str, environment: str) -> None:
    response = client.post(create_url(KINESIS), form_data(KINESIS, project=project, environment=environment))

    assert response.status_code == 303
    made = AuditRecord.objects.get()
    assert (made.project, made.environment) == ("web-shop", "staging")
    assert sandbox.count("POST", "/api/v2/destinations/web-shop/staging") == 1


def test_an_ambiguous_name_is_refused(client: Client, sandbox: SandboxServer) -> None:
    sandbox.add_environment("web-shop", "staging-2", "Staging")

    response = client.post(create_url(KINESIS), form_data(KINESIS, environment="Staging"))

    page = read(response)
    assert response.status_code == 422
    assert "Several environments of the project have this name. Choose one from the list." in page.text
    assert sandbox.count("POST") == 0
    assert client.post(create_url(KINESIS), form_data(KINESIS, environment="staging")).status_code == 303


def test_a_projects_name_loads_its_environments(client: Client) -> None:
    data = {"project": "Mobile app", "environment": "Staging"}

    page = read(client.post(f"{create_url(KINESIS)}environments/", data, headers=HTMX))

    assert page.form()["environment"] == "staging"


def test_a_critical_environment_is_labelled_before_any_error(client: Client) -> None:
    page = read(client.get(create_url(KINESIS), {"project": "web-shop", "environment": "production"}))

    assert [element.text for element in page.find("label", **{"for": "id_critical_key"})] == [
        "Type “production” to confirm"
    ]


def test_each_discarded_secret_names_its_field(client: Client) -> None:
    changes = {"config-namespace": CONNECTION_STRING, "reason": CONNECTION_STRING}

    page = read(client.post(create_url(EVENT_HUBS), form_data(EVENT_HUBS) | changes))

    lines = [line for line in ("Namespace", "Reason") if f"{line}: this looked like a secret" in page.text]
    assert lines == ["Namespace", "Reason"]
    assert "marker-of-the-key" not in page.html


def test_a_new_form_begins_with_a_suggested_name(client: Client) -> None:
    place = {"project": "web-shop", "environment": "test"}

    assert read(client.get(create_url(KINESIS), place)).form()["name"] == "Test events to Amazon Kinesis"
    assert read(client.get(create_url(KINESIS))).form()["name"] == ""


@pytest.mark.parametrize(
    "key",
    ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYzq4marker8", "AKIA4MARKER8KEY5EXMP", "8f14e45fceea167a5a36dedd4bea2543"],
    ids=["AWS secret", "AWS key", "hexadecimal"],
)
def test_a_key_in_the_reason_is_refused_and_not_shown_back(client: Client, sandbox: SandboxServer, key: str) -> None:
    response = client.post(create_url(KINESIS), form_data(KINESIS, reason=f"OPS-12, with {key}"))

    page = read(response)
    assert response.status_code == 422
    assert "Reason: this looked like a secret" in page.text
    assert key not in page.html
    assert sandbox.count("POST") == 0


def test_links_and_tickets_in_the_reason_are_fine(client: Client) -> None:
    reason = "https://github.com/acme/infra/pull/1234, OPS-12345, commit 356a192b7913b04c54574d18c28d46e6395428ab"

    assert client.post(create_url(KINESIS), form_data(KINESIS, reason=reason)).status_code == 303
