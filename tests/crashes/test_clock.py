"""The clock jumps by an hour, forwards or back: deadlines and durations do not, and nobody is told what is not so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.destinations import actions, reconcile
from destinations_ui.sandbox import Drop, SandboxServer
from tests.crashes.scene import DESTINATIONS, doing
from tests.support.attempts import attempt

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
JUMPS = {"an hour ahead": HOUR, "an hour behind": -HOUR}


class Clock:
    """A system clock that is wrong by ``error``."""

    error = timedelta()

    def now(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self.error


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the product look at a clock that can be set. LaunchDarkly has its own."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture(autouse=True)
def no_grace(settings: Settings) -> None:
    """Let nothing be waited for but LaunchDarkly."""
    settings.RECONCILE_GRACE = 0


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_a_clock_jump_changes_no_deadline_duration_or_order(
    operator: User, sandbox: SandboxServer, clock: Clock, jump: timedelta
) -> None:
    sandbox.script("POST", DESTINATIONS, doing(lambda: setattr(clock, "error", jump)))

    record = actions.create_destination(attempt(operator)).record

    assert record.outcome == "succeeded"
    assert record.duration_ms is not None
    assert timedelta(milliseconds=record.duration_ms) < HOUR / 2
    assert [event.type for event in Event.objects.order_by("seq")] == ["intent", "settled"]
    call_command("verify_history")


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_a_response_lost_during_a_wrong_clock_is_resolved_later(
    operator: User, sandbox: SandboxServer, clock: Clock, jump: timedelta
) -> None:
    sandbox.script("POST", DESTINATIONS, Drop(after_write=True))
    clock.error = jump
    record = actions.create_destination(attempt(operator)).record

    clock.error = timedelta()
    found = reconcile.check(record).record

    assert (found.outcome, found.destination_id) == ("succeeded", sandbox.destinations()[-1]["id"])
    call_command("verify_history")


@pytest.mark.parametrize(
    "jump",
    [
        pytest.param(HOUR, id="an hour ahead"),
        pytest.param(-HOUR, id="an hour behind"),
    ],
)
def test_an_existing_destination_is_never_absent_after_a_clock_jump(
    operator: User, sandbox: SandboxServer, clock: Clock, jump: timedelta
) -> None:
    clock.error = jump
    record = attempt(operator).record()
    chain.record_intent(record)
    sandbox.add_destination("web-shop", "staging", kind=record.kind, name=record.name, config=record.config)

    # An hour later the clock, right again, has passed all that was written while it was wrong.
    clock.error = HOUR + timedelta(minutes=5)
    for _ in range(3):
        reconcile.check(AuditRecord.objects.get(pk=record.pk))
        clock.error += timedelta(minutes=5)

    assert AuditRecord.objects.get(pk=record.pk).outcome in {"succeeded", "unknown"}
