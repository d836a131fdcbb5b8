"""The record's page: its fields, and how it follows an attempt."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.sandbox import SandboxServer
from tests.support.attempts import record, unknown
from tests.support.html import read

HTMX = {"HX-Request": "true", "HX-Target": "record"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign the viewer in."""
    client.force_login(viewer)


class TestRecord:
    """The fields of a record."""

    def test_the_page_shows_every_field(self, client: Client) -> None:
        made = record(
            kind="mparticle",
            config={"environment": "development", "userIdentities": [{"ldContextKind": "user"}]},
            secrets={"apiKey": "0123456789ab", "secret": "ba9876543210"},
            outcome="refused",
            status_code=400,
            error_code="invalid_request",
            error_message="No such thing",
            error_id="e-4711",
            destination_id="5f2c",
            duration_ms=1234,
            explanation="LaunchDarkly rejected the values.",
            on=False,
            reason="first line\nsecond line",
        )

        page = read(client.get(made.get_absolute_url()))

        for words in (
            *(
                "Web shop events",
                "mParticle",
                "web-shop",
                "staging",
                "oskar",
                "Refused",
                "Off",
                "first line second line",
            ),
            *("mParticle environment", "development", '[{"ldContextKind": "user"}]'),
            *("API key", "fingerprint 0123456789ab", "API secret", "fingerprint ba9876543210"),
            *("400", "invalid_request", "No such thing", "e-4711", "5f2c", "after 1234 ms"),
            *("LaunchDarkly rejected the values.", str(made.uuid), str(made.request_id), str(made.submission)),
            *(f"{time:%Y-%m-%d %H:%M:%S} UTC" for time in (made.created_at, made.settled_at) if time),
        ):
            assert words in page.text, words
        assert any(link.endswith("/settings/integrations") for link in page.links)

    @pytest.mark.parametrize("outcome", Outcome.values)
    def test_each_fact_is_on_the_page_once(self, client: Client, outcome: str) -> None:
        failure = {"status_code": 418, "error_code": "teapot", "error_message": "No coffee", "error_id": "e-4711"}
        made = record(outcome=outcome, destination_id="id-of-it", reason="OPS-7", **failure)

        # The code for other tools repeats what it needs.
        page, _, _ = read(client.get(made.get_absolute_url())).text.partition("Export as code")

        for fact in ("teapot", "No coffee", "e-4711", "id-of-it", "OPS-7", "staging", made.request_id, made.submission):
            assert page.count(str(fact)) == 1, fact

    def test_a_resolution_is_shown_without_raw_timestamps(self, client: Client) -> None:
        made = unknown()
        how = "LaunchDarkly’s list had no such destination at 2026-11-24T10:26:07.000000Z."
        chain.resolve(made, {"outcome": "absent", "explanation": how}, how=how, by="Destinations UI")

        page = read(client.get(made.get_absolute_url()))

        assert page.text.count("LaunchDarkly had no matching destination at two checks.") == 2
        assert not re.search(r"\d{4}-\d\d-\d\dT", page.text)

    @pytest.mark.parametrize("on", [True, False])
    def test_the_next_steps_begin_with_what_is_still_to_do(self, client: Client, on: bool) -> None:
        steps = read(client.get(record(on=on).get_absolute_url())).find("li")

        first = next(step.text for step in steps if "LaunchDarkly" in step.text or "sandbox" in step.text)
        assert first.startswith("In the sandbox" if on else "Turn the destination on")

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [
            ("succeeded", "LaunchDarkly created the destination"),
            ("refused", "LaunchDarkly rejected the request. Nothing was created."),
            ("not_sent", "Nothing was sent to LaunchDarkly"),
            ("absent", "The destination was not created"),
        ],
    )
    def test_a_final_outcome_is_explained_and_not_polled(self, client: Client, outcome: str, words: str) -> None:
        page = read(client.get(record(outcome=outcome).get_absolute_url()))

        assert words in page.text
        assert [element for element in page.elements if "hx-trigger" in element.attrs] == []

    def test_an_undocumented_success_status_is_reported(self, client: Client) -> None:
        words = "status 200 instead of the documented 201"
        assert words in read(client.get(record(status_code=200).get_absolute_url())).text
        assert words not in read(client.get(record().get_absolute_url())).text

    def test_a_pending_attempt_is_polled_until_it_is_settled(self, client: Client) -> None:
        made = record(outcome="pending", settled_at=None, duration_ms=None, status_code=None)
        address = made.get_absolute_url()

        whole = read(client.get(address))
        part = read(client.get(address, headers=HTMX))
        assert AuditRecord.objects.move(
            made.pk, since=Outcome.PENDING, outcome="succeeded", settled_at=timezone.now(), status_code=201
        )
        settled = read(client.get(address, headers=HTMX))

        for page in (whole, part):
            [follower] = page.find("div", id="record")
            assert follower.attrs["hx-get"] == address
            assert follower.attrs["hx-trigger"] == "every 2s"
            assert "Sending to LaunchDarkly" in page.text
        assert whole.find("html")
        assert part.find("html") == []
        [still] = settled.find("div", id="record")
        assert "hx-trigger" not in still.attrs
        assert "LaunchDarkly created the destination" in settled.text

    def test_a_record_of_a_removed_kind_is_shown(self, client: Client, operator: User) -> None:
        made = record(kind="carrier-pigeon", config={"loft": "north"}, secrets={"ring": "0123456789ab"})
        client.force_login(operator)

        response = client.get(made.get_absolute_url())

        page = read(response)
        assert response.status_code == 200
        for words in ("carrier-pigeon", "loft", "north", "ring", "fingerprint 0123456789ab"):
            assert words in page.text

    def test_duplicating_needs_the_create_permission(self, client: Client, operator: User) -> None:
        seen = record()
        address, form = seen.get_absolute_url(), f"/destinations/new/kinesis/?from={seen.uuid}"

        assert form not in read(client.get(address)).links
        client.force_login(operator)
        assert form in read(client.get(address)).links

    def test_the_breadcrumb_keeps_the_filters_of_the_history(self, client: Client) -> None:
        made = record()

        page = read(client.get(f"{made.get_absolute_url()}?kind=kinesis&q=web+%26+shop"))

        assert "/history/?q=web+%26+shop&kind=kinesis" in page.links

    @pytest.mark.parametrize("query", ["", "?next=//evil.example", "?since=yesterday", "?kind=%3Cb%3E", "?q=%00", "?q"])
    def test_the_breadcrumb_leads_nowhere_but_to_the_history(self, client: Client, query: str) -> None:
        response = client.get(record().get_absolute_url() + query)

        page = read(response)
        assert response.status_code == 200
        assert "/history/" in page.links
        assert not any(word in page.html for word in ("evil", "yesterday", "<b>"))

    def test_the_forms_keep_the_filters_of_the_history(
        self, client: Client, operator: User, sandbox: SandboxServer
    ) -> None:
        client.force_login(operator)
        made = record()
        url = made.get_absolute_url()

        page = read(client.get(f"{url}?kind=kinesis"))
        checked = client.post(f"{url}reconcile/?kind=kinesis&next=//evil.example")

        assert f"{url}delivery/?kind=kinesis" in [form.attrs.get("action") for form in page.find("form")]
        assert checked["Location"] == f"{url}?kind=kinesis"

    def test_an_unknown_record_is_a_404(self, client: Client) -> None:
        assert client.get(f"/history/{uuid.uuid4()}/").status_code == 404
        assert client.get("/history/1/").status_code == 404
