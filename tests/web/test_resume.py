"""A form whose session ended: nothing is sent, and nothing but secrets is lost."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.sandbox import SandboxServer
from tests.support.form_data import form_data

HTMX = {"HX-Request": "true", "HX-Target": "main"}
KINDS = list(kinds.registry().values())

pytestmark = pytest.mark.django_db


def secrets_of(kind: kinds.Kind) -> list[str]:
    """Return the secrets in a kind's examples."""
    return [secret.reveal() for secret in kind.split(kind.examples()).secrets.values()]


def plain_of(kind: kinds.Kind, data: dict[str, str]) -> dict[str, str]:
    """Return what was filled in, without the secrets."""
    return {name: value for name, value in data.items() if value not in secrets_of(kind)}


def carried(page: str) -> dict[str, str]:
    """Return the hidden inputs of a page."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_without_a_session_the_page_keeps_what_was_typed(
    client: Client, operator: User, sandbox: SandboxServer, kind: kinds.Kind
) -> None:
    data = form_data(kind)
    address = f"/destinations/new/{kind.slug}/"

    response = client.post(address, data)

    page = response.content.decode()
    assert response.status_code == 401
    assert "You have been signed out" in page
    kept = {name: value for name, value in carried(page).items() if name != "csrfmiddlewaretoken"}
    assert plain_of(kind, data) == kept
    assert not any(secret in page for secret in secrets_of(kind))
    assert AuditRecord.objects.count() == 0
    assert sandbox.count("POST") == 0

    client.force_login(operator)
    again = client.post(f"{address}redraw/", kept)

    form = again.content.decode()
    assert again.status_code == 200
    for name, value in plain_of(kind, data).items():
        if name not in {"on", "environment"}:
            assert value in form, name
    assert "There is a problem" not in form
    assert sandbox.count("POST") == 0


def test_htmx_gets_a_message_and_never_the_sign_in_page(client: Client, sandbox: SandboxServer) -> None:
    response = client.post("/destinations/new/kinesis/", form_data(kinds.registry()["kinesis"]), headers=HTMX)

    page = response.content.decode()
    assert response.status_code == 401
    assert response.headers["HX-Retarget"] == "#messages"
    assert "You have been signed out" in page
    assert "<html" not in page
    assert 'name="password"' not in page


def test_an_htmx_get_gets_the_message_too(client: Client) -> None:
    response = client.get("/destinations/new/segment/", headers={"HX-Request": "true", "HX-Target": "kind-fields"})

    assert response.status_code == 401
    assert response.headers["HX-Retarget"] == "#messages"


def test_a_csrf_token_of_an_earlier_session_is_replaced(operator: User, sandbox: SandboxServer) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    kind = kinds.registry()["kinesis"]
    data = form_data(kind, csrfmiddlewaretoken="x" * 64)

    response = client.post("/destinations/new/kinesis/", data, headers=HTMX)

    page = response.content.decode()
    assert response.status_code == 403
    assert response.headers["HX-Retarget"] == "#messages"
    assert 'id="csrf" hx-swap-oob="true"' in page
    fresh = carried(page)["csrfmiddlewaretoken"]
    once_more = client.post("/destinations/new/kinesis/", data | {"csrfmiddlewaretoken": fresh}, headers=HTMX)
    assert once_more.headers["HX-Redirect"] == AuditRecord.objects.get().get_absolute_url()


def test_without_htmx_a_stale_token_loses_nothing_either(operator: User, sandbox: SandboxServer) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    kind = kinds.registry()["azure-event-hubs"]

    response = client.post("/destinations/new/azure-event-hubs/", form_data(kind, csrfmiddlewaretoken="x" * 64))

    page = response.content.decode()
    assert response.status_code == 403
    kept = carried(page)
    assert "contoso-events" in kept.values()
    assert not any(secret in page for secret in secrets_of(kind))
    again = client.post("/destinations/new/azure-event-hubs/redraw/", kept)
    assert again.status_code == 200
    assert "contoso-events" in again.content.decode()


def test_another_form_without_a_session_says_so(client: Client) -> None:
    response = client.post("/logout/")

    assert response.status_code == 401
    assert "You have been signed out" in response.content.decode()
