"""Creation in several environments: choosing them, filling a row for each, and creating them one by one."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, create_url, secrets_of
from tests.support.attempts import KINDS, record
from tests.support.form_data import confirmed, form_data
from tests.support.html import Page, read

KINESIS, EVENT_HUBS, MPARTICLE = (kinds.registry()[slug] for slug in ("kinesis", "azure-event-hubs", "mparticle"))
ROW = {"HX-Request": "true", "HX-Target": "row-0"}

pytestmark = pytest.mark.django_db
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


def bulk_url(kind: Kind) -> str:
    """Return where the rows of a kind are."""
    return f"{create_url(kind)}bulk/"


def rows(kind: Kind, *places: str, **common: Any) -> dict[str, Any]:
    """Return what a browser posts for rows in these places, each filled with the kind's examples."""
    posted: dict[str, Any] = {"reason": "OPS-9"}
    for number, place in enumerate(places):
        project, environment = place.split("/")
        data = form_data(kind, project=project, environment=environment, name=f"In {environment}", **common)
        posted |= {f"{number}-{name}": value for name, value in data.items() if name != "reason"}
    return posted


def sent(sandbox: SandboxServer) -> list[str]:
    """Return where something was created."""
    return [
        request.path.removeprefix("/api/v2/destinations/") for request in sandbox.requests if request.method == "POST"
    ]


def of_row(page: Page, number: int) -> dict[str, str]:
    """Return what a row of the page would post, without its number."""
    return {
        name.removeprefix(f"{number}-"): text for name, text in page.form().items() if name.startswith(f"{number}-")
    }


class TestChoosing:
    """The environments to choose from."""

    def test_free_ones_can_be_chosen_and_taken_ones_say_what_they_have(self, client: Client) -> None:
        page = read(client.get(bulk_url(KINESIS)))

        boxes = {box.attrs["value"]: "disabled" in box.attrs for box in page.find("input", name="environment")}
        assert boxes["web-shop/staging"] is False
        assert boxes["mobile-app/development"] is True
        assert "Has “Development events”, Amazon Kinesis" in page.text
        assert "Critical" in page.text

    def test_a_project_is_found_by_its_name(self, client: Client) -> None:
        page = read(client.get(bulk_url(KINESIS), {"q": "mobile", "from": "x"}))

        assert {box.attrs["value"].split("/")[0] for box in page.find("input", name="environment")} == {"mobile-app"}
        assert {field.attrs["value"] for field in page.find("input", name="from")} == {"x"}

    def test_without_lists_the_single_form_is_offered(self, client: Client, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        response = client.get(bulk_url(KINESIS))

        assert response.status_code == 200
        assert create_url(KINESIS) in read(response).links

    @pytest.mark.parametrize(
        "place", ["", "x", "../..", "web-shop/", "a/b/c", "<b>/c", "\0/x", "mobile-app/development"]
    )
    def test_with_nothing_right_chosen_it_is_said(self, client: Client, place: str) -> None:
        response = client.get(bulk_url(KINESIS), {"environment": place})

        assert response.status_code == 422
        assert "Choose at least one environment that is free." in read(response).text
        assert "<b>" not in read(response).html

    def test_too_many_are_said(self, client: Client) -> None:
        response = client.get(bulk_url(KINESIS), {"environment": [f"p/e{number}" for number in range(21)]})

        assert response.status_code == 422
        assert "Choose at most 20" in read(response).text


class TestRows:
    """A row for each environment."""

    @each_kind
    def test_each_has_its_own_values_and_its_own_number(self, client: Client, kind: Kind) -> None:
        origin = record(kind=kind.slug, config=kind.split(kind.examples()).public, name="The first", reason="Why")

        query = {"environment": ["web-shop/staging", "web-shop/test", "web-shop/test"], "from": str(origin.uuid)}
        page = read(client.get(bulk_url(kind), query))

        assert len(page.find("fieldset", data_kind_fields=kind.slug)) == 2
        first, second = of_row(page, 0), of_row(page, 1)
        assert (first["environment"], second["environment"]) == ("staging", "test")
        assert first["submission"] != second["submission"]
        for row in (first, second):
            assert row["name"] == "The first"
            for name, value in form_data(kind).items():
                if name.startswith("config-"):
                    field = kind.field(name.split("-")[1])
                    copied = not field.secret and field.name not in {pair.old for pair in kind.replaced}
                    assert row[name] == (value if copied else "")
        assert len(page.ids) == len(set(page.ids))
        assert page.form()["reason"] == ""

    def test_what_is_left_out_is_named(self, client: Client) -> None:
        page = read(client.get(bulk_url(KINESIS), {"environment": ["web-shop/staging", "mobile-app/development"]}))

        assert "mobile-app / development was skipped: it already has “Development events”." in page.text

    def test_a_row_can_be_added_to_a_field_of_rows(self, client: Client) -> None:
        part = read(
            client.get(
                f"{create_url(MPARTICLE)}rows/", {"name": "1-config-user_identities", "number": "1"}, headers=HTMX
            )
        )

        assert part.find("input", name="1-config-user_identities-1-identity")
        assert all("1mparticle" in element.attrs["id"] for element in part.find("input"))


class TestSending:
    """One row after the other."""

    @each_kind
    def test_a_row_is_created_and_shows_its_record(self, client: Client, sandbox: SandboxServer, kind: Kind) -> None:
        data = rows(kind, "web-shop/staging") | {"send": "0"}

        response = client.post(bulk_url(kind), data, headers=ROW)

        page = read(response)
        made = AuditRecord.objects.get()
        assert response.status_code == 200
        assert page.find("html") == []
        assert page.find("section", data_done="succeeded")
        assert made.get_absolute_url() in page.links
        assert (made.name, made.reason, made.config) == ("In staging", "OPS-9", kind.split(kind.examples()).public)
        assert sent(sandbox) == ["web-shop/staging"]

    def test_without_scripts_the_others_keep_what_was_typed(self, client: Client, sandbox: SandboxServer) -> None:
        data = rows(EVENT_HUBS, "web-shop/staging", "web-shop/test", "web-shop/development")

        first = read(client.post(bulk_url(EVENT_HUBS), data | {"send": "1"}))

        assert sent(sandbox) == ["web-shop/test"]
        assert first.find("section", id="row-1", data_done="succeeded")
        for number, environment in ((0, "staging"), (2, "development")):
            row = of_row(first, number)
            assert row["name"] == f"In {environment}"
            assert row["config-namespace"] == "contoso-events"
            assert row["config-policy_key"] == ""
            assert row["submission"] == data[f"{number}-submission"]
        assert "Enter them again." in first.text
        assert not any(secret in first.html for secret in secrets_of(EVENT_HUBS))

        again = read(client.post(bulk_url(EVENT_HUBS), data | {"send": "1"}))
        assert again.find("section", id="row-1", data_done="succeeded")
        assert sent(sandbox) == ["web-shop/test"]
        rest = read(client.post(bulk_url(EVENT_HUBS), data | {"send": "2"}))
        assert rest.find("section", id="row-1")
        assert rest.find("section", id="row-2")
        assert AuditRecord.objects.count() == 2

    def test_a_refused_row_shows_the_error_and_can_be_sent_again(self, client: Client, sandbox: SandboxServer) -> None:
        data = rows(KINESIS, "faults/forbidden", "web-shop/staging")

        response = client.post(bulk_url(KINESIS), data | {"send": "0"}, headers=ROW)

        page = read(response)
        assert response.status_code == 422
        assert "LaunchDarkly rejected the request. Nothing was created." in page.text
        row = of_row(page, 0)
        assert row["name"] == "In forbidden"
        assert row["submission"] != data["0-submission"]
        assert AuditRecord.objects.get().outcome == "refused"

    def test_an_unknown_outcome_is_done_and_leads_to_its_record(self, client: Client) -> None:
        page = read(client.post(bulk_url(KINESIS), rows(KINESIS, "faults/server-error") | {"send": "0"}, headers=ROW))

        assert page.find("section", data_done="unknown")
        assert AuditRecord.objects.get().get_absolute_url() in page.links

    def test_a_mistake_stays_in_its_row(self, client: Client, sandbox: SandboxServer) -> None:
        data = rows(KINESIS, "web-shop/staging") | {"0-config-region": "us-east-1a", "send": "0"}

        response = client.post(bulk_url(KINESIS), data, headers=ROW)

        page = read(response)
        assert response.status_code == 422
        assert "remove the last letter" in page.text
        assert "#id_0kinesis-region" in page.links
        assert of_row(page, 0)["config-region"] == "us-east-1a"
        assert sent(sandbox) == []

    def test_what_is_unusual_is_confirmed_in_its_row(self, client: Client, sandbox: SandboxServer) -> None:
        values = {"config-policy_name": "RootManageSharedAccessKey"}
        single = form_data(EVENT_HUBS, name="In staging") | values
        data = rows(EVENT_HUBS, "web-shop/staging") | {f"0-{name}": text for name, text in values.items()}

        asked = client.post(bulk_url(EVENT_HUBS), data | {"send": "0"}, headers=ROW)
        assert asked.status_code == 422
        [box] = read(asked).find("input", type="checkbox")
        assert box.attrs["name"] == "0-confirm"
        assert box.attrs["value"] == confirmed(EVENT_HUBS, single)["confirm"][0]
        assert sent(sandbox) == []

        done = client.post(bulk_url(EVENT_HUBS), data | {"send": "0", "0-confirm": box.attrs["value"]}, headers=ROW)
        assert read(done).find("section", data_done="succeeded")

    def test_a_critical_environment_wants_its_key_in_its_row(self, client: Client, sandbox: SandboxServer) -> None:
        data = rows(KINESIS, "web-shop/production") | {"send": "0"}

        asked = client.post(bulk_url(KINESIS), data, headers=ROW)
        assert asked.status_code == 422
        assert read(asked).find("input", name="0-critical_key")
        done = client.post(bulk_url(KINESIS), data | {"0-critical_key": "production"}, headers=ROW)
        assert read(done).find("section", data_done="succeeded")

    @pytest.mark.parametrize(
        "data",
        [{}, {"send": "0"}, {"send": "x", "x-submission": "1"}, {"0-submission": "\0", "send": "0"}, {"send": "999"}],
    )
    def test_a_post_of_any_shape_breaks_nothing(
        self, client: Client, sandbox: SandboxServer, data: dict[str, str]
    ) -> None:
        for headers in ({}, ROW):
            for url in (bulk_url(KINESIS), f"{bulk_url(KINESIS)}redraw/"):
                assert client.post(url, data, headers=headers).status_code in {422, 200}
        assert sent(sandbox) == []

    def test_another_persons_number_is_not_shown(self, client: Client, viewer: User) -> None:
        theirs = record(actor="vera", actor_pk=str(viewer.pk), name="Not yours")
        data = rows(KINESIS, "web-shop/staging") | {"0-submission": str(theirs.submission)}

        for url in (bulk_url(KINESIS), f"{bulk_url(KINESIS)}redraw/"):
            response = client.post(url, data | {"send": "0"})
            assert "Not yours" not in response.content.decode()

    def test_no_secret_of_any_row_comes_back_or_is_kept(self, client: Client) -> None:
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        logging.getLogger().addHandler(handler)
        pages = ""
        for kind in KINDS:
            data = rows(kind, "web-shop/staging", "faults/forbidden")
            for send in ("0", "1", ""):
                for headers in ({}, ROW):
                    pages += client.post(bulk_url(kind), data | {"send": send}, headers=headers).content.decode()
        logging.getLogger().removeHandler(handler)
        stored = json.dumps([str(row) for row in AuditRecord.objects.values()])

        for kind in KINDS:
            assert not any(secret in pages + log.getvalue() + stored for secret in secrets_of(kind))

    def test_a_secret_of_one_row_is_in_no_plain_field_of_another(self, client: Client, sandbox: SandboxServer) -> None:
        [secret] = secrets_of(EVENT_HUBS)
        data = rows(EVENT_HUBS, "web-shop/staging", "web-shop/test") | {"0-config-policy_key": "", "0-name": secret}

        for url, reason in (("", ""), ("redraw/", ""), ("redraw/", f"with {secret}")):
            response = client.post(bulk_url(EVENT_HUBS) + url, data | {"send": "0", "reason": reason})
            assert secret not in response.content.decode()
        assert sent(sandbox) == []

    def test_twenty_rows_fit_into_one_form(self, client: Client, sandbox: SandboxServer) -> None:
        for number in range(20):
            sandbox.add_environment("web-shop", f"env-{number}", f"Environment {number}")
        data = rows(MPARTICLE, *(f"web-shop/env-{number}" for number in range(20)))

        response = client.post(bulk_url(MPARTICLE), data | {"send": "19"})

        assert response.status_code == 200
        assert sent(sandbox) == ["web-shop/env-19"]

    def test_who_may_not_create_may_not_do_it_here_either(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)
        assert client.get(bulk_url(KINESIS)).status_code == 403
        assert client.post(bulk_url(KINESIS), rows(KINESIS, "web-shop/staging") | {"send": "0"}).status_code == 403
        assert Client().post(bulk_url(KINESIS), {}).status_code == 401
