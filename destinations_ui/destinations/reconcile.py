"""Finding out what became of an attempt whose answer was lost.

LaunchDarkly's list is read back. A destination that is there and can only be the attempt's means that it succeeded;
none, at a second look after the longest time that LaunchDarkly could still have been busy with it, means that it did
not. Where more than one could be it, a person decides. Secrets are never compared: LaunchDarkly does not show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

#: Who is named where nobody decided but the facts.
OURSELVES = "Destinations UI"


class DecisionError(Exception):
    """A person's decision cannot be taken; the message says why, in a sentence for them."""


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What a look at LaunchDarkly brought.

    Attributes:
        record: As it is now.
        candidates: The destinations that could be the attempt's, where it takes a person to tell.
        certain_at: From when on a look that finds nothing means that there is nothing.
        problem: Why LaunchDarkly could not be read, in a sentence.
    """

    record: AuditRecord
    candidates: Sequence[Destination] = ()
    certain_at: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """What an attempt's events tell about its circumstances.

    Attributes:
        before: The ids that its environment had just before it was sent; ``None`` where that is not known.
        interrupted: Whether the process ended before it could settle the attempt.
        first_look: When a look found nothing for the first time.
        candidates: The ids that were found last.
    """

    before: frozenset[str] | None = None
    interrupted: bool = False
    first_look: datetime | None = None
    candidates: Sequence[str] = field(default=())


def longest_request() -> timedelta:
    """Return the age at which a pending attempt cannot be under way any more."""
    return timedelta(seconds=2 * settings.LAUNCHDARKLY_TIMEOUT + settings.RECONCILE_GRACE)


def interrupted(record: AuditRecord) -> bool:
    """Tell whether an attempt is pending though nobody can be working at it any more."""
    return not record.settled and timezone.now() - record.created_at > longest_request()


def unresolved() -> QuerySet[AuditRecord]:
    """Return the attempts to find out about, oldest first."""
    stale = Q(outcome=Outcome.PENDING, created_at__lt=timezone.now() - longest_request())
    return AuditRecord.objects.filter(Q(outcome=Outcome.UNKNOWN) | stale).order_by("pk")


def unresolved_at(project: str, environment: str) -> list[AuditRecord]:
    """Return the unresolved attempts in an environment, newest first.

    The records are queried, not the search index: a missing index row must not hide an attempt from a decision.
    """
    return list(
        AuditRecord.objects.filter(outcome__in=UNRESOLVED, project=project, environment=environment).order_by("-pk")
    )


def look(record: AuditRecord) -> ReconcileResult:
    """Look at LaunchDarkly once, and move the record if that makes it certain. Any number may look at the same time."""
    if record.damaged:
        return ReconcileResult(record, problem="This record is damaged, so it cannot be matched to a destination.")
    record = settle_interrupted(record)
    if record.outcome != Outcome.UNKNOWN:
        return ReconcileResult(record)
    try:
        return conclude(record, live_destinations())
    except LaunchDarklyError as error:
        return ReconcileResult(record, certain_at=certain_at(record, known(record)), problem=error.message)


def settle_interrupted(record: AuditRecord) -> AuditRecord:
    """Return the record as it is now; a pending one that nobody works at any more has become unknown."""
    if interrupted(record):
        result = {
            "outcome": Outcome.UNKNOWN,
            "settled_at": timezone.now(),
            "explanation": "Destinations UI stopped before it could note what came of the attempt.",
        }
        chain.settle(record, result, interrupted=True)
    return AuditRecord.objects.get(pk=record.pk)


def conclude(record: AuditRecord, seen: LiveDestinations) -> ReconcileResult:
    """Hold an unknown record against LaunchDarkly's list, and move it if that makes it certain."""
    facts = known(record)
    ours, possible = matches(record, facts, seen.items)
    certain = certain_at(record, facts)
    if len(ours) == 1 and not possible:
        how = (
            "LaunchDarkly’s list has one destination in this environment with this kind, name and readable "
            f"configuration that was made by this attempt: {ours[0].id}. Secrets cannot be compared."
        )
        result = {"outcome": Outcome.SUCCEEDED, "destination_id": ours[0].id, "explanation": how}
        return resolved(record, result, how=how, by=OURSELVES)
    found = [*ours, *possible]
    if not found and facts.first_look and seen.requested_at >= max(certain, facts.first_look):
        how = (
            f"LaunchDarkly’s list had no such destination at {chain.timestamp(facts.first_look)}, and again at "
            f"{chain.timestamp(seen.requested_at)}, when the attempt could not be under way any more."
        )
        return resolved(record, {"outcome": Outcome.ABSENT, "explanation": how}, how=how, by=OURSELVES)
    ids = sorted(item.id for item in found)
    if not (found or facts.first_look) or (found and ids != facts.candidates):
        note(record, facts, look="several" if found else "nothing found", candidates=ids)
        certain = certain_at(record, known(record))
    return ReconcileResult(record, found, certain)


def note(record: AuditRecord, facts: AttemptFacts, **payload: Any) -> None:
    """Put what a look found into the history, unless another look found something meanwhile."""
    with chain.write_transaction():
        still = AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.UNKNOWN).exists()
        if still and known(record) == facts:
            chain.append_event(record.uuid, EventType.NOTED, payload)


def decide(record: AuditRecord, *, actor: User, destination_id: str, reason: str) -> AuditRecord:
    """Take a person's word for which destination is the attempt's; an empty id means none of the candidates.

    Raises:
        Undecidable: nothing was changed.
    """
    found = look(record)
    if found.problem:
        raise DecisionError(found.problem)
    if found.record.outcome != Outcome.UNKNOWN:
        raise DecisionError("It has been settled meanwhile, so there is nothing left to decide.")
    if not found.candidates:
        raise DecisionError("LaunchDarkly has no such destination now, so there is nothing to choose from.")
    ids = sorted(item.id for item in found.candidates)
    result: dict[str, Any] = {"outcome": Outcome.ABSENT}
    if destination_id:
        if destination_id not in ids:
            raise DecisionError("That destination is not among those it could be. Choose again.")
        result = {"outcome": Outcome.SUCCEEDED, "destination_id": destination_id}
    elif found.certain_at and timezone.now() < found.certain_at:
        raise DecisionError(f"LaunchDarkly may still be creating it. Decide after {found.certain_at:%H:%M:%S} UTC.")
    how = f"{actor.get_username()} looked at the candidates and decided."
    payload = {"how": how, "by": actor.get_username(), "by_pk": str(actor.pk), "candidates": ids, "reason": reason}
    if not chain.resolve(record, result | {"explanation": how}, **payload):
        raise DecisionError("It has been settled meanwhile, or the destination belongs to another record.")
    return AuditRecord.objects.get(pk=record.pk)


def unrecorded(seen: LiveDestinations) -> list[Destination]:
    """Return the destinations that no record claims: made elsewhere, or by records that were lost."""
    claimed = claimed_ids(seen.items)
    return [item for item in seen.items if item.id not in claimed]


def resolved(record: AuditRecord, result: Mapping[str, Any], **payload: Any) -> ReconcileResult:
    """Write what was found out, unless someone else did first; return what the record says now."""
    chain.resolve(record, result, **payload)
    return ReconcileResult(AuditRecord.objects.get(pk=record.pk))


def known(record: AuditRecord) -> AttemptFacts:
    """Return what the attempt's own events tell."""
    before: frozenset[str] | None = None
    stopped, first_look, candidates = False, None, []
    for event in Event.objects.filter(record=record.uuid).order_by("seq"):
        payload = event.payload
        if event.type == EventType.SETTLED:
            stopped = payload.get("interrupted", False)
            before = frozenset(payload["before"]) if "before" in payload else None
        elif payload.get("look") == "nothing found":
            first_look = first_look or event.at
        elif "look" in payload:
            candidates = payload["candidates"]
    return AttemptFacts(before, stopped, first_look, candidates)


def certain_at(record: AuditRecord, facts: AttemptFacts) -> datetime:
    """Return from when on a look that finds nothing means that there is nothing.

    An attempt that was interrupted may have been under way at the first look, should a clock have jumped: then one
    whole exchange has to lie between the two.
    """
    exchange = timedelta(seconds=settings.LAUNCHDARKLY_TIMEOUT)
    certain = record.created_at + exchange + timedelta(seconds=settings.RECONCILE_GRACE)
    if facts.interrupted:
        return max(certain, (facts.first_look or timezone.now()) + exchange)
    return certain


def matches(
    record: AuditRecord, facts: AttemptFacts, destinations: Sequence[Destination]
) -> tuple[list[Destination], list[Destination]]:
    """Return the destinations that are the attempt's, and those that could be."""
    here = [
        item
        for item in destinations
        if (item.project, item.environment, item.kind) == (record.project, record.environment, record.kind)
        and item.id
        and item.id not in (facts.before or ())
    ]
    claimed = claimed_ids(here, but_by=record)
    rivals = [(rival, known(rival)) for rival in rivals_of(record)]
    ours: list[Destination] = []
    possible: list[Destination] = []
    for item in here:
        if item.id in claimed:
            continue
        early = earlier(record, facts, item)
        if item.name != record.name or differs(record, item):
            # Only what has been edited since can have been ours.
            if item.version > 1 and not early:
                possible.append(item)
            continue
        if early and not facts.interrupted:
            continue
        owners = [rival for rival, theirs in rivals if during(rival, theirs, item)]
        if owners and not during(record, facts, item):
            continue
        # Where the process ended, its clock may have been wrong, and nobody saw what was there before.
        told = not early and (item.created_at is not None or facts.before is not None)
        whole = all(key in item.config for key in record.config)
        (ours if told and whole and not owners else possible).append(item)
    return ours, possible


def claimed_ids(destinations: Sequence[Destination], *, but_by: AuditRecord | None = None) -> set[str]:
    """Return the ids that a record has claimed, perhaps another one than this."""
    claiming = AuditRecord.objects.claiming(item.id for item in destinations).values_list("pk", "destination_id")
    return {destination_id for pk, destination_id in claiming if but_by is None or pk != but_by.pk}


def rivals_of(record: AuditRecord) -> list[AuditRecord]:
    """Return the other unresolved attempts that asked for the same."""
    asked = record.kind, record.name, record.config
    others = unresolved_at(record.project, record.environment)
    # A damaged one may have asked for the same.
    return [
        other
        for other in others
        if other != record and (other.damaged or (other.kind, other.name, other.config) == asked)
    ]


def earlier(record: AuditRecord, facts: AttemptFacts, item: Destination) -> bool:
    """Tell whether a destination was made before the attempt, by the clocks.

    What was not in the list just before the post was made later, whatever the clocks say.
    """
    return facts.before is None and item.created_at is not None and item.created_at < record.created_at - SKEW


def differs(record: AuditRecord, item: Destination) -> bool:
    """Tell whether something readable is there and is not what was asked for."""
    return any(key in item.config and item.config[key] != value for key, value in record.config.items())


def during(record: AuditRecord, facts: AttemptFacts, item: Destination) -> bool:
    """Tell whether a destination can have been made while an attempt was under way."""
    if item.id in (facts.before or ()):
        return False
    if item.created_at is None:
        return True
    end = record.settled_at if record.settled_at and not facts.interrupted else record.created_at + longest_request()
    return record.created_at - SKEW <= item.created_at <= end + SKEW
