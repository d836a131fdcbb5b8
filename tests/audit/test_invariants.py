"""Whatever comes in whatever order, nothing is lost, nothing is sent twice, and no record says what is not so."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
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

from destinations_ui.audit import verification
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import actions as changes
from destinations_ui.destinations import inventory, reconcile
from destinations_ui.destinations.actions import AlreadySubmitted, Attempt, NotRecorded
from destinations_ui.launchdarkly import throttling
from destinations_ui.launchdarkly.errors import LaunchDarklyError
from destinations_ui.sandbox import (
    Drip,
    Drop,
    Fault,
    Interim,
    NotJson,
    RateLimited,
    Raw,
    Request,
    Reset,
    SandboxServer,
    Status,
)
from destinations_ui.sandbox.faults import Exchange
from tests.support.attempts import KINDS, attempt
from tests.support.database_faults import impatient

DESTINATIONS = "/api/v2/destinations"
SEGMENT = next(kind for kind in KINDS if kind.slug == "segment")

#: What LaunchDarkly can do to a request to create something; ``None`` is the honest answer.
FAULTS: tuple[Fault | None, ...] = (
    None,
    *(Status(code) for code in (400, 401, 403, 404, 409, 422, 500, 503)),
    *(Status(code, headers={"Location": "/"}) for code in (302, 307)),
    *(Status(code, after_write=True) for code in (302, 500, 502)),
    Status(200, {}, after_write=True),
    Raw(b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{", after_write=True),
    Raw(b"nonsense\r\n\r\n"),
    Interim(),
    RateLimited(),
    NotJson(),
    Drop(),
    Drop(after_write=True),
    Reset(),
    Reset(after_write=True),
    Drip(pause=0.2),
)
#: Those after which nobody knows.
LOST = (Drop(), Drop(after_write=True), Reset(after_write=True), NotJson())
LIST_FAULTS: tuple[Fault | None, ...] = (None, None, None, Status(401), Status(503), Drop(), NotJson())
#: A list that does not have yet what was made just before.
BEHIND = Status(200, {"items": []})

#: Thoroughly: ``HYPOTHESIS_EXAMPLES=500 pytest tests/test_invariants.py``.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "15"))
STEPS = 16

posts = strategies.sampled_from(LOST) | strategies.sampled_from(FAULTS)
lists = strategies.sampled_from(LIST_FAULTS)
places = strategies.sampled_from((0, 1))
picks = strategies.integers(0, 1000)


def submission(request: Request) -> uuid.UUID:
    """Return which submission a POST stands for."""
    return uuid.UUID(json.loads(request.body)["config"]["writeKey"])


def both(act: Callable[[], None]) -> None:
    """Do something from two threads at once."""

    def act_apart() -> None:
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act_apart) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


class Late(Fault):
    """Does what was asked for when nobody waits for it any more: on a sign."""

    def __init__(self) -> None:
        self.sign, self.done = threading.Event(), threading.Event()

    def act(self, exchange: Exchange) -> None:
        """Wait for the sign, then write."""
        self.sign.wait(60)
        exchange.carry_out()
        self.done.set()
        exchange.close()


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
        # Of their own, so that attempts of the runs before have no part in this one.
        self.places = [uuid.uuid4().hex for _ in range(2)]
        for key in self.places:
            self.sandbox.add_environment("web-shop", key, key)
        self.attempts: list[Attempt] = []
        self.late: list[tuple[Attempt, Late]] = []
        self.decided: set[uuid.UUID] = set()
        #: The destinations by the submission that made them, those that others made, and those that are gone.
        self.made: dict[uuid.UUID, set[str]] = {}
        self.foreign: set[str] = set()
        self.gone: set[str] = set()
        self.unannounced: list[uuid.UUID] = []
        self.post: Callable[[Request], Fault | None] = lambda request: None
        self.list: Fault | None = None
        self.sandbox.script("POST", DESTINATIONS, self.arrived, times=None)
        self.sandbox.script("GET", DESTINATIONS, lambda request: self.list, times=None)

    def teardown(self) -> None:
        """Reconcile all unresolved attempts at the end; what remains is for an operator to decide."""
        if not hasattr(self, "attempts"):
            return
        self.finish()
        # That one is settled can settle the next, each at a second look.
        with override_settings(RECONCILE_GRACE=-60):
            for _ in range(2 * len(self.unresolved())):
                for record in self.unresolved():
                    self.look_at(record, late=True)
            self.no_record_says_what_is_not_so()
            looks = [reconcile.check(record) for record in self.unresolved()]
            assert all(look.candidates or look.problem for look in looks)

    def arrived(self, request: Request) -> Fault | None:
        """Meet a POST in LaunchDarkly's thread: what was sent has to be on record, where everybody can read it."""
        begun = AuditRecord.objects.filter(submission=submission(request), outcome=Outcome.PENDING).values("uuid")
        if not Event.objects.filter(record__in=begun, type=EventType.INTENT).exists():
            self.unannounced.append(submission(request))
        connection.close()
        return self.post(request)

    @contextmanager
    def making(self, asked: Attempt) -> Iterator[None]:
        """Note what is created at LaunchDarkly."""
        before = {item.id for item in self.sandbox.state.destinations()}
        yield
        after = {item.id for item in self.sandbox.state.destinations()}
        self.made.setdefault(asked.submission, set()).update(after - before)

    def send(self, asked: Attempt, post: Callable[[Request], Fault | None], listed: Fault | None) -> None:
        """Create what is asked for while LaunchDarkly behaves in some way; note what came of it there."""
        throttling.PROCESS.breaker.close()  # Here each example is a process of its own.
        self.post, self.list = post, listed
        with self.making(asked), suppress(NotRecorded):
            changes.create_destination(asked)
        self.list = None

    def finish(self) -> None:
        """Let LaunchDarkly finish what it is late with."""
        for asked, late in self.late:
            with self.making(asked):
                late.sign.set()
                assert late.done.wait(60)
        self.late.clear()

    def new(self, place: int) -> Attempt:
        """Return an attempt that was not made before. All want the same; what tells them apart is the secret alone."""
        key = uuid.uuid4()
        values = {**SEGMENT.examples(), "write_key": Secret(key.hex)}
        where = {"project": "web-shop", "environment": self.places[place]}
        asked = attempt(self.people[0], "segment", submission=key, values=values, **where)
        self.attempts.append(asked)
        return asked

    def sent(self) -> list[uuid.UUID]:
        """Return the submissions that were sent."""
        return [submission(request) for request in self.sandbox.requests if request.method == "POST"]

    def records(self) -> list[AuditRecord]:
        """Return the records of this run."""
        submissions = [asked.submission for asked in self.attempts]
        return list(AuditRecord.objects.filter(submission__in=submissions).order_by("pk"))

    def unresolved(self) -> list[AuditRecord]:
        """Return those among them that are open."""
        return [record for record in self.records() if record.outcome in ("pending", "unknown")]

    @rule(place=places, post=posts, listed=lists)
    def someone_creates(self, place: int, post: Fault | None, listed: Fault | None) -> None:
        """Send a new form."""
        self.send(self.new(place), lambda request: post, listed)

    @rule(place=places)
    def launchdarkly_takes_longer_than_anyone_waits(self, place: int) -> None:
        """Send a new form that is dealt with later."""
        late = Late()
        asked = self.new(place)
        self.send(asked, lambda request: late, None)
        if asked.submission in self.sent():
            self.late.append((asked, late))

    @rule()
    def launchdarkly_finishes_at_last(self) -> None:
        """Let it do what it is late with."""
        self.finish()

    @rule(place=places)
    def the_process_ends_before_it_sends(self, place: int) -> None:
        """Leave the record alone, as a crash does right after it."""
        changes.record_intent(self.new(place).record(), {})

    @rule(place=places, post=posts)
    def the_process_cannot_settle(self, place: int, post: Fault | None) -> None:
        """Take the database away once the request is there, as a crash does: the record stays pending."""
        with impatient() as blocker:

            def block(request: Request) -> Fault | None:
                blocker.block()
                return post

            self.send(self.new(place), block, None)

    @rule(place=places, post=posts)
    def the_same_form_comes_twice_at_once(self, place: int, post: Fault | None) -> None:
        """Send a new form from two threads."""
        asked = self.new(place)
        self.post = lambda request: post

        def send() -> None:
            with suppress(NotRecorded, AlreadySubmitted):
                changes.create_destination(asked)

        throttling.PROCESS.breaker.close()
        with self.making(asked):
            both(send)

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

    def look_at(self, record: AuditRecord, *, late: bool) -> None:
        """Look at LaunchDarkly for an open attempt."""
        with suppress(LaunchDarklyError):
            seen = inventory.live_destinations()
            if late:
                # It takes part in the rules as a look after the longest exchange, without waiting for it.
                seen = replace(seen, requested_at=seen.requested_at + timedelta(seconds=2))
            now = reconcile.settle_interrupted(record)
            if now.outcome == Outcome.UNKNOWN:
                reconcile.conclude(now, seen)

    @rule(pick=picks, listed=lists, late=strategies.booleans(), together=strategies.booleans())
    def someone_looks(self, pick: int, listed: Fault | None, late: bool, together: bool) -> None:
        """Look for an open attempt: later, alone or two at once, or soon and again, when the list may be behind."""
        open_ones = self.unresolved()
        if not open_ones:
            return
        record = open_ones[pick % len(open_ones)]
        if late:
            self.finish()
        self.list = listed if late or listed else BEHIND
        # What is overridden is overridden for every thread, so it is done once, around them.
        with override_settings(RECONCILE_GRACE=-60 if late else 60):
            for _ in range(1 if late else 2):
                if together:
                    both(lambda: self.look_at(record, late=late))
                else:
                    self.look_at(record, late=late)
        self.list = None

    @rule(pick=picks, none=strategies.booleans())
    def someone_decides(self, pick: int, none: bool) -> None:
        """Decide about an open attempt, where that is possible."""
        open_ones = self.unresolved()
        if not open_ones:
            return
        record = open_ones[pick % len(open_ones)]
        self.finish()
        # A minute later, too.
        with override_settings(RECONCILE_GRACE=-60), suppress(reconcile.DecisionError):
            found = reconcile.check(record).candidates
            chosen = "" if none or not found else found[pick % len(found)].id
            reconcile.decide(record, actor=self.people[0], destination_id=chosen, reason="It looks like it")
            self.decided.add(record.uuid)

    @precondition(lambda self: self.attempts)
    @rule(pick=picks)
    def someone_else_makes_the_same(self, pick: int) -> None:
        """Make by hand what an attempt asked for."""
        asked = self.attempts[pick % len(self.attempts)]
        record = asked.record()
        config = {**record.config, "writeKey": "someone else's"}
        made = self.sandbox.add_destination(
            "web-shop", asked.environment, kind=record.kind, name=record.name, config=config
        )
        self.foreign.add(made)

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
        export = reader.get("/history/export/?format=csv").getvalue().decode()
        assert str(record.uuid) in export
        # The submission's hexadecimal digits are its secret here.
        assert not [asked for asked in self.attempts if asked.submission.hex in page.content.decode() + export]

    @invariant()
    def nothing_is_sent_twice_or_without_a_record(self) -> None:
        """At most one POST for a submission, and its record begun before."""
        if not hasattr(self, "attempts"):
            return
        sent = self.sent()
        assert len(sent) == len(set(sent))
        assert not self.unannounced
        records = self.records()
        assert len({record.submission for record in records}) == len(records)
        assert set(sent) <= {record.submission for record in records}

    @invariant()
    def no_record_says_what_is_not_so(self) -> None:
        """A settled outcome agrees with LaunchDarkly, unless an operator decided it."""
        if not hasattr(self, "attempts"):
            return
        records = self.records()
        makers = {made: maker for maker, ids in self.made.items() for made in ids}
        # Where a person was wrong, the others follow.
        misled = {record.submission for record in records if record.uuid in self.decided}
        taken = {record.destination_id for record in records if record.uuid in self.decided}
        for record in records:
            made = self.made.get(record.submission, set())
            if record.outcome == Outcome.SUCCEEDED and record.uuid not in self.decided:
                # What someone else made by hand, and just the same, cannot be told from an attempt's own.
                owners = {record.submission, *misled}
                assert record.destination_id in self.foreign or makers.get(record.destination_id) in owners
            if record.outcome in (Outcome.REFUSED, Outcome.NOT_SENT):
                assert not made
            if record.outcome == Outcome.ABSENT and record.uuid not in self.decided:
                assert made <= self.gone | taken
            if record.outcome == Outcome.PENDING:
                assert record.destination_id == ""
        claimed = [record.destination_id for record in records if record.destination_id]
        assert len(claimed) == len(set(claimed))

    @invariant()
    def the_history_verifies(self) -> None:
        """Every seal fits, and every record is what its events say."""
        with verification.snapshot():
            walked = sum(1 for _ in verification.walk(verification.event_rows(), {}))
            compared = sum(1 for _ in verification.compare())
        assert walked == Event.objects.count()
        assert compared == AuditRecord.objects.count()


@pytest.mark.django_db(transaction=True)
def test_any_order_loses_and_repeats_nothing_and_verifies(
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
