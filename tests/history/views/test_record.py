"""The record's page: checks of an unknown outcome, decisions, events."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.destinations import actions
from destinations_ui.sandbox import Drop, SandboxServer, Status
from tests.support.attempts import WITH_SECRETS, attempt, begun, record, unknown
from tests.support.html import Page, read

HTMX = {"HX-Request": "true", "HX-Target": "reconcile-status"}
DESTINATIONS = "/api/v2/destinations"
FORM = "/destinations/new/kinesis/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_waits(settings: Settings, client: Client, viewer: User) -> None:
    """Sign the viewer in, and let absence be certain at once."""
    settings.RECONCILE_GRACE = 0
    settings.LAUNCHDARKLY_TIMEOUT = 1
    client.force_login(viewer)


def at_launchdarkly(sandbox: SandboxServer, made: AuditRecord, **changed: Any) -> str:
    """Create a record's destination in the sandbox and return its id."""
    asked: dict[str, Any] = {"kind": made.kind, "name": made.name, "config": made.config, "on": made.on}
    return sandbox.add_destination(made.project, made.environment, **asked | changed)


@pytest.fixture
def candidates(sandbox: SandboxServer) -> tuple[AuditRecord, str, str]:
    """An unknown record and the ids of two candidates."""
    made = unknown()
    return made, at_launchdarkly(sandbox, made), at_launchdarkly(sandbox, made)


def record_url(made: AuditRecord, what: str = "reconcile") -> str:
    """Return a URL below a record's own."""
    return f"/history/{made.uuid}/{what}/"


def check(client: Client, made: AuditRecord, **posted: str) -> Any:
    """Check as the page does by itself."""
    page = read(client.get(made.get_absolute_url()))
    return client.post(record_url(made), {"version": page.form()["version"]} | posted, headers=HTMX)


def reload(made: AuditRecord) -> AuditRecord:
    """Return the record from the database."""
    return AuditRecord.objects.get(pk=made.pk)


def own_triggers(page: Page) -> list[str]:
    """Return the triggers of the page's own requests."""
    return [element.attrs["hx-trigger"] for element in page.elements if "hx-trigger" in element.attrs]


class TestChecking:
    """Checks of an unknown outcome."""

    @pytest.mark.parametrize("made", [unknown, begun], ids=["unknown", "interrupted"])
    def test_an_unresolved_page_checks_by_itself_and_by_a_button(
        self, client: Client, sandbox: SandboxServer, made: Callable[[], AuditRecord]
    ) -> None:
        page = read(client.get(made().get_absolute_url()))

        assert own_triggers(page) == ["load, every 5s, submit"]
        assert "Check now" in [button.text for button in page.find("button", type="submit")]
        assert sandbox.requests == []

    def test_opening_the_page_changes_nothing(self, client: Client, sandbox: SandboxServer) -> None:
        made = begun()

        assert client.get(made.get_absolute_url(), headers=HTMX).status_code == 200

        assert reload(made).outcome == "pending"
        assert Event.objects.count() == 1

    def test_a_found_destination_settles_the_record_with_a_reason(
        self, client: Client, sandbox: SandboxServer, operator: User
    ) -> None:
        sandbox.script("POST", DESTINATIONS, Drop(after_write=True))
        made = actions.create_destination(attempt(operator)).record

        response = check(client, made)

        page = read(response)
        [created] = [item["id"] for item in sandbox.destinations() if item["name"] == made.name]
        assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#record", "outerHTML")
        assert page.find("html") == []
        assert "LaunchDarkly created the destination" in page.text
        assert "Outcome: Succeeded" in page.find("p", id="announcement")[0].text
        assert page.find("code", id="value-destination_id")[0].text == created
        assert "Confirmed later: LaunchDarkly has one matching destination." in page.text
        assert "status None" not in page.text
        assert "It is on" not in page.text
        assert own_triggers(page) == []
        assert own_triggers(read(client.get(made.get_absolute_url()))) == []

    def test_two_checks_without_a_destination_settle_as_absent(self, client: Client, sandbox: SandboxServer) -> None:
        made = unknown()

        first, second = read(check(client, made)), read(check(client, made))

        assert "Not found so far." in first.text
        assert own_triggers(first) == ["every 5s, submit"]
        assert "The destination was not created" in second.text
        assert "LaunchDarkly had no matching destination at two checks." in second.text
        assert own_triggers(second) == []
        assert reload(made).outcome == "absent"

    def test_an_interrupted_attempt_is_checked_too(self, client: Client, sandbox: SandboxServer) -> None:
        made = begun()
        at_launchdarkly(sandbox, made)

        assert "LaunchDarkly created the destination" in read(check(client, made)).text

    def test_the_page_says_when_absence_will_be_certain(
        self, client: Client, sandbox: SandboxServer, settings: Settings
    ) -> None:
        settings.RECONCILE_GRACE = 600
        made = unknown(timedelta(seconds=60))
        certain = made.created_at + timedelta(seconds=601)

        for page in (read(client.get(made.get_absolute_url())), read(check(client, made)), read(check(client, made))):
            assert f"hasn’t appeared by {certain:%H:%M:%S} UTC" in page.text
            [bar] = page.find("progress")
            assert page.find("label", **{"for": bar.attrs["id"]})[0].text == "Time until this is certain"
            assert 60 <= int(bar.attrs["value"]) < 100
            assert bar.attrs["max"] == "601"

    def test_a_check_without_news_updates_its_status_alone(
        self, client: Client, sandbox: SandboxServer, settings: Settings
    ) -> None:
        settings.RECONCILE_GRACE = 600
        made = unknown(timedelta(seconds=60))
        first = check(client, made)

        again = check(client, made)

        page = read(again)
        assert read(first).find("p", id="announcement")
        assert "HX-Retarget" not in again
        assert "Last checked: " in page.text
        assert "announcement" not in page.ids
        assert page.find("form") == []

    def test_a_failed_check_is_announced_once_and_retried(self, client: Client, sandbox: SandboxServer) -> None:
        made = unknown()
        sandbox.script("GET", DESTINATIONS, Status(503), times=None)

        first, again = read(check(client, made)), read(check(client, made, had_problem="yes"))

        for page in (first, again):
            assert "Couldn’t read LaunchDarkly’s list" in page.text
            assert "Checking again automatically" in page.text
        assert "announcement" in first.ids
        assert "announcement" not in again.ids
        assert reload(made).outcome == "unknown"

    def test_candidates_stay_visible_when_a_check_fails(
        self, client: Client, sandbox: SandboxServer, candidates: tuple[AuditRecord, str, str]
    ) -> None:
        made, *_ = candidates
        check(client, made)
        page = read(client.get(made.get_absolute_url()))
        sandbox.script("GET", DESTINATIONS, Status(503), times=None)

        response = client.post(record_url(made), {"version": page.form()["version"]}, headers=HTMX)

        assert "HX-Retarget" not in response
        assert "Couldn’t read LaunchDarkly’s list" in read(response).text

    def test_without_javascript_a_check_redirects_to_the_record(self, client: Client, sandbox: SandboxServer) -> None:
        made = unknown()
        created = at_launchdarkly(sandbox, made)

        response = client.post(record_url(made))

        assert (response.status_code, response["Location"]) == (303, made.get_absolute_url())
        assert created in read(client.get(made.get_absolute_url())).text

    def test_a_check_leaves_a_settled_record_as_it_is(self, client: Client, sandbox: SandboxServer) -> None:
        made = record(outcome="refused")

        assert client.post(record_url(made)).status_code == 303
        assert "Nothing was created" in read(client.post(record_url(made), headers=HTMX)).text
        assert sandbox.requests == []

    def test_a_check_needs_the_view_permission(self, client: Client, nobody: User) -> None:
        client.force_login(nobody)

        assert client.post(record_url(unknown())).status_code == 403

    def test_an_unknown_record_is_a_404(self, client: Client, operator: User) -> None:
        client.force_login(operator)

        for what in ("reconcile", "decide"):
            assert client.post(f"/history/{uuid.uuid4()}/{what}/").status_code == 404

    @pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete"])
    def test_checks_and_decisions_need_post(
        self, client: Client, operator: User, sandbox: SandboxServer, method: str
    ) -> None:
        made = unknown()
        client.force_login(operator)

        for what in ("reconcile", "decide"):
            assert getattr(client, method)(record_url(made, what)).status_code == 405
        assert sandbox.requests == []

    def test_checks_and_decisions_need_the_csrf_token(self, operator: User, sandbox: SandboxServer) -> None:
        made = unknown()
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(operator)

        for what in ("reconcile", "decide"):
            assert strict.post(record_url(made, what), headers=HTMX).status_code == 403
        assert sandbox.requests == []


class TestDeciding:
    """Decisions between candidates."""

    def decide(self, client: Client, made: AuditRecord, chosen: str, reason: str = "I know the shop.") -> Any:
        """Look, then post a decision."""
        check(client, made)
        return client.post(record_url(made, "decide"), {"destination_id": chosen, "reason": reason})

    def test_candidates_are_listed_with_their_differences(
        self, client: Client, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, *ids = candidates
        client.force_login(operator)

        for page in (read(check(client, made)), read(client.get(made.get_absolute_url()))):
            assert "2 destinations may be this one" in page.text
            for candidate in ids:
                assert candidate in page.text
            assert page.text.count("created 2") == 2
            assert [radio.attrs["value"] for radio in page.find("input", type="radio")] == [
                *(f"id:{candidate}" for candidate in sorted(ids, key=page.html.index)),
                "none",
            ]

    def test_a_viewer_sees_candidates_and_who_can_decide(
        self, client: Client, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, *ids = candidates

        page = read(check(client, made))
        posted = client.post(record_url(made, "decide"), {"destination_id": f"id:{ids[0]}", "reason": "Mine"})

        assert all(candidate in page.text for candidate in ids)
        assert f"Ask {operator.get_username()}." in page.text
        assert page.find("input", type="radio") == []
        assert posted.status_code == 403
        assert reload(made).outcome == "unknown"

    def test_the_chosen_candidate_settles_the_record(
        self, client: Client, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, _, chosen = candidates
        client.force_login(operator)

        response = self.decide(client, made, f"id:{chosen}")

        page = read(client.get(made.get_absolute_url()))
        assert (response.status_code, response["Location"]) == (303, made.get_absolute_url())
        assert (reload(made).outcome, reload(made).destination_id) == ("succeeded", chosen)
        assert "oskar chose the matching destination." in page.text
        assert "Reason: I know the shop." in page.text

    def test_choosing_none_settles_the_record_as_absent(
        self, client: Client, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, *_ = candidates
        client.force_login(operator)

        self.decide(client, made, "none")

        assert reload(made).outcome == "absent"
        assert "The destination was not created" in read(client.get(made.get_absolute_url())).text

    @pytest.mark.parametrize(
        ("chosen", "reason", "words"),
        [
            ("", "I know.", "Choose a destination or “None of these”."),
            ("none", " ", "Enter how you know."),
            ("none", "x" * 2049, "Shorten the reason to 2,048 characters."),
            ("id:elsewhere", "I know.", "isn’t one of the possible matches"),
            ("none", "a\0b", "a control character"),
        ],
    )
    def test_an_invalid_decision_comes_back_with_its_errors(
        self,
        client: Client,
        candidates: tuple[AuditRecord, str, str],
        operator: User,
        chosen: str,
        reason: str,
        words: str,
    ) -> None:
        made, *_ = candidates
        client.force_login(operator)

        response = self.decide(client, made, chosen, reason)

        page = read(response)
        assert response.status_code == 422
        assert page.title.startswith("Error: ")
        assert page.html.count(words) == 2
        [link] = [link for link in page.links if link.startswith("#id_")]
        assert link[1:] in page.ids
        assert reload(made).outcome == "unknown"
        if "none" in chosen:
            assert "checked" in page.find("input", value="none")[0].attrs

    def test_a_decision_on_a_settled_record_shows_the_record(
        self, client: Client, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, chosen, _ = candidates
        client.force_login(operator)
        self.decide(client, made, f"id:{chosen}")

        response = client.post(record_url(made, "decide"), {"destination_id": "none", "reason": "No"})

        page = read(response)
        assert response.status_code == 409
        assert "Your decision was not needed" in page.text
        assert "LaunchDarkly created the destination" in page.text
        assert reload(made).destination_id == chosen

    def test_a_deleted_candidate_cannot_be_chosen(
        self, client: Client, sandbox: SandboxServer, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, gone, left = candidates
        client.force_login(operator)
        check(client, made)
        sandbox.state.remove_destination(made.project, made.environment, gone)

        response = client.post(record_url(made, "decide"), {"destination_id": f"id:{gone}", "reason": "Mine"})

        assert response.status_code == 409
        assert reload(made).destination_id == left

    def test_a_secret_in_the_reason_is_not_stored_or_shown(
        self, client: Client, candidates: tuple[AuditRecord, str, str], operator: User
    ) -> None:
        made, *_ = candidates
        client.force_login(operator)
        pasted = "Endpoint=sb://c.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0LW1hcmtlcg=="

        response = self.decide(client, made, "none", pasted)

        assert response.status_code == 422
        assert "so it was removed" in read(response).text
        assert "c2VjcmV0LW1hcmtlcg" not in response.content.decode()
        assert reload(made).outcome == "unknown"

    def test_candidates_are_escaped(self, client: Client, sandbox: SandboxServer, operator: User) -> None:
        made = unknown(name="<img src=x onerror=alert(1)>")
        for _ in range(2):
            at_launchdarkly(sandbox, made)
        client.force_login(operator)

        page = read(check(client, made))

        assert page.find("img") == []
        assert page.text.count("<img src=x onerror=alert(1)>") >= 3

    @pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
    def test_obfuscated_secrets_of_candidates_are_not_shown(
        self, client: Client, sandbox: SandboxServer, operator: User, kind: kinds.Kind
    ) -> None:
        made = actions.create_destination(attempt(operator, kind.slug)).record
        lost = unknown(
            timedelta(0), kind=kind.slug, name=made.name, config=made.config, secrets=made.secrets, environment="test"
        )
        asked: dict[str, Any] = {"name": lost.name, "kind": kind.slug, "config": kind.split(kind.examples()).request}
        [listed] = [item for item in sandbox.destinations() if item["id"] == made.destination_id]
        for _ in range(2):
            sandbox.add_destination("web-shop", "test", **asked)
        client.force_login(operator)

        page = read(check(client, lost)).html + read(client.get(lost.get_absolute_url())).html

        assert "Which destination is it?" in page
        for field in kind.fields:
            if field.secret:
                assert str(listed["config"][field.api]) not in page
        for secret in kind.split(kind.examples()).secrets.values():
            assert secret.reveal() not in page


class TestTimeline:
    """The timeline of events."""

    def test_each_event_has_its_time_number_and_seal(self, client: Client, sandbox: SandboxServer) -> None:
        made = unknown()
        check(client, made)
        check(client, made)

        page = read(client.get(made.get_absolute_url()))

        lines = [element.text for element in page.classed("timeline__event")]
        kept = list(Event.objects.filter(record=made.uuid).order_by("seq"))
        assert [line.split()[0] for line in lines] == ["Recorded", "Result", "Checked", "Resolved"]
        for line, event in zip(lines, kept, strict=True):
            assert f"{event.at:%Y-%m-%d %H:%M:%S} UTC" in line
            assert page.find("code", id=f"value-seal-{event.seq}")[0].text == event.seal
            assert page.find("time", datetime=event.at.isoformat())
        for line, words in zip(lines, ["Recorded before sending", "Unknown", "Not found", "Not created"], strict=True):
            assert words in line

    def test_a_success_shows_launchdarklys_status(self, client: Client, sandbox: SandboxServer, operator: User) -> None:
        made = actions.create_destination(attempt(operator)).record

        [_, settled] = read(client.get(made.get_absolute_url())).classed("timeline__event")

        assert "LaunchDarkly responded with status 201." in settled.text

    def test_a_record_without_events_is_shown(self, client: Client) -> None:
        for outcome in Outcome.values:
            page = read(client.get(record(outcome=outcome).get_absolute_url()))

            assert "Timeline" in page.text
            assert page.classed("timeline__event") == []

    def test_times_are_in_utc(self, client: Client) -> None:
        made = record(created_at=datetime.fromisoformat("2026-11-23T00:30:15.123456+05:30"))

        page = read(client.get(made.get_absolute_url()))

        assert page.find("time", datetime="2026-11-22T19:00:15.123456+00:00")[0].text == "2026-11-22 19:00:15 UTC"

    def test_times_in_the_admin_are_in_utc(self, client: Client) -> None:
        record(created_at=datetime.fromisoformat("2026-11-23T00:30:15+05:30"))
        client.force_login(User.objects.create_superuser("root"))

        assert "2026-11-22 19:00:15 UTC" in read(client.get("/admin/destinations_ui/auditrecord/")).text

    def test_the_receipt_is_linked(self, client: Client) -> None:
        made = record()

        assert f"{made.get_absolute_url()}receipt/" in read(client.get(made.get_absolute_url())).links


def test_event_payloads_are_escaped(client: Client) -> None:
    made = unknown()
    look_says = {"check": "ambiguous", "candidates": ["<b>bold</b>"], "reason": json.dumps("<i>")}
    chain.append_event(made.uuid, EventType.NOTED, look_says)

    page = read(client.get(made.get_absolute_url()))

    assert page.find("b") == []
    assert "<b>bold</b>" in page.text


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '"said"', "null"])
def test_a_record_with_a_damaged_event_is_shown(client: Client, viewer: User, spoilt: str) -> None:
    client.force_login(viewer)
    made = record()
    Event(seq=1, record=made.uuid, type="noted", at=timezone.now(), body=spoilt, key_id="k", seal="s").save()

    page = client.get(made.get_absolute_url())

    assert page.status_code == 200
    assert "This event is damaged." in page.content.decode()
