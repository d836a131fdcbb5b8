"""An attempt whose answer was lost is found out about: by LaunchDarkly's list, by time, or by a person."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Event, Outcome
from destinations_ui.audit.search_index import INDEX
from destinations_ui.destinations import actions, inventory
from destinations_ui.destinations import reconcile as reconciliation
from destinations_ui.destinations.reconcile import DecisionError, ReconcileResult, check, decide
from destinations_ui.launchdarkly.resources import Destination
from destinations_ui.sandbox import Drop, Request, SandboxServer, Status
from tests.support.attempts import KINDS, attempt, new_record
from tests.support.history_faults import run
from tests.support.unguarded import unguarded

pytestmark = pytest.mark.django_db
#: Where several threads look, what they see has to be committed.
committed = pytest.mark.django_db(transaction=True)

DESTINATIONS = "/api/v2/destinations"
LONG_AGO = timedelta(hours=2)


@pytest.fixture(autouse=True)
def no_grace(settings: Settings) -> None:
    """Let nothing be waited for: what is older than a moment is certain."""
    settings.RECONCILE_GRACE = 0
    settings.LAUNCHDARKLY_TIMEOUT = 1


def unknown(age: timedelta = LONG_AGO, **changed: Any) -> AuditRecord:
    """Add an attempt of some time ago whose answer was lost."""
    made = timezone.now() - age
    settled = {"outcome": Outcome.UNKNOWN, "settled_at": made + timedelta(seconds=1)}
    record = begun(made, **changed)
    chain.settle(record, settled)
    return AuditRecord.objects.get(pk=record.pk)


def begun(made: datetime, **changed: Any) -> AuditRecord:
    """Add an attempt that is still pending."""
    pending = {"outcome": Outcome.PENDING, "settled_at": None, "duration_ms": None, "status_code": None}
    record = new_record(**pending | {"created_at": made} | changed)
    chain.record_intent(record)
    return record


def at_launchdarkly(sandbox: SandboxServer, record: AuditRecord, **changed: Any) -> str:
    """Put the destination that a record asked for into LaunchDarkly; return its id."""
    asked: dict[str, Any] = {"kind": record.kind, "name": record.name, "config": record.config, "on": record.on}
    return sandbox.add_destination(record.project, record.environment, **asked | changed)


def outcome(record: AuditRecord) -> str:
    """Return the outcome that the database has."""
    return AuditRecord.objects.get(pk=record.pk).outcome


def said(record: AuditRecord, type: str) -> list[dict[str, Any]]:
    """Return what a record's events of one type say."""
    return [event.payload for event in Event.objects.filter(record=record.uuid, type=type).order_by("seq")]


class TestLooking:
    """What a look at LaunchDarkly's list makes of an unknown attempt."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_a_lost_answer_is_found_to_have_been_a_success(
        self, kind: kinds.Kind, operator: User, sandbox: SandboxServer
    ) -> None:
        sandbox.script("POST", DESTINATIONS, Drop(after_write=True))
        record = actions.create_destination(attempt(operator, kind.slug)).record
        assert outcome(record) == "unknown"

        found = check(record).record

        [made] = [item for item in sandbox.destinations() if item["name"] == record.name]
        assert (found.outcome, found.destination_id) == ("succeeded", made["id"])
        [payload] = said(record, "resolved")
        assert payload["by"] == "Destinations UI"
        assert made["id"] in payload["how"]
        assert sandbox.count("POST", DESTINATIONS) == 1

    def test_nothing_found_twice_means_that_nothing_was_created(self, sandbox: SandboxServer) -> None:
        record = unknown()

        first, second = check(record), check(record)

        assert first.record.outcome == "unknown"
        assert second.record.outcome == "absent"
        assert [event["check"] for event in said(record, "noted")] == ["not found"]
        assert "no matching destination" in said(record, "resolved")[0]["how"]

    def test_before_the_grace_is_over_no_number_of_checks_is_enough(
        self, sandbox: SandboxServer, settings: Settings
    ) -> None:
        settings.RECONCILE_GRACE = 60
        record = unknown(age=timedelta(seconds=30))

        looks = [check(record) for _ in range(3)]

        assert {each.record.outcome for each in looks} == {"unknown"}
        assert {each.certain_at for each in looks} == {record.created_at + timedelta(seconds=61)}
        assert len(said(record, "noted")) == 1

    def test_a_destination_from_before_the_attempt_is_not_its_own(self, sandbox: SandboxServer) -> None:
        record = unknown(age=timedelta(seconds=-600))
        at_launchdarkly(sandbox, record)

        assert check(record).candidates == []
        assert outcome(record) == "unknown"

    def test_a_clock_that_is_a_minute_off_changes_nothing(self, sandbox: SandboxServer) -> None:
        record = unknown(age=timedelta(seconds=-60))
        made = at_launchdarkly(sandbox, record)

        assert check(record).record.destination_id == made

    @pytest.mark.parametrize(
        "changed",
        [
            {"name": "Another name"},
            {"kind": "segment", "config": {"writeKey": "w" * 32}},
            {"config": {"region": "eu-west-1", "streamName": "cat-stream"}},
        ],
        ids=["name", "kind", "configuration"],
    )
    def test_a_destination_that_says_otherwise_is_not_its_own(
        self, changed: dict[str, Any], sandbox: SandboxServer
    ) -> None:
        record = unknown()
        at_launchdarkly(sandbox, record, **changed)

        assert check(record).candidates == []
        assert check(record).record.outcome == "absent"

    def test_a_destination_elsewhere_is_not_its_own(self, sandbox: SandboxServer) -> None:
        record = unknown()
        sandbox.add_destination(record.project, "production", kind=record.kind, name=record.name, config=record.config)

        assert check(record).candidates == []

    def test_a_destination_of_another_record_is_not_claimed_again(self, sandbox: SandboxServer) -> None:
        record = unknown()
        new_record(destination_id=at_launchdarkly(sandbox, record)).save()

        assert check(record).candidates == []
        assert check(record).record.outcome == "absent"

    def test_it_may_have_been_switched_off_since(self, sandbox: SandboxServer) -> None:
        record = unknown(on=True)
        made = at_launchdarkly(sandbox, record, on=False)

        assert check(record).record.destination_id == made

    def test_while_launchdarkly_cannot_be_read_nothing_changes(self, sandbox: SandboxServer) -> None:
        record = unknown()
        sandbox.script("GET", DESTINATIONS, Status(503), times=None)

        found = check(record)

        assert found.problem
        assert found.record.outcome == "unknown"
        assert Event.objects.filter(record=record.uuid).count() == 2

    def test_a_settled_attempt_is_left_alone(self, sandbox: SandboxServer) -> None:
        record = begun(timezone.now() - LONG_AGO)
        chain.settle(record, {"outcome": Outcome.REFUSED})

        assert check(record).record.outcome == "refused"
        assert sandbox.requests == []


class TestInterrupted:
    """A pending attempt whose process is gone."""

    def test_it_becomes_unknown_and_is_found_out_about(self, sandbox: SandboxServer) -> None:
        record = begun(timezone.now() - LONG_AGO)
        made = at_launchdarkly(sandbox, record)

        found = check(record).record

        assert (found.outcome, found.destination_id) == ("succeeded", made)
        assert said(record, "settled")[0]["set"]["outcome"] == "unknown"

    def test_one_that_may_still_be_under_way_is_left_alone(self, sandbox: SandboxServer) -> None:
        record = begun(timezone.now())

        assert check(record).record.outcome == "pending"
        assert sandbox.requests == []

    def test_a_whole_exchange_lies_between_two_checks(self, sandbox: SandboxServer, settings: Settings) -> None:
        settings.LAUNCHDARKLY_TIMEOUT = 60
        record = begun(timezone.now() - LONG_AGO)

        for _ in range(3):
            assert check(record).record.outcome == "unknown"
        settings.LAUNCHDARKLY_TIMEOUT = 0.001
        assert check(record).problem or outcome(record) == "absent"

    def test_one_from_a_clock_that_was_ahead_does_not_stay_pending(self, sandbox: SandboxServer) -> None:
        record = begun(timezone.now() + timedelta(days=30))

        assert list(reconciliation.unresolved()) == [record]
        assert check(record).record.outcome == "unknown"
        [settled] = said(record, "settled")
        assert settled["interrupted"] is True

    def test_one_from_a_clock_that_was_ahead_is_certain_after_one_exchange(self, sandbox: SandboxServer) -> None:
        record = begun(timezone.now() + timedelta(days=30))
        first = check(record)
        assert first.certain_at is not None
        assert first.certain_at < timezone.now() + timedelta(seconds=2)

        later = inventory.LiveDestinations(first.certain_at, [])
        assert reconciliation.conclude(first.record, later).record.outcome == "absent"

    def test_an_unknown_one_from_a_clock_that_was_ahead_is_certain_soon(self, sandbox: SandboxServer) -> None:
        record = unknown(age=-timedelta(days=30))
        assert check(record).record.outcome == "unknown"

        certain = check(record).certain_at
        assert certain is not None
        assert certain < timezone.now() + timedelta(seconds=2)

    @pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=1)])
    def test_a_clock_that_is_a_little_ahead_interrupts_nothing(self, ahead: timedelta, sandbox: SandboxServer) -> None:
        record = begun(timezone.now() + ahead)

        assert check(record).record.outcome == "pending"
        assert not reconciliation.unresolved().exists()

    @committed
    def test_a_late_response_is_recorded(self, operator: User, sandbox: SandboxServer) -> None:
        """The process was only asleep, and its attempt was given up meanwhile."""

        def give_up(request: Request) -> None:
            record = AuditRecord.objects.get()
            assert chain.settle(record, {"outcome": Outcome.UNKNOWN}, interrupted=True)
            connections.close_all()

        sandbox.script("POST", DESTINATIONS, give_up)

        record = actions.create_destination(attempt(operator)).record

        now = AuditRecord.objects.get()
        assert now.outcome == "succeeded"
        assert now.destination_id == record.destination_id != ""
        assert said(record, "resolved")[0]["how"] == "The response arrived later."


class TestSeveral:
    """Where the list alone cannot tell."""

    @pytest.fixture
    def record(self, sandbox: SandboxServer) -> AuditRecord:
        """An unknown attempt with two destinations that could be its own."""
        record = unknown()
        self.ids = sorted(at_launchdarkly(sandbox, record, name=record.name) for _ in range(2))
        return record

    def candidates(self, found: ReconcileResult) -> list[str]:
        """Return the ids of the candidates."""
        return sorted(item.id for item in found.candidates)

    def test_it_stays_unknown_and_the_candidates_are_noted_once(self, record: AuditRecord) -> None:
        assert self.candidates(check(record)) == self.candidates(check(record)) == self.ids
        assert outcome(record) == "unknown"
        assert [event["candidates"] for event in said(record, "noted")] == [self.ids]

    def test_a_person_decides_and_the_decision_is_on_record(self, record: AuditRecord, operator: User) -> None:
        now = decide(record, actor=operator, destination_id=self.ids[1], reason="The newer one")

        assert (now.outcome, now.destination_id) == ("succeeded", self.ids[1])
        [payload] = said(record, "resolved")
        assert (payload["by"], payload["reason"], payload["candidates"]) == ("oskar", "The newer one", self.ids)

    def test_a_person_can_say_that_it_is_none_of_them(self, record: AuditRecord, operator: User) -> None:
        assert decide(record, actor=operator, destination_id="", reason="Both are Ada's").outcome == "absent"

    def test_nothing_else_can_be_chosen_and_nothing_twice(self, record: AuditRecord, operator: User) -> None:
        with pytest.raises(DecisionError, match="isn’t one of"):
            decide(record, actor=operator, destination_id="elsewhere", reason="")
        decide(record, actor=operator, destination_id=self.ids[0], reason="")
        with pytest.raises(DecisionError, match="already resolved"):
            decide(record, actor=operator, destination_id=self.ids[1], reason="")

    def test_none_cannot_be_decided_while_it_may_be_under_way(
        self, record: AuditRecord, operator: User, settings: Settings
    ) -> None:
        settings.RECONCILE_GRACE = 24 * 60 * 60
        with pytest.raises(DecisionError, match="may still create"):
            decide(record, actor=operator, destination_id="", reason="")

    def test_an_edited_destination_could_have_been_its_own(self, sandbox: SandboxServer) -> None:
        record = unknown(environment="test")
        made = at_launchdarkly(sandbox, record)
        sandbox.state.change_destination(
            record.project, "test", made, lambda item: replace(item, name="Renamed", version=2)
        )

        assert self.candidates(check(record)) == [made]
        assert outcome(record) == "unknown"

    def listed(self, record: AuditRecord, **changed: Any) -> Destination:
        """Return a destination as LaunchDarkly would list it, had the attempt created it."""
        created = Destination(
            id="5eed",
            project=record.project,
            environment=record.environment,
            name=record.name,
            kind=record.kind,
            on=True,
            config=record.config,
            created_at=record.created_at,
            version=1,
        )
        return replace(created, **changed)

    def conclude(self, record: AuditRecord, *items: Destination) -> ReconcileResult:
        """Compare a record with a list."""
        return reconciliation.conclude(record, inventory.LiveDestinations(timezone.now(), items))

    def test_an_edited_destination_from_before_the_attempt_is_not_its_own(self) -> None:
        record = unknown()
        edited = self.listed(record, name="Renamed", version=2, created_at=record.created_at - LONG_AGO)

        assert self.candidates(self.conclude(record, edited)) == []

    def test_an_older_destination_may_be_an_interrupted_attempt_s(self) -> None:
        record = reconciliation.settle_interrupted(begun(timezone.now() - LONG_AGO))
        older = self.listed(record, created_at=record.created_at - LONG_AGO)

        assert self.candidates(self.conclude(record, older)) == ["5eed"]
        assert outcome(record) == "unknown"

    def test_a_configuration_that_cannot_be_read_is_no_proof(self) -> None:
        record = unknown()

        assert self.candidates(self.conclude(record, self.listed(record, config={}))) == ["5eed"]
        assert outcome(record) == "unknown"

    def test_without_any_time_or_earlier_list_it_is_no_proof(self) -> None:
        record = unknown()

        assert self.candidates(self.conclude(record, self.listed(record, created_at=None))) == ["5eed"]
        assert outcome(record) == "unknown"

    def test_a_second_possible_destination_leaves_it_open(self) -> None:
        record = unknown()
        renamed = self.listed(record, id="renamed", name="Renamed", version=2)

        assert self.candidates(self.conclude(record, self.listed(record), renamed)) == ["5eed", "renamed"]
        assert outcome(record) == "unknown"

    def test_a_finding_is_not_recorded_over_a_newer_one(self) -> None:
        record = unknown()
        facts = reconciliation.attempt_facts(record)
        reconciliation.record_finding(record, facts, ["5eed"])
        reconciliation.record_finding(record, facts, ["outdated"])

        assert [event["candidates"] for event in said(record, "noted")] == [["5eed"]]

    def test_two_equal_attempts_leave_it_to_an_operator(self, sandbox: SandboxServer) -> None:
        records = [unknown(age=timedelta(minutes=1), environment="test") for _ in range(2)]
        made = at_launchdarkly(sandbox, records[0])

        for record in records:
            assert self.candidates(check(record)) == [made]
            assert outcome(record) == "unknown"

    def test_of_two_equal_attempts_the_one_under_way_then_owns_it(self, sandbox: SandboxServer) -> None:
        early = unknown(environment="test")
        late = unknown(age=timedelta(0), environment="test")
        made = at_launchdarkly(sandbox, late)

        assert check(early).candidates == []
        assert check(late).record.destination_id == made
        assert check(early).record.outcome == "absent"


@committed
class TestAtOnce:
    """Any number may look at the same time."""

    @pytest.mark.parametrize("created", [True, False])
    def test_eight_simultaneous_checks_resolve_once(self, created: bool, sandbox: SandboxServer) -> None:
        record = unknown()
        if created:
            at_launchdarkly(sandbox, record)
        else:
            check(record)
        together = threading.Barrier(8)

        def run() -> None:
            together.wait(10)
            check(record)
            connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert outcome(record) == ("succeeded" if created else "absent")
        assert len(said(record, "resolved")) == 1
        assert len(said(record, "noted")) == (0 if created else 1)

    def test_one_destination_is_claimed_by_one_record(self, operator: User, sandbox: SandboxServer) -> None:
        records = [unknown(age=timedelta(minutes=1)) for _ in range(2)]
        made = at_launchdarkly(sandbox, records[0])
        together = threading.Barrier(2)
        refused: list[str] = []

        def run(record: AuditRecord) -> None:
            together.wait(10)
            try:
                decide(record, actor=operator, destination_id=made, reason="Mine")
            except DecisionError as error:
                refused.append(str(error))
            connections.close_all()

        threads = [threading.Thread(target=run, args=[record]) for record in records]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert len(refused) == 1
        assert AuditRecord.objects.filter(destination_id=made).count() == 1


class TestCommand:
    """``manage.py reconcile``, made for cron."""

    def run(self, *arguments: str) -> str:
        """Run it and return what it says."""
        out = StringIO()
        call_command("reconcile", *arguments, stdout=out)
        return out.getvalue()

    def test_it_settles_what_can_be_settled(self, sandbox: SandboxServer) -> None:
        created, lost, interrupted = (
            unknown(),
            unknown(environment="test"),
            begun(timezone.now() - LONG_AGO, name="Cut"),
        )
        at_launchdarkly(sandbox, created)

        said = self.run()

        assert f"{created.uuid} succeeded" in said
        assert f"{lost.uuid} unknown: nothing found" in said
        assert f"{interrupted.uuid} unknown: nothing found" in said
        assert f"{lost.uuid} absent" in self.run()
        assert sandbox.count("GET", DESTINATIONS) == 2

    def test_it_has_nothing_to_ask_when_all_is_settled(self, sandbox: SandboxServer) -> None:
        begun(timezone.now())

        assert self.run() == "Every attempt is settled.\n"
        assert sandbox.requests == []

    def test_it_fails_when_launchdarkly_cannot_be_read(self, sandbox: SandboxServer) -> None:
        record = unknown()
        sandbox.script("GET", DESTINATIONS, Status(401), times=None)

        with pytest.raises(CommandError, match="nothing changed"):
            self.run()
        assert outcome(record) == "unknown"

    @pytest.mark.parametrize("seconds", ["0", "-1", "soon", "100000", ""])
    def test_an_interval_is_a_number_of_seconds(self, seconds: str) -> None:
        with pytest.raises(CommandError, match="an interval is a number of seconds"):
            self.run(f"--every={seconds}")

    def test_it_lists_what_no_record_claims(self, sandbox: SandboxServer) -> None:
        mine = new_record(environment="test")
        mine.destination_id = at_launchdarkly(sandbox, mine)
        mine.save()
        foreign = at_launchdarkly(sandbox, new_record(name="Made by\n hand"))

        said = self.run("--unrecorded")

        assert f"unrecorded {foreign} kinesis web-shop/staging 'Made by\\n hand'" in said
        assert mine.destination_id not in said

    def test_control_characters_of_launchdarkly_are_not_printed_raw(self, sandbox: SandboxServer) -> None:
        item = {"_id": "5eed", "kind": "\x1b[2J\x07", "name": "\u202ename", "_links": {}}
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [item]}))

        output = self.run("--unrecorded")

        assert all(line.isprintable() for line in output.splitlines())
        assert "\\x1b[2J" in output


def test_a_damaged_record_is_matched_to_no_destination(sandbox: SandboxServer) -> None:
    record = unknown()
    run("UPDATE {records} SET config = '[]' WHERE id = %s", record.pk)

    assert check(AuditRecord.objects.get()).problem.startswith("This record is damaged")
    assert sandbox.requests == []


def test_unresolved_attempts_are_found_by_environment() -> None:
    pending, lost = begun(timezone.now()), unknown()
    unknown(environment="test")
    new_record(submission=uuid.uuid4()).save()

    assert reconciliation.unresolved_at("web-shop", "staging") == [lost, pending]


def remove_from_search_index(record: AuditRecord) -> None:
    """Remove the search index's row of a record."""
    number = "rowid" if connection.vendor == "sqlite" else "id"
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {INDEX} WHERE {number} = %s", [record.pk])  # noqa: S608  # our own names


def test_a_twin_missing_from_the_search_index_still_counts(sandbox: SandboxServer) -> None:
    first, twin = [unknown(age=timedelta(minutes=1), environment="test") for _ in range(2)]
    created = at_launchdarkly(sandbox, twin)
    remove_from_search_index(twin)

    assert [item.id for item in check(first).candidates] == [created]
    assert outcome(first) == "unknown"


def test_unresolved_attempts_are_found_by_the_index_on_outcome() -> None:
    unknown()
    with CaptureQueriesContext(connection) as queries:
        reconciliation.unresolved_at("web-shop", "staging")
    assert len(queries) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            assert "record_outcome" in str(cursor.fetchall())


def test_what_an_environment_had_before_the_attempt_is_not_the_attempt_s(
    operator: User, sandbox: SandboxServer
) -> None:
    asked = attempt(operator)
    theirs = at_launchdarkly(sandbox, asked.record())
    sandbox.script("POST", DESTINATIONS, Status(502))
    record = actions.create_destination(asked).record

    assert said(record, "settled")[0]["before"] == [theirs]
    assert check(record).candidates == []
    assert outcome(record) == "unknown"
