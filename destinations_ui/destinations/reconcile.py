"""Find out what became of an attempt whose response was lost.

LaunchDarkly's list is read. A destination in it that only this attempt can have created means that it succeeded. None,
at a second check after the longest time that LaunchDarkly could still be working on it, means that it was not created.
Where several destinations are possible, an operator decides. Secrets are never compared: LaunchDarkly does not show
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from destinations_ui.audit import chain
from destinations_ui.audit.models import UNRESOLVED, AuditRecord, Event, EventType, Outcome
from destinations_ui.destinations.inventory import LiveDestinations, live_destinations
from destinations_ui.launchdarkly.errors import LaunchDarklyError
from destinations_ui.launchdarkly.resources import Destination

#: How far LaunchDarkly's clock and ours may be apart.
SKEW = timedelta(minutes=2)

#: How sentences write a time. Every time here is in UTC.
UTC_FORMAT = "%Y-%m-%d %H:%M:%S UTC"

#: Who resolved an attempt that no operator had to decide about.
PRODUCT = "Destinations UI"

#: What a check can find without resolving the attempt, as its event says.
NOT_FOUND, AMBIGUOUS = "not found", "ambiguous"


class DecisionError(Exception):
    """A decision cannot be recorded; the message tells the operator why."""


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """The result of a check.

    Attributes:
        record: As it is now.
        candidates: The destinations the attempt may have created, when an operator has to decide.
        certain_at: From then on, a check that finds nothing means that nothing was created.
        problem: Why LaunchDarkly could not be read; empty when it could.
    """

    record: AuditRecord
    candidates: Sequence[Destination] = ()
    certain_at: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """What an attempt's events tell about its circumstances.

    Attributes:
        before: The ids its environment had just before it was sent; ``None`` when unknown.
        interrupted: Whether the process ended before it could settle the attempt.
        not_found_at: When a check found nothing for the first time.
        candidates: The ids that the last check found.
    """

    before: frozenset[str] | None
    interrupted: bool
    not_found_at: datetime | None
    candidates: Sequence[str]


def longest_request() -> timedelta:
    """Return the age from which on a pending attempt cannot be under way any more."""
    return timedelta(seconds=2 * settings.LAUNCHDARKLY_TIMEOUT + settings.RECONCILE_GRACE)


def is_interrupted(record: AuditRecord) -> bool:
    """Return whether an attempt is pending although no process can be working on it any more.

    A creation time in the future means that the clock has been set back since. Should the attempt still be under way,
    its response is recorded when it comes.
    """
    if record.settled or record.damaged:
        return False
    age = timezone.now() - record.created_at
    return age > longest_request() or age < -SKEW


def unresolved() -> QuerySet[AuditRecord]:
    """Return the attempts to check, oldest first."""
    now = timezone.now()
    interrupted = Q(created_at__lt=now - longest_request()) | Q(created_at__gt=now + SKEW)
    pending = Q(outcome=Outcome.PENDING) & interrupted
    return AuditRecord.objects.filter(Q(outcome=Outcome.UNKNOWN) | pending).order_by("pk")


def unresolved_at(project: str, environment: str) -> list[AuditRecord]:
    """Return the unresolved attempts in an environment, newest first.

    The records are queried, not the search index: a missing index row must not hide an attempt from a decision.
    """
    return list(
        AuditRecord.objects.filter(outcome__in=UNRESOLVED, project=project, environment=environment).order_by("-pk")
    )


def check(record: AuditRecord) -> ReconcileResult:
    """Check LaunchDarkly, and resolve the record if that makes it certain. Any number can run at the same time."""
    if record.damaged:
        return ReconcileResult(record, problem="This record is damaged, so it can’t be matched to a destination.")
    record = settle_interrupted(record)
    if record.outcome != Outcome.UNKNOWN:
        return ReconcileResult(record)
    try:
        return conclude(record, live_destinations())
    except LaunchDarklyError as error:
        return ReconcileResult(record, certain_at=certain_at(record, attempt_facts(record)), problem=error.message)


def settle_interrupted(record: AuditRecord) -> AuditRecord:
    """Settle a record as unknown when it was interrupted; return it as it is now."""
    if is_interrupted(record):
        result = {
            "outcome": Outcome.UNKNOWN,
            "settled_at": timezone.now(),
            "explanation": "Destinations UI stopped before it recorded a response.",
        }
        chain.settle(record, result, interrupted=True)
    return AuditRecord.objects.get(pk=record.pk)


def conclude(record: AuditRecord, live: LiveDestinations) -> ReconcileResult:
    """Compare an unknown record with LaunchDarkly's list, and resolve it if that makes it certain."""
    facts = attempt_facts(record)
    own, possible = match(record, facts, live.items)
    certain = certain_at(record, facts)
    if len(own) == 1 and not possible:
        how = f"LaunchDarkly has one matching destination: {own[0].id}. Secrets can’t be compared."
        return resolve(record, {"outcome": Outcome.SUCCEEDED, "destination_id": own[0].id}, how)
    candidates = [*own, *possible]
    if not candidates and facts.not_found_at and live.requested_at >= max(certain, facts.not_found_at):
        how = (
            f"LaunchDarkly had no matching destination at {facts.not_found_at:{UTC_FORMAT}}, and again at "
            f"{live.requested_at:{UTC_FORMAT}}, when it could no longer be created."
        )
        return resolve(record, {"outcome": Outcome.ABSENT}, how)
    ids = sorted(item.id for item in candidates)
    is_news = ids != facts.candidates if candidates else not facts.not_found_at
    if is_news:
        record_finding(record, facts, ids)
        certain = certain_at(record, attempt_facts(record))
    return ReconcileResult(record, candidates, certain)


def record_finding(record: AuditRecord, facts: AttemptFacts, ids: Sequence[str]) -> None:
    """Add an event with what a check found, unless another check has added one meanwhile."""
    payload = {"check": AMBIGUOUS if ids else NOT_FOUND, "candidates": ids}
    with chain.write_transaction():
        still_unknown = AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.UNKNOWN).exists()
        if still_unknown and attempt_facts(record) == facts:
            chain.append_event(record.uuid, EventType.NOTED, payload)


def resolve(record: AuditRecord, result: Mapping[str, Any], how: str) -> ReconcileResult:
    """Resolve a record, unless another check was faster; return the record as it is now."""
    chain.resolve(record, {**result, "explanation": how}, how=how, by=PRODUCT)
    return ReconcileResult(AuditRecord.objects.get(pk=record.pk))


def decide(record: AuditRecord, *, actor: User, destination_id: str, reason: str) -> AuditRecord:
    """Record an operator's decision which candidate the attempt created; an empty id means none of them.

    Raises:
        DecisionError: nothing was changed.
    """
    found = check(record)
    if found.problem:
        raise DecisionError(found.problem)
    if found.record.outcome != Outcome.UNKNOWN:
        raise DecisionError("This attempt is already resolved, so no decision is needed.")
    if not found.candidates:
        raise DecisionError("LaunchDarkly has no matching destination any more, so there is nothing to choose.")
    ids = sorted(item.id for item in found.candidates)
    result: dict[str, Any] = {"outcome": Outcome.ABSENT}
    if destination_id:
        if destination_id not in ids:
            raise DecisionError("That destination isn’t one of the possible matches. Choose again.")
        result = {"outcome": Outcome.SUCCEEDED, "destination_id": destination_id}
    elif found.certain_at and timezone.now() < found.certain_at:
        raise DecisionError(f"LaunchDarkly may still create it. Decide after {found.certain_at:%H:%M:%S} UTC.")
    how = f"{actor.get_username()} compared the possible matches and decided."
    payload = {"how": how, "by": actor.get_username(), "by_pk": str(actor.pk), "candidates": ids, "reason": reason}
    if not chain.resolve(record, result | {"explanation": how}, **payload):
        raise DecisionError("This attempt is already resolved, or the destination belongs to another record.")
    return AuditRecord.objects.get(pk=record.pk)


def unrecorded(live: LiveDestinations) -> list[Destination]:
    """Return the destinations that no record claims: created elsewhere, or by records that were lost."""
    claimed = claimed_ids(live.items)
    return [item for item in live.items if item.id not in claimed]


def attempt_facts(record: AuditRecord) -> AttemptFacts:
    """Read the facts from the attempt's own events."""
    before: frozenset[str] | None = None
    interrupted, not_found_at, candidates = False, None, []
    for event in Event.objects.filter(record=record.uuid).order_by("seq"):
        payload = event.payload
        if event.type == EventType.SETTLED:
            interrupted = payload.get("interrupted", False)
            before = frozenset(payload["before"]) if "before" in payload else None
        elif payload.get("check") == NOT_FOUND:
            not_found_at = not_found_at or event.at
        elif payload.get("check") == AMBIGUOUS:
            candidates = payload["candidates"]
    return AttemptFacts(before, interrupted, not_found_at, candidates)


def began_at(record: AuditRecord, facts: AttemptFacts) -> datetime:
    """Return the time by which the attempt had begun.

    It began before its later events, whatever the clocks said: when one of these is earlier, the clock was ahead.
    """
    return min(time for time in (record.created_at, record.settled_at, facts.not_found_at) if time)


def certain_at(record: AuditRecord, facts: AttemptFacts) -> datetime:
    """Return from when on a check that finds nothing means that nothing was created.

    An interrupted attempt may have been under way at the first check, should a clock have jumped: then one whole
    exchange has to lie between the two checks.
    """
    exchange = timedelta(seconds=settings.LAUNCHDARKLY_TIMEOUT)
    certain = began_at(record, facts) + exchange + timedelta(seconds=settings.RECONCILE_GRACE)
    if facts.interrupted:
        return max(certain, (facts.not_found_at or timezone.now()) + exchange)
    return certain


def match(
    record: AuditRecord, facts: AttemptFacts, destinations: Sequence[Destination]
) -> tuple[list[Destination], list[Destination]]:
    """Return the destinations that this attempt certainly created, and those that it may have created."""
    here = [
        item
        for item in destinations
        if (item.project, item.environment, item.kind) == (record.project, record.environment, record.kind)
        and item.id
        and item.id not in (facts.before or ())
    ]
    claimed = claimed_ids(here, except_by=record)
    rivals = [(rival, attempt_facts(rival)) for rival in rivals_of(record)]
    own: list[Destination] = []
    possible: list[Destination] = []
    for item in here:
        if item.id in claimed:
            continue
        is_older = created_before(record, facts, item)
        if item.name != record.name or config_differs(record, item):
            # Only a destination that was edited since can be this attempt's.
            if item.version > 1 and not is_older:
                possible.append(item)
            continue
        if is_older and not facts.interrupted:
            continue
        is_contested = any(created_during(rival, theirs, item) for rival, theirs in rivals)
        if is_contested and not created_during(record, facts, item):
            continue
        # When the process ended, its clock may have been wrong, and the list from before the attempt is lost.
        is_dated = not is_older and (item.created_at is not None or facts.before is not None)
        is_complete = all(key in item.config for key in record.config)
        (own if is_dated and is_complete and not is_contested else possible).append(item)
    return own, possible


def claimed_ids(destinations: Sequence[Destination], *, except_by: AuditRecord | None = None) -> set[str]:
    """Return the ids that records claim, except those that one record claims."""
    claims = AuditRecord.objects.claiming(item.id for item in destinations).values_list("pk", "destination_id")
    return {destination_id for pk, destination_id in claims if except_by is None or pk != except_by.pk}


def rivals_of(record: AuditRecord) -> list[AuditRecord]:
    """Return the other unresolved attempts to create the same destination. A damaged one may be such an attempt."""
    wanted = record.kind, record.name, record.config
    others = unresolved_at(record.project, record.environment)
    return [
        other
        for other in others
        if other != record and (other.damaged or (other.kind, other.name, other.config) == wanted)
    ]


def created_before(record: AuditRecord, facts: AttemptFacts, item: Destination) -> bool:
    """Return whether a destination was created before the attempt, by the clocks.

    What was not in the list just before the post was created later, whatever the clocks say.
    """
    return facts.before is None and item.created_at is not None and item.created_at < record.created_at - SKEW


def config_differs(record: AuditRecord, item: Destination) -> bool:
    """Return whether a readable value is there and is not the requested one."""
    return any(key in item.config and item.config[key] != value for key, value in record.config.items())


def created_during(record: AuditRecord, facts: AttemptFacts, item: Destination) -> bool:
    """Return whether a destination can have been created while an attempt was under way."""
    if item.id in (facts.before or ()):
        return False
    if item.created_at is None:
        return True
    end = record.settled_at if record.settled_at and not facts.interrupted else record.created_at + longest_request()
    return began_at(record, facts) - SKEW <= item.created_at <= end + SKEW
