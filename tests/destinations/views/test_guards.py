"""Guards decide on the value that is sent, whatever was typed around it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations import inventory
from destinations_ui.destinations.actions import CriticalKeyRequired, create_destination
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, create_url
from tests.support.attempts import attempt
from tests.support.form_data import form_data
from tests.support.html import read

KINESIS = kinds.registry()["kinesis"]

#: Ways in which a copied key arrives.
WRAPPINGS = {
    "plain": "{}",
    "space before": " {}",
    "space after": "{} ",
    "tab": "\t{}\t",
    "line break": "{}\r\n",
    "double quotes": '"{}"',
    "single quotes": "'{}'",
    "backticks": "`{}`",
    "curly double quotes": "“{}”",
    "curly single quotes": "‘{}’",
    "no-break space": "\u00a0{}\u00a0",
    "zero-width space": "\u200b{}\u200b",
    "byte order mark": "\ufeff{}",
    "word joiner": "{}\u2060",
    "mixed": " \u200b \u00a0\"\u200b '{}' \u200b\" \u200b\t",
}
wrapped = pytest.mark.parametrize("wrapping", WRAPPINGS.values(), ids=WRAPPINGS)
#: Which of project and environment arrives wrapped.
BOTH = [(False, True), (True, False), (True, True)]
either = pytest.mark.parametrize(("project", "environment"), BOTH, ids=["environment", "project", "both"])

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


def keys(wrapping: str, project: bool, environment: bool, *names: str) -> dict[str, str]:
    """Return project and environment, wrapped where asked."""
    return {
        name: wrapping.format(key) if wrap else key
        for name, key, wrap in zip(("project", "environment"), names, (project, environment), strict=True)
    }


@wrapped
class TestCriticalEnvironment:
    """The key of a critical environment is asked for however project and environment are written."""

    @either
    def test_without_the_key_nothing_is_sent(
        self, client: Client, sandbox: SandboxServer, wrapping: str, project: bool, environment: bool
    ) -> None:
        data = form_data(KINESIS) | keys(wrapping, project, environment, "web-shop", "production")

        response = client.post(create_url(KINESIS), data, headers=HTMX if project else {})

        assert response.status_code == 422
        page = read(response)
        assert page.find("input", name="critical_key", aria_invalid="true")
        assert page.form()["environment"] == "production"
        assert sandbox.count("POST") == AuditRecord.objects.count() == 0

    def test_with_the_key_written_alike_it_is_sent(self, client: Client, sandbox: SandboxServer, wrapping: str) -> None:
        data = form_data(KINESIS) | keys(wrapping, True, True, "web-shop", "production")

        response = client.post(create_url(KINESIS), data | {"critical_key": wrapping.format("production")})

        assert response.status_code == 303
        record = AuditRecord.objects.get()
        assert (record.project, record.environment) == ("web-shop", "production")
        [request] = [request for request in sandbox.requests if request.method == "POST"]
        assert request.path == "/api/v2/destinations/web-shop/production"

    def test_a_row_of_many_asks_for_it_too(self, client: Client, sandbox: SandboxServer, wrapping: str) -> None:
        data = form_data(KINESIS) | keys(wrapping, True, True, "web-shop", "production")
        row = {f"0-{name}": value for name, value in data.items()}

        response = client.post(f"{create_url(KINESIS)}bulk/", row | {"send": "0"})

        assert response.status_code == 422
        assert read(response).find("input", name="0-critical_key")
        assert sandbox.count("POST") == 0


@wrapped
@pytest.mark.parametrize("name", ["project", "environment"])
def test_an_unknown_key_is_refused_however_it_is_written(
    client: Client, sandbox: SandboxServer, name: str, wrapping: str
) -> None:
    response = client.post(create_url(KINESIS), form_data(KINESIS) | {name: wrapping.format("acme-web")})

    assert response.status_code == 422
    assert f"No {name} with this name or key" in read(response).text
    assert sandbox.count("POST") == 0


class TestAction:
    """The guard stands where the request is sent, too: no form or command goes around it."""

    @pytest.mark.parametrize("typed", ["", "Production", "staging", "production "])
    @pytest.mark.parametrize("environment", ["production", "PRODUCTION"])
    def test_a_critical_environment_needs_its_key(
        self, operator: User, sandbox: SandboxServer, environment: str, typed: str
    ) -> None:
        with pytest.raises(CriticalKeyRequired):
            create_destination(attempt(operator, environment=environment, critical_key=typed))

        assert sandbox.count("POST") == AuditRecord.objects.count() == 0

    def test_with_its_key_it_is_sent(self, operator: User, sandbox: SandboxServer) -> None:
        result = create_destination(attempt(operator, environment="production", critical_key="production"))

        assert result.record.outcome == "succeeded"

    @pytest.mark.parametrize("name", ["project", "environment"])
    def test_what_is_no_key_is_no_attempt(self, operator: User, name: str) -> None:
        for wrapping in list(WRAPPINGS.values())[1:]:
            with pytest.raises(ValueError, match="not the key"):
                attempt(operator, **{name: wrapping.format("production")})

    def test_when_only_the_action_knows_that_it_is_critical_the_form_asks(
        self, client: Client, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inventory, "environment_slots", lambda *args, **options: inventory.CachedList())

        response = client.post(create_url(KINESIS), form_data(KINESIS, environment="production"))

        assert response.status_code == 422
        assert "Production is a critical environment" in read(response).text
        assert read(response).find("input", name="critical_key")
        assert sandbox.count("POST") == AuditRecord.objects.count() == 0


def test_an_environment_made_a_second_ago_is_not_called_unknown(
    client: Client, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "REFRESH_INTERVAL", timedelta(hours=1))
    client.get(create_url(KINESIS), {"project": "web-shop"})
    sandbox.add_environment("web-shop", "brand-new", "Brand new")

    response = client.post(create_url(KINESIS), form_data(KINESIS, environment="brand-new"))

    assert response.status_code == 303
