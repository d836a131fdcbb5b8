"""Without JavaScript the form changes by a round to the server; with it, a row comes alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, check_nothing_lost, create_url
from tests.support.attempts import WITH_SECRETS
from tests.support.form_data import form_data
from tests.support.html import read

KINESIS, MPARTICLE = (kinds.registry()[slug] for slug in ("kinesis", "mparticle"))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


class TestRedrawing:
    """Without JavaScript the form changes by a round to the server, and keeps all that was typed but secrets."""

    def test_a_row_is_added_and_taken_away(self, client: Client, sandbox: SandboxServer) -> None:
        data = form_data(MPARTICLE, name="Kept")

        page = read(client.post(f"{create_url(MPARTICLE)}redraw/", data | {"redraw": "add:config-user_identities"}))

        assert page.form()["config-user_identities-1-context_kind"] == ""
        check_nothing_lost(page, MPARTICLE, data)
        assert page.form()["submission"] == data["submission"]
        assert page.classed("error-summary") == []
        filled = page.form() | {"config-user_identities-1-context_kind": "device"}
        page = read(
            client.post(f"{create_url(MPARTICLE)}redraw/", filled | {"redraw": "remove:config-user_identities:0"})
        )
        assert page.form()["config-user_identities-0-context_kind"] == "device"
        assert "config-user_identities-1-context_kind" not in page.form()
        assert sandbox.count("POST") == AuditRecord.objects.count() == 0

    def test_htmx_gets_one_more_row_and_the_next_button(self, client: Client) -> None:
        page = read(
            client.get(f"{create_url(MPARTICLE)}rows/", {"name": "config-user_identities", "number": "3"}, headers=HTMX)
        )

        assert page.find("input", name="config-user_identities-3-context_kind")
        assert page.find("input", name="config-user_identities-3-identity")
        [button] = page.find("button", hx_swap_oob="true")
        assert button.attrs["hx-get"] == f"{create_url(MPARTICLE)}rows/?name=config-user_identities&number=4"
        assert page.find("html") == page.find("form") == []

    @pytest.mark.parametrize(
        "row",
        [
            *("config-user_identities:gone", "config-user_identities:50", "config-user_identities:-1"),
            *("config-user_identities:", "config-user_identities:00001", "config-user_identities:²"),
            *("config-api_key:1", "nonsense:1", ":", "", "config-user_identities:" + "9" * 5000),
        ],
        ids=lambda row: row[:40],
    )
    def test_htmx_gets_nothing_where_there_is_no_row(self, client: Client, row: str) -> None:
        response = client.get(
            f"{create_url(MPARTICLE)}rows/", dict(zip(("name", "number"), row.split(":"), strict=False)), headers=HTMX
        )

        assert response.status_code == 200
        assert response.content == b""

    @pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
    def test_a_secret_is_never_part_of_a_redrawn_form(self, client: Client, kind: Kind) -> None:
        for command in ("resume", "refresh", "add:config-user_identities", "nonsense"):
            page = read(client.post(f"{create_url(kind)}redraw/", form_data(kind) | {"redraw": command}))

            check_nothing_lost(page, kind, form_data(kind))

    def test_refreshing_keeps_what_was_typed(self, client: Client, sandbox: SandboxServer) -> None:
        client.get(create_url(KINESIS), {"project": "web-shop"})
        sandbox.add_environment("web-shop", "brand-new", "Brand new")
        data = form_data(KINESIS, name="Kept")

        page = read(client.post(f"{create_url(KINESIS)}redraw/", data | {"redraw": "refresh"}))

        check_nothing_lost(page, KINESIS, data)
        assert "Brand new (brand-new)" in page.text
