"""Whatever comes in whatever order, nothing is lost, nothing is sent twice, and no record says what is not so."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, override_settings
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from destinations_ui import changes, reconciliation, verification
from destinations_ui.changes import AlreadySubmitted, Attempt, NotRecorded
from destinations_ui.launchdarkly import limits
from destinations_ui.launchdarkly.errors import LaunchDarklyError
from destinations_ui.models import AuditRecord, Event, Outcome
from destinations_ui.sandbox import Drip, Drop, Fault, NotJson, RateLimited, Request, Reset, SandboxServer, Status
from tests.attempts import attempt
from tests.database_faults import impatient

DESTINATIONS = "/api/v2/destinations"
ENVIRONMENTS = ("first", "second")

#: What LaunchDarkly can do to a request to create something; ``None`` is the honest answer.
FAULTS: tuple[Fault | None, ...] = (
    None,
    *(Status(code) for code in (400, 401, 403, 404, 409, 422, 500, 503)),
    *(Status(code, after_write=True) for code in (302, 500, 502)),
    Status(200, {}, after_write=True),
    RateLimited(),
    NotJson(),
    Drop(),
    Drop(after_write=True),
    Reset(),
    Reset(after_write=True),
    Drip(pause=0.2),
)
LIST_FAULTS: tuple[Fault | None, ...] = (None, None, None, Status(401), Status(503), Drop(), NotJson())

#: Thoroughly: ``HYPOTHESIS_EXAMPLES=500 pytest tests/test_invariants.py``.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "30"))
STEPS = 14

posts = strategies.sampled_from(FAULTS)
lists = strategies.sampled_from(LIST_FAULTS)
places = strategies.sampled_from(ENVIRONMENTS)
picks = strategies.integers(0, 1000)


class Product(RuleBasedStateMachine):
    """People, LaunchDarkly, crashes and those who look on, in any order.

    What can come next never depends on what the database or LaunchDarkly holds: threads and time-outs decide that, too,
    and Hypothesis has to be able to repeat itself.
    """

    sandbox: ClassVar[SandboxServer]
    people: ClassVar[tuple[User, User]]

    @initialize()
    def begin(self) -> None:
        """Begin with an empty LaunchDarkly. What is in the database stays: the history only grows."""
        self.sandbox.reset()
        for key in ENVIRONMENTS:
            self.sandbox.add_environment("web-shop", key, key)
        self.attempts: list[Attempt] = []
        self.decided: set[uuid.UUID] = set()
        #: Which destinations an attempt made, by its name, and which of all there ever were.
        self.made: dict[str, set[str]] = {}
        self.ever: dict[str, set[str]] = {}
        self.gone: set[str] = set()
        self.post: Callable[[Request], Fault | None] = lambda request: None
        self.list: Fault | None = None
        self.sandbox.script("POST", DESTINATIONS, lambda request: self.post(request), times=None)
        self.sandbox.script("GET", DESTINATIONS, lambda request: self.list, times=None)

    def ids(self) -> dict[str, str]:
        """Return the destinations at LaunchDarkly: id → name."""
        return {item["id"]: item["name"] for item in self.sandbox.destinations()}

    def send(self, asked: Attempt, post: Callable[[Request], Fault | None], listed: Fault | None) -> None:
        """Create what is asked for while LaunchDarkly behaves in some way; note what came of it there."""
        limits.PROCESS.breaker.close()  # Here each example is a process of its own.
        before = self.ids()
        self.post, self.list = post, listed
        with suppress(NotRecorded):
            changes.create_destination(asked)
        self.list = None
        for key, name in self.ids().items():
            if key not in before:
                self.made.setdefault(name, set()).add(key)

    def new(self, environment: str) -> Attempt:
        """Return an attempt that was not made before, by a name of its own."""
        name = f"Events {uuid.uuid4().hex}"
        asked = attempt(self.people[0], project="web-shop", environment=environment, name=name)
        self.attempts.append(asked)
        return asked

    def records(self) -> list[AuditRecord]:
        """Return the records of this run."""
        submissions = [asked.submission for asked in self.attempts]
        return list(AuditRecord.objects.filter(submission__in=submissions).order_by("pk"))

    def unresolved(self) -> list[AuditRecord]:
        """Return those among them that are open."""
        return [record for record in self.records() if record.outcome in ("pending", "unknown")]

    @rule(environment=places, post=posts, listed=lists)
    def someone_creates(self, environment: str, post: Fault | None, listed: Fault | None) -> None:
        """Send a new form."""
        self.send(self.new(environment), lambda request: post, listed)

    @rule(environment=places)
    def the_process_ends_before_it_sends(self, environment: str) -> None:
        """Leave the record alone, as a crash does right after it."""
        changes.write(self.new(environment).record())

    @rule(environment=places, post=posts)
    def the_process_cannot_settle(self, environment: str, post: Fault | None) -> None:
        """Take the database away once the request is there, as a crash does: the record stays pending."""
        with impatient() as blocker:

            def block(request: Request) -> Fault | None:
                blocker.block()
                return post

            self.send(self.new(environment), block, None)

    @precondition(lambda self: self.attempts)
    @rule(pick=picks, post=posts)
    def the_same_form_comes_again(self, pick: int, post: Fault | None) -> None:
        """Send a form that was sent before."""
        again = self.attempts[pick % len(self.attempts)]
        if AuditRecord.objects.filter(submission=again.submission).exists():
            with pytest.raises(AlreadySubmitted) as used:
                self.send(again, lambda request: post, None)
            assert used.value.record is not None
            assert used.value.record.submission == again.submission

    @precondition(lambda self: self.attempts)
    @rule(pick=picks)
    def the_same_form_comes_with_other_values(self, pick: int) -> None:
        """Send a used form with another name."""
        again = replace(self.attempts[pick % len(self.attempts)], name="Another")
        if AuditRecord.objects.filter(submission=again.submission).exists():
            with pytest.raises(AlreadySubmitted) as used:
                self.send(again, lambda request: None, None)
            assert used.value.record is None

    @rule(pick=picks, listed=lists, late=strategies.booleans(), together=strategies.booleans())
    def someone_looks(self, pick: int, listed: Fault | None, late: bool, together: bool) -> None:
        """Look at LaunchDarkly for an open attempt: soon or later, alone or two at once."""
        open_ones = self.unresolved()
        if not open_ones:
            return
        record = open_ones[pick % len(open_ones)]
        self.list = listed

        def look() -> None:
            with suppress(LaunchDarklyError):
                seen = reconciliation.snapshot()
                # A minute later for the rules, without waiting for it.
                with override_settings(LAUNCHDARKLY_TIMEOUT=0, RECONCILE_GRACE=-60 if late else 60):
                    now = reconciliation.settle_interrupted(record)
                    if now.outcome == Outcome.UNKNOWN:
                        reconciliation.conclude(now, seen)

        def look_apart() -> None:
            look()
            connections.close_all()

        if together:
            others = [threading.Thread(target=look_apart) for _ in range(2)]
            for other in others:
                other.start()
            for other in others:
                other.join(20)
        else:
            look()
        self.list = None

    @rule(pick=picks, none=strategies.booleans())
    def someone_decides(self, pick: int, none: bool) -> None:
        """Decide about an open attempt, where that is possible."""
        open_ones = self.unresolved()
        if not open_ones:
            return
        record = open_ones[pick % len(open_ones)]
        found = reconciliation.look(record).candidates
        chosen = "" if none or not found else found[pick % len(found)].id
        with suppress(reconciliation.Undecidable):
            reconciliation.decide(record, actor=self.people[0], destination_id=chosen, reason="It looks like it")
            self.decided.add(record.uuid)

    @precondition(lambda self: self.attempts)
    @rule(pick=picks)
    def someone_else_makes_the_same(self, pick: int) -> None:
        """Make by hand what an attempt asked for."""
        asked = self.attempts[pick % len(self.attempts)]
        record = asked.record()
        self.sandbox.add_destination(
            "web-shop", asked.environment, kind=record.kind, name=record.name, config=record.config
        )

    @rule(pick=picks)
    def someone_else_removes_one(self, pick: int) -> None:
        """Remove a destination at LaunchDarkly."""
        items = self.sandbox.state.destinations()
        if not items:
            return
        item = items[pick % len(items)]
        self.sandbox.state.remove_destination(item.project, item.environment, item.id)
        self.gone.add(item.id)

    @rule(pick=picks)
    def someone_else_renames_one(self, pick: int) -> None:
        """Rename a destination at LaunchDarkly."""
        items = self.sandbox.state.destinations()
        if not items:
            return
        item = items[pick % len(items)]
        self.sandbox.state.change_destination(
            item.project, item.environment, item.id, lambda old: replace(old, name="Renamed", version=old.version + 1)
        )

    @rule(pick=picks)
    def someone_reads(self, pick: int) -> None:
        """Read a record: its page says what the database says."""
        records = self.records()
        if not records:
            return
        record = records[pick % len(records)]
        reader = Client()
        reader.force_login(self.people[1])
        page = reader.get(record.get_absolute_url())
        assert page.status_code == 200
        assert f"outcome--{record.outcome}" in page.content.decode()
        assert reader.get("/history/").status_code == 200

    @invariant()
    def nothing_is_sent_twice_or_without_a_record(self) -> None:
        """At most one POST for a submission, and its record begun before."""
        if not hasattr(self, "attempts"):
            return
        sent = [json.loads(request.body)["name"] for request in self.sandbox.requests if request.method == "POST"]
        assert len(sent) == len(set(sent))
        records = self.records()
        assert len({record.submission for record in records}) == len(records)
        assert set(sent) <= {record.name for record in records}

    @invariant()
    def no_record_says_what_is_not_so(self) -> None:
        """What is settled agrees with LaunchDarkly, where no person decided."""
        if not hasattr(self, "attempts"):
            return
        for item in self.sandbox.destinations():
            self.ever.setdefault(item["id"], set()).add(item["name"])
        for record in self.records():
            made = self.made.get(record.name, set())
            if record.outcome == Outcome.SUCCEEDED:
                assert record.name in self.ever[record.destination_id]
            if record.outcome in (Outcome.REFUSED, Outcome.NOT_SENT):
                assert not made
            if record.outcome == Outcome.ABSENT and record.uuid not in self.decided:
                assert made <= self.gone
            if record.outcome == Outcome.PENDING:
                assert record.destination_id == ""

    @invariant()
    def the_history_verifies(self) -> None:
        """Every seal fits, and every record is what its events say."""
        with verification.snapshot():
            walked = sum(1 for _ in verification.walk(verification.event_rows(), {}))
            compared = sum(1 for _ in verification.compare())
        assert walked == Event.objects.count()
        assert compared == AuditRecord.objects.count()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_in_any_order_nothing_is_lost_nothing_is_twice_and_the_history_verifies(
    operator: User, viewer: User, sandbox: SandboxServer, settings: Settings
) -> None:
    settings.LAUNCHDARKLY_TIMEOUT = 0.6
    settings.RECONCILE_GRACE = 60
    Product.sandbox, Product.people = sandbox, (operator, viewer)
    run_state_machine_as_test(Product, settings=PROFILE)


PROFILE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize="HYPOTHESIS_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
