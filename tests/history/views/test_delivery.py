"""Confirming that events arrive, with evidence, in a record's events."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from destinations_ui.audit import checkpoints
from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.destinations import actions
from destinations_ui.sandbox import SandboxServer
from tests.support.attempts import attempt
from tests.support.database_faults import locked
from tests.support.form_data import CONNECTION_STRING
from tests.support.html import read

committed = pytest.mark.django_db(transaction=True)
pytestmark = pytest.mark.django_db
EVIDENCE = "Pulled from the subscription:\nevent 7f3a"


@pytest.fixture
def record(client: Client, operator: User, sandbox: SandboxServer) -> AuditRecord:
    """Return the record of a new destination, whose operator is signed in."""
    client.force_login(operator)
    return actions.create_destination(attempt(operator)).record


def word(**changed: str) -> dict[str, str]:
    """Return the form data of a confirmation."""
    return {"seen_at": timezone.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "evidence": EVIDENCE} | changed


def notes(record: AuditRecord) -> list[dict[str, object]]:
    """Return the payloads of a record's notes."""
    return [event.payload for event in Event.objects.filter(record=record.uuid, type="noted").order_by("seq")]


class TestConfirming:
    """Confirmations that are recorded."""

    def test_a_confirmation_is_recorded_and_shown_with_its_user(self, client: Client, record: AuditRecord) -> None:
        response = client.post(f"{record.get_absolute_url()}delivery/", word())

        assert response.status_code == 303
        assert response["Location"] == f"{record.get_absolute_url()}#delivery"
        [payload] = notes(record)
        assert payload["delivery"] == {"seen_at": payload["delivery"]["seen_at"], "evidence": EVIDENCE}  # type: ignore[index]  # JSON
        assert payload["by"] == "oskar"
        page = read(client.get(record.get_absolute_url()))
        assert "First event at" in page.text
        assert "event 7f3a" in page.text
        assert "oskar confirmed at" in page.text
        assert "Delivery confirmed" in page.text

    def test_the_history_verifies_after_a_confirmation(self, client: Client, record: AuditRecord) -> None:
        before = AuditRecord.objects.values().get(pk=record.pk)
        client.post(f"{record.get_absolute_url()}delivery/", word())

        out = io.StringIO()
        call_command("verify_history", stdout=out)

        assert AuditRecord.objects.values().get(pk=record.pk) == before
        assert checkpoints.receipt(AuditRecord.objects.get(pk=record.pk))

    def test_the_same_confirmation_twice_is_recorded_once(self, client: Client, record: AuditRecord) -> None:
        data = word()
        for evidence in (EVIDENCE, EVIDENCE, "The dashboard"):
            response = client.post(f"{record.get_absolute_url()}delivery/", data | {"evidence": evidence})
            assert response.status_code == 303

        assert len(notes(record)) == 2

    @pytest.mark.parametrize(
        "written", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", " %Y-%m-%d %H:%M:%S UTC ", "%Y-%m-%dT%H:%M:%S+00:00"]
    )
    def test_times_in_many_notations_are_accepted(self, client: Client, record: AuditRecord, written: str) -> None:
        now = datetime.now(UTC).replace(microsecond=0)

        client.post(f"{record.get_absolute_url()}delivery/", word(seen_at=now.strftime(written)))

        [payload] = notes(record)
        assert datetime.fromisoformat(payload["delivery"]["seen_at"]) == now  # type: ignore[index]  # JSON

    def test_a_time_in_another_zone_is_the_same_time(self, client: Client, record: AuditRecord) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        india = (now + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S+05:30")

        client.post(f"{record.get_absolute_url()}delivery/", word(seen_at=india))

        [payload] = notes(record)
        assert datetime.fromisoformat(payload["delivery"]["seen_at"]) == now  # type: ignore[index]  # JSON


class TestRefused:
    """Confirmations that are refused."""

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("seen_at", "", "Enter when you saw the first event"),
            ("seen_at", "yesterday", "Enter a date and time in UTC"),
            ("seen_at", "2026-13-40T99:00", "Enter a date and time in UTC"),
            ("seen_at", "0001-01-01T00:00+23:59", "in UTC"),
            ("seen_at", "9999-01-01T00:00", "This time is in the future"),
            ("seen_at", "2001-01-01T00:00", "This is before the destination was created"),
            ("evidence", "", "Enter where you saw the event"),
            ("evidence", "x" * 2_049, "Shorten this to 2,048 characters"),
            ("evidence", "a\0b", "control character"),
        ],
    )
    def test_an_invalid_confirmation_comes_back_with_its_errors(
        self, client: Client, record: AuditRecord, name: str, text: str, words: str
    ) -> None:
        response = client.post(f"{record.get_absolute_url()}delivery/", word(**{name: text}))

        page = read(response)
        assert response.status_code == 422
        assert words in page.text
        assert page.title.startswith("Error: ")
        assert page.form()["evidence"].strip() == (text if name == "evidence" else EVIDENCE).strip()
        assert notes(record) == []

    def test_a_secret_in_the_evidence_is_not_stored_or_shown(self, client: Client, record: AuditRecord) -> None:
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        logging.getLogger().addHandler(handler)
        try:
            response = client.post(f"{record.get_absolute_url()}delivery/", word(evidence=f"It is {CONNECTION_STRING}"))
        finally:
            logging.getLogger().removeHandler(handler)

        assert response.status_code == 422
        assert "so it was removed" in read(response).text
        page = client.get(record.get_absolute_url()).content.decode()
        everywhere = response.content.decode() + str(response.headers) + page + log.getvalue()
        assert "marker-of-the-key" not in everywhere + repr(list(Event.objects.values()))

    @pytest.mark.parametrize("outcome", ["refused", "not_sent", "unknown", "pending", "absent"])
    def test_only_a_created_destination_can_be_confirmed(
        self, client: Client, record: AuditRecord, operator: User, outcome: str
    ) -> None:
        from tests.support.attempts import record as another

        other = another(outcome=outcome, created_at=timezone.now())

        response = client.post(f"{other.get_absolute_url()}delivery/", word())

        assert response.status_code == 409
        assert "There is nothing to confirm" in read(response).text
        assert notes(other) == []

    def test_a_user_without_permission_cannot_confirm(self, client: Client, record: AuditRecord, viewer: User) -> None:
        client.force_login(viewer)

        assert client.post(f"{record.get_absolute_url()}delivery/", word()).status_code == 403
        assert read(client.get(record.get_absolute_url())).find("textarea") == []
        assert notes(record) == []

    def test_confirming_needs_sign_in_and_an_existing_record(self, client: Client, record: AuditRecord) -> None:
        nowhere = "/history/00000000-0000-4000-8000-000000000000/delivery/"
        assert client.post(nowhere, word()).status_code == 404
        assert client.get(f"{record.get_absolute_url()}delivery/").status_code == 405
        assert Client().post(f"{record.get_absolute_url()}delivery/", word()).status_code == 401


@committed
def test_a_failing_database_is_reported_and_the_form_kept(client: Client, record: AuditRecord) -> None:
    with locked():
        response = client.post(f"{record.get_absolute_url()}delivery/", word())

    assert response.status_code == 503
    assert "event 7f3a" in read(response).text
    assert notes(record) == []


def test_the_record_lists_the_next_steps(client: Client, record: AuditRecord) -> None:
    page = read(client.get(record.get_absolute_url()))

    for words in (
        "Send a test event",
        "detailed events",
        "Past events aren’t exported",
        "LaunchDarklyDataExportTestEvent",
    ):
        assert words in page.text
