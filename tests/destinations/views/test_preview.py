"""A look before anything is sent: what would be sent, what is there already, what is unusual, what is critical."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.conf.secret import Secret
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, check_nothing_lost, create_url, secrets_of
from tests.support.attempts import KINDS, record
from tests.support.form_data import CONNECTION_STRING, confirmed, form_data
from tests.support.html import Page, read

EVENT_HUBS, KINESIS = kinds.registry()["azure-event-hubs"], kinds.registry()["kinesis"]

pytestmark = pytest.mark.django_db
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


def shown_request(page: Page) -> tuple[str, Any]:
    """Return what a page says would be sent: method and address, and the body."""
    head, _, body = "".join(page.find("pre", id="preview-request")[0].pieces).partition("\n\n")
    return head.split("\n")[0], json.loads(body)


class TestChecking:
    """The button that sends nothing."""

    @each_kind
    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
    def test_the_exact_request_is_shown_and_nothing_is_sent_or_kept(
        self, client: Client, sandbox: SandboxServer, kind: Kind, headers: dict[str, str]
    ) -> None:
        data = form_data(kind)

        response = client.post(create_url(kind), data | {"check": "yes"}, headers=headers)

        page = read(response)
        assert response.status_code == 200
        assert "LaunchDarkly’s lists were read just now" in page.text
        first, body = shown_request(page)
        assert first.endswith("/api/v2/destinations/web-shop/staging")
        expected = kind.split(kind.examples()).request
        secret = {field.api for field in kind.fields if field.secret}
        assert body == {
            "name": data["name"],
            "kind": kind.slug,
            "on": True,
            "config": {api: "(set, not shown)" if api in secret else value for api, value in expected.items()},
        }
        check_nothing_lost(page, kind, data)
        assert sandbox.count("POST") == 0
        assert AuditRecord.objects.count() == Event.objects.count() == 0

    def test_what_is_sent_afterwards_is_what_was_shown(self, client: Client, sandbox: SandboxServer) -> None:
        data = form_data(KINESIS)
        _, shown = shown_request(read(client.post(create_url(KINESIS), data | {"check": "yes"})))

        client.post(create_url(KINESIS), data)

        [sent] = [request for request in sandbox.requests if request.method == "POST"]
        assert json.loads(sent.body) == shown

    def test_a_destination_that_is_there_is_named_from_a_list_read_just_now(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        client.get(create_url(KINESIS), {"project": "web-shop"})
        sandbox.add_destination("web-shop", "staging", name="Made elsewhere", kind="segment")

        page = read(client.post(create_url(KINESIS), form_data(KINESIS) | {"check": "yes"}))

        assert "Made elsewhere, Segment" in page.text
        assert "so it will probably reject this one" in page.text

    def test_an_attempt_that_is_not_settled_is_named(self, client: Client) -> None:
        lost = record(name="Lost on the way", outcome="unknown")

        page = read(client.post(create_url(KINESIS), form_data(KINESIS) | {"check": "yes"}))

        assert "Lost on the way may have created a destination" in page.text
        assert lost.get_absolute_url() in page.links

    @pytest.mark.parametrize(
        ("environment", "words"),
        [("production", "On for new flags"), ("test", "Detailed events are off for new flags")],
    )
    def test_whether_the_environment_sends_detailed_events_is_said(
        self, client: Client, environment: str, words: str
    ) -> None:
        data = form_data(KINESIS, environment=environment, critical_key=environment)

        assert words in read(client.post(create_url(KINESIS), data | {"check": "yes"})).text

    def test_without_launchdarkly_the_preview_shows_the_request_alone(self, client: Client, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        response = client.post(create_url(KINESIS), form_data(KINESIS) | {"check": "yes"})

        assert response.status_code == 200
        assert "Unknown." in read(response).text
        assert "streamName" in read(response).text

    def test_a_form_with_mistakes_comes_back_with_them(self, client: Client) -> None:
        response = client.post(create_url(KINESIS), form_data(KINESIS, name="") | {"check": "yes"})

        assert response.status_code == 422
        assert "LaunchDarkly’s lists were read just now" not in read(response).text


#: What can be wrong with a form.
FAULTS: dict[str, dict[str, str]] = {
    "nothing": {},
    "a field missing": {"name": ""},
    "no such environment": {"environment": "nowhere"},
    "critical without its key": {"environment": "production"},
    "taken": {"project": "mobile-app", "environment": "development"},
    "another kind's field": {"config-write_key": "x"},
    "no one-time id": {"submission": ""},
    "a warning": {"config-role_arn": "arn:aws:iam::123456789012:role/aws-service-role/x.example/y"},
    "a secret in a plain field": {"config-region": CONNECTION_STRING},
    "a command": {"redraw": "refresh"},
}


class TestNothingIsSent:
    """A preview sends nothing and records nothing, whatever is wrong with the form."""

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
    @pytest.mark.parametrize("changes", FAULTS.values(), ids=FAULTS)
    def test_by_its_url_and_by_its_name(
        self, client: Client, sandbox: SandboxServer, changes: dict[str, str], headers: dict[str, str]
    ) -> None:
        data = form_data(KINESIS) | changes

        by_url = client.post(f"{create_url(KINESIS)}preview/", data, headers=headers)
        by_name = client.post(create_url(KINESIS), data | {"check": "yes"}, headers=headers)

        assert by_url.status_code == by_name.status_code
        assert by_url.status_code in {200, 422}
        assert sandbox.count("POST") == AuditRecord.objects.count() == Event.objects.count() == 0

    def test_an_empty_one_is_shown_with_its_mistakes(self, client: Client) -> None:
        assert client.post(f"{create_url(KINESIS)}preview/").status_code == 422

    @pytest.mark.parametrize("part", ["preview", "redraw", "environments"])
    def test_a_reload_without_its_data_leads_to_the_form(self, client: Client, part: str) -> None:
        assert client.get(f"{create_url(KINESIS)}{part}/")["Location"] == create_url(KINESIS)


class TestUnusual:
    """What may be right and seldom is."""

    KEY = "not the shape of a key "

    def unusual(self) -> dict[str, str]:
        """Return a form with an unusual policy and an unusual key."""
        values = {"policy_name": "RootManageSharedAccessKey", "policy_key": Secret(self.KEY)}
        return form_data(EVENT_HUBS, values)  # type: ignore[arg-type]  # a dict of values is not covariant

    def test_it_is_asked_about_and_nothing_is_sent(self, client: Client, sandbox: SandboxServer) -> None:
        data = self.unusual()

        response = client.post(create_url(EVENT_HUBS), data)

        page = read(response)
        assert response.status_code == 422
        assert "Review before creating" in page.text
        for words in ("full access to the namespace", "44 characters of Base64", "begins or ends with spaces"):
            assert words in page.text
        marks = [element.attrs["value"] for element in page.find("input", name="confirm")]
        assert len(marks) == 3
        assert self.KEY.strip() not in page.html
        check_nothing_lost(page, EVENT_HUBS, data)
        assert sandbox.count("POST") == 0
        assert AuditRecord.objects.count() == 0

    def test_once_confirmed_it_is_sent_as_it_is_and_the_record_says_so(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        data = confirmed(EVENT_HUBS, self.unusual())

        response = client.post(create_url(EVENT_HUBS), data)

        assert response.status_code == 303
        [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
        assert sent["config"]["policyKey"] == self.KEY
        intent = Event.objects.get(type="intent").payload
        assert {each["field"] for each in intent["confirmed"]} == {"Shared access policy", "Policy key"}
        page = read(client.get(response["Location"]))
        assert "full access to the namespace" in page.text
        assert "oskar confirmed:" in page.text

    def test_what_was_confirmed_for_one_value_is_asked_again_for_another(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        marks = confirmed(EVENT_HUBS, self.unusual())["confirm"]
        other = form_data(EVENT_HUBS, {"policy_key": Secret("another that has no such shape")})

        response = client.post(create_url(EVENT_HUBS), other | {"confirm": marks})

        assert response.status_code == 422
        assert sandbox.count("POST") == 0

    @pytest.mark.parametrize("mark", ["", "x", "policy_key.shape", "\0", "<script>", "x" * 5_000])
    def test_no_other_word_confirms(self, client: Client, sandbox: SandboxServer, mark: str) -> None:
        response = client.post(create_url(EVENT_HUBS), self.unusual() | {"confirm": mark})

        assert response.status_code == 422
        assert "<script>" not in response.content.decode()
        assert sandbox.count("POST") == 0

    def test_the_confirmation_survives_a_check_and_a_mistake(self, client: Client) -> None:
        data = confirmed(EVENT_HUBS, self.unusual())

        for more in ({"check": "yes"}, {"name": ""}):
            page = read(client.post(create_url(EVENT_HUBS), data | more))
            boxes = page.find("input", name="confirm")
            assert len(boxes) == 3
            assert all("checked" in box.attrs for box in boxes)

    @pytest.mark.parametrize(
        ("account", "asked"), [("123456789012", False), ("210987654321", True), ("nonsense", False), ("<b>", False)]
    )
    def test_a_pasted_account_is_compared_and_nothing_else_is_taken_for_one(
        self, client: Client, account: str, asked: bool
    ) -> None:
        response = client.post(create_url(KINESIS), form_data(KINESIS) | {"fact-stream_account": account})

        assert response.status_code == (422 if asked else 303)
        assert ("different AWS accounts" in response.content.decode()) is asked
        assert "<b>" not in response.content.decode()


class TestCritical:
    """An environment that LaunchDarkly calls critical."""

    @pytest.mark.parametrize("typed", ["", "Production", "staging", "x" * 3_000, "\0"])
    @pytest.mark.parametrize("more", [{}, {"check": "yes"}], ids=["create", "check"])
    def test_without_its_key_nothing_goes_on(
        self, client: Client, sandbox: SandboxServer, typed: str, more: dict[str, str]
    ) -> None:
        data = form_data(KINESIS, environment="production", critical_key=typed)

        response = client.post(create_url(KINESIS), data | more)

        assert response.status_code == 422
        assert sandbox.count("POST") == 0
        assert AuditRecord.objects.count() == 0
        assert "critical" in read(response).text

    def test_with_its_key_it_is_created(self, client: Client, sandbox: SandboxServer) -> None:
        response = client.post(
            create_url(KINESIS), form_data(KINESIS, environment="production", critical_key=" production ")
        )

        assert response.status_code == 303
        assert sandbox.count("POST") == 1

    def test_the_input_is_there_for_a_critical_environment_only(self, client: Client) -> None:
        for environment, there in (("production", 1), ("staging", 0), ("", 0)):
            response = client.get(create_url(KINESIS), {"project": "web-shop", "environment": environment})
            assert len(read(response).find("input", name="critical_key")) == there
            fragment = client.post(
                f"{create_url(KINESIS)}environments/",
                {"project": "web-shop", "environment": environment},
                headers={"HX-Request": "true", "HX-Target": "environment-field"},
            )
            assert len(read(fragment).find("input", name="critical_key")) == there


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@each_kind
def test_no_secret_is_in_a_preview_or_in_what_is_asked(client: Client, kind: Kind, headers: dict[str, str]) -> None:
    odd = {field.name: Secret(f" odd-{field.example}-odd ") for field in kind.fields if field.secret}
    for data in (form_data(kind), form_data(kind, odd)):  # type: ignore[arg-type]  # a dict of values is not covariant
        page = client.post(create_url(kind), data | {"check": "yes"}, headers=headers).content.decode()

        assert "LaunchDarkly’s lists were read just now" in page
        assert not any(secret in page for secret in secrets_of(kind))
