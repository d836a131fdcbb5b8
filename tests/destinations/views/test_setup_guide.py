"""What the other side needs, with the values of a form that is being filled, and with those of a record."""

from __future__ import annotations

import io
import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.destinations import actions
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer, Status
from tests.destinations.views.creating import create_url, secrets_of
from tests.support.attempts import KINDS, attempt, record
from tests.support.form_data import CONNECTION_STRING, form_data
from tests.support.html import read

KINESIS, EVENT_HUBS = kinds.registry()["kinesis"], kinds.registry()["azure-event-hubs"]
TRUST = "/api/v2/destinations/projects/web-shop/environments/staging/generate-trust-policy"
HTMX = {"HX-Request": "true", "HX-Target": "guide"}

pytestmark = pytest.mark.django_db
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


@each_kind
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_the_guides_hold_what_is_typed_and_no_secret(
    client: Client, sandbox: SandboxServer, kind: Kind, headers: dict[str, str]
) -> None:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    response = client.post(f"{create_url(kind)}guide/", form_data(kind), headers=headers)
    logging.getLogger().removeHandler(handler)

    page = read(response)
    assert response.status_code == 200
    for guide in kind.setup_guides:
        assert guide.title in page.text
        assert guide.source in page.links
    assert not any(secret in page.html + log.getvalue() for secret in secrets_of(kind))
    assert bool(page.find("html")) is not bool(headers)
    assert sandbox.count("POST") == 0


def test_what_is_not_right_yet_is_left_out_and_named(client: Client) -> None:
    data = form_data(KINESIS) | {"config-stream_name": "arn:aws:kinesis:x", "config-region": ""}

    page = read(client.post(f"{create_url(KINESIS)}guide/", data))

    assert "Left out because it isn’t valid yet: Stream name" in page.text
    assert "Still missing: AWS region, Stream name" in page.text
    assert "arn:aws:kinesis:x" not in page.find("pre", id="guide-1")[0].text


def test_a_secret_in_a_plain_field_is_left_out_as_well(client: Client) -> None:
    for text in (CONNECTION_STRING, secrets_of(EVENT_HUBS)[0]):
        page = read(client.post(f"{create_url(EVENT_HUBS)}guide/", form_data(EVENT_HUBS) | {"config-namespace": text}))

        assert text not in page.html
        assert "marker-of-the-key" not in page.html
        assert "Left out because it isn’t valid yet: Namespace" in page.text


def test_the_way_back_keeps_all_but_the_secrets(client: Client) -> None:
    page = read(client.post(f"{create_url(EVENT_HUBS)}guide/", form_data(EVENT_HUBS)))
    back = {element.attrs["name"]: element.attrs["value"] for element in page.find("input", type="hidden")}

    form = read(client.post(f"{create_url(EVENT_HUBS)}redraw/", back | {"redraw": "guide"})).form()

    assert form["config-namespace"] == "contoso-events"
    assert form["name"] == "Web shop events"
    assert form["config-policy_key"] == ""


class TestTrustPolicy:
    """LaunchDarkly's own answer, in the place of what its documentation said."""

    def fetch(self, client: Client, **data: str) -> str:
        """Ask for it, and return the page's text."""
        posted = form_data(KINESIS) | {"fetch": "yes"} | data
        response = client.post(f"{create_url(KINESIS)}guide/", posted, headers=HTMX)
        assert response.status_code == (503 if "Couldn’t get the trust policy" in response.content.decode() else 200)
        return read(response).text

    def test_it_is_asked_for_once_and_shown(self, client: Client, sandbox: SandboxServer) -> None:
        text = self.fetch(client)

        assert "sts:ExternalId" in text
        assert "LaunchDarkly’s own response for web-shop / staging" in text
        assert sandbox.count("POST", TRUST) == 1
        assert "Get the trust policy" not in text

    @pytest.mark.parametrize(
        "response",
        [
            Status(403, {"code": "forbidden", "message": "No.", "id": "1"}),
            Status(500, {"code": "x", "message": "x"}),
            Status(201, {}),
            Status(201, []),
            Status(201, {"awsTrustPolicy": "x"}),
            Status(403, {"code": "forbidden", "message": "approval is required", "id": "1f"}),
        ],
    )
    def test_what_is_no_policy_is_said_and_the_documented_one_stays(
        self, client: Client, sandbox: SandboxServer, response: Status
    ) -> None:
        sandbox.script("POST", TRUST, response)

        text = self.fetch(client)

        assert "Couldn’t get the trust policy" in text
        assert "LaunchDarkly-data-export" in text
        assert sandbox.count("POST", TRUST) == 1

    def test_what_launchdarkly_said_is_there_for_support(self, client: Client, sandbox: SandboxServer) -> None:
        refusal = Status(403, {"code": "forbidden", "message": "approval is required", "id": "30ce6058"})
        sandbox.script("POST", TRUST, refusal)

        text = self.fetch(client)

        assert all(words in text for words in ("403", "forbidden", "approval is required", "30ce6058"))

    def test_half_a_character_in_a_policy_breaks_nothing(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("POST", TRUST, Status(201, {"awsTrustPolicy": {"Statement": ["\ud800"]}}))

        assert "ud800" in self.fetch(client)

    def test_without_launchdarkly_the_rest_is_there(self, client: Client, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        assert "kinesis:PutRecords" in self.fetch(client)

    def test_the_pasted_streams_account_stands_in_its_policy(self, client: Client) -> None:
        text = self.fetch(client, **{"fact-stream_account": "210987654321"})

        assert "arn:aws:kinesis:us-east-1:210987654321:stream/cat-stream" in text

    @pytest.mark.parametrize("place", ["", "../x", "a b"])
    def test_without_a_place_it_is_neither_offered_nor_asked_for(
        self, client: Client, sandbox: SandboxServer, place: str
    ) -> None:
        text = self.fetch(client, project=place)

        assert "Get the trust policy" not in text
        assert sandbox.count("POST") == 0


def test_a_record_has_the_guides_with_its_values(client: Client, operator: User) -> None:
    made = actions.create_destination(attempt(operator)).record

    page = read(client.get(made.get_absolute_url()))

    assert "Amazon Kinesis setup commands" in page.text
    assert "arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream" in page.text


@pytest.mark.parametrize("config", [{}, {"roleArn": 7}, {"roleArn": "'; rm -rf /"}])
def test_a_record_of_any_shape_breaks_nothing(client: Client, config: dict[str, object]) -> None:
    assert client.get(record(config=config).get_absolute_url()).status_code == 200


def test_a_link_to_it_leads_to_the_form_and_no_role_to_nothing(client: Client, viewer: User) -> None:
    assert client.get(f"{create_url(KINESIS)}guide/")["Location"] == create_url(KINESIS)
    client.force_login(viewer)
    assert client.post(f"{create_url(KINESIS)}guide/", form_data(KINESIS)).status_code == 403
