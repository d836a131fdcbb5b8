"""Saying that events arrive: a person's word, with evidence, in the sealed history of a record."""

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
    """Return the record of a destination that was created a moment ago, its operator signed in."""
    client.force_login(operator)
    return actions.create_destination(attempt(operator)).record


def word(**changed: str) -> dict[str, str]:
    """Return what is posted to say that events arrive."""
    return {"seen_at": timezone.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "evidence": EVIDENCE} | changed


def notes(record: AuditRecord) -> list[dict[str, object]]:
    """Return what was noted of a record."""
    return [event.payload for event in Event.objects.filter(record=record.uuid, type="noted").order_by("seq")]


class TestSayingSo:
    """An operator who has seen an event."""

    def test_it_is_kept_in_the_history_and_shown_with_who_said_it(self, client: Client, record: AuditRecord) -> None:
        answer = client.post(f"{record.get_absolute_url()}delivery/", word())

        assert answer.status_code == 303
        assert answer["Location"] == f"{record.get_absolute_url()}#delivery"
        [payload] = notes(record)
        assert payload["delivery"] == {"seen_at": payload["delivery"]["seen_at"], "evidence": EVIDENCE}  # type: ignore[index]  # JSON
        assert payload["by"] == "oskar"
        page = read(client.get(record.get_absolute_url()))
        assert "First event seen at" in page.text
        assert "event 7f3a" in page.text
        assert "oskar said so at" in page.text
        assert "oskar says that events arrive" in page.text

    def test_the_history_stays_whole(self, client: Client, record: AuditRecord) -> None:
        before = AuditRecord.objects.values().get(pk=record.pk)
        client.post(f"{record.get_absolute_url()}delivery/", word())

        out = io.StringIO()
        call_command("verify_history", stdout=out)

        assert AuditRecord.objects.values().get(pk=record.pk) == before
        assert checkpoints.receipt(AuditRecord.objects.get(pk=record.pk))

    def test_the_same_word_twice_is_one_and_another_is_another(self, client: Client, record: AuditRecord) -> None:
        data = word()
        for evidence in (EVIDENCE, EVIDENCE, "The dashboard"):
            answer = client.post(f"{record.get_absolute_url()}delivery/", data | {"evidence": evidence})
            assert answer.status_code == 303

        assert len(notes(record)) == 2

    @pytest.mark.parametrize(
        "written", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", " %Y-%m-%d %H:%M:%S UTC ", "%Y-%m-%dT%H:%M:%S+00:00"]
    )
    def test_a_moment_can_be_written_in_many_ways(self, client: Client, record: AuditRecord, written: str) -> None:
        now = datetime.now(UTC).replace(microsecond=0)

        client.post(f"{record.get_absolute_url()}delivery/", word(seen_at=now.strftime(written)))

        [payload] = notes(record)
        assert datetime.fromisoformat(payload["delivery"]["seen_at"]) == now  # type: ignore[index]  # JSON

    def test_a_moment_in_another_zone_is_the_same_moment(self, client: Client, record: AuditRecord) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        india = (now + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S+05:30")

        client.post(f"{record.get_absolute_url()}delivery/", word(seen_at=india))

        [payload] = notes(record)
        assert datetime.fromisoformat(payload["delivery"]["seen_at"]) == now  # type: ignore[index]  # JSON


class TestWhatCannotBe:
    """What is not taken, and says why."""

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("seen_at", "", "Enter when the first event was seen"),
            ("seen_at", "yesterday", "Enter a date and a time in UTC"),
            ("seen_at", "2026-13-40T99:00", "Enter a date and a time in UTC"),
            ("seen_at", "0001-01-01T00:00+23:59", "in UTC"),
            ("seen_at", "9999-01-01T00:00", "This is still to come"),
            ("seen_at", "2001-01-01T00:00", "This was before the destination was created"),
            ("evidence", "", "Enter where the event was seen"),
            ("evidence", "x" * 2_049, "Shorten this to 2,048 characters"),
            ("evidence", "a\0b", "control character"),
        ],
    )
    def test_a_wrong_word_comes_back_with_what_to_type(
        self, client: Client, record: AuditRecord, name: str, text: str, words: str
    ) -> None:
        answer = client.post(f"{record.get_absolute_url()}delivery/", word(**{name: text}))

        page = read(answer)
        assert answer.status_code == 422
        assert words in page.text
        assert page.title.startswith("Error: ")
        assert page.form()["evidence"].strip() == (text if name == "evidence" else EVIDENCE).strip()
        assert notes(record) == []

    def test_a_secret_in_the_evidence_goes_nowhere(self, client: Client, record: AuditRecord) -> None:
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        logging.getLogger().addHandler(handler)
        try:
            answer = client.post(f"{record.get_absolute_url()}delivery/", word(evidence=f"It is {CONNECTION_STRING}"))
        finally:
            logging.getLogger().removeHandler(handler)

        assert answer.status_code == 422
        assert "so it was discarded" in read(answer).text
        page = client.get(record.get_absolute_url()).content.decode()
        everywhere = answer.content.decode() + str(answer.headers) + page + log.getvalue()
        assert "marker-of-the-key" not in everywhere + repr(list(Event.objects.values()))

    @pytest.mark.parametrize("outcome", ["refused", "not_sent", "unknown", "pending", "absent"])
    def test_where_nothing_was_created_nothing_is_confirmed(
        self, client: Client, record: AuditRecord, operator: User, outcome: str
    ) -> None:
        from tests.support.attempts import record as another

        other = another(outcome=outcome, created_at=timezone.now())

        answer = client.post(f"{other.get_absolute_url()}delivery/", word())

        assert answer.status_code == 409
        assert "There is nothing to confirm" in read(answer).text
        assert notes(other) == []

    def test_who_may_not_create_may_not_confirm_and_is_not_asked(
        self, client: Client, record: AuditRecord, viewer: User
    ) -> None:
        client.force_login(viewer)

        assert client.post(f"{record.get_absolute_url()}delivery/", word()).status_code == 403
        assert "Record the delivery" not in read(client.get(record.get_absolute_url())).text
        assert notes(record) == []

    def test_nobody_signed_in_and_no_such_record(self, client: Client, record: AuditRecord) -> None:
        nowhere = "/history/00000000-0000-4000-8000-000000000000/delivery/"
        assert client.post(nowhere, word()).status_code == 404
        assert client.get(f"{record.get_absolute_url()}delivery/").status_code == 405
        assert Client().post(f"{record.get_absolute_url()}delivery/", word()).status_code == 401


@committed
def test_a_database_that_takes_no_writes_is_said_and_nothing_typed_is_lost(client: Client, record: AuditRecord) -> None:
    with locked():
        answer = client.post(f"{record.get_absolute_url()}delivery/", word())

    assert answer.status_code == 503
    assert "event 7f3a" in read(answer).text
    assert notes(record) == []


def test_the_record_says_what_to_do_next(client: Client, record: AuditRecord) -> None:
    page = read(client.get(record.get_absolute_url()))

    for words in (
        "Send a test event",
        "detailed events",
        "exports nothing from before",
        "LaunchDarklyDataExportTestEvent",
    ):
        assert words in page.text
