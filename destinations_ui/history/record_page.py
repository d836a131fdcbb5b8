"""The context of a record's page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.utils import timezone

from destinations_ui import kinds
from destinations_ui.accounts import people
from destinations_ui.accounts.permissions import CREATE
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.destinations import delivery, inventory, reconcile, setup_guides
from destinations_ui.destinations.forms.decision import DecisionForm
from destinations_ui.destinations.forms.delivery import DeliveryForm
from destinations_ui.destinations.reconcile import ReconcileResult
from destinations_ui.destinations.snippets.record_snippets import snippets
from destinations_ui.launchdarkly.errors import LaunchDarklyError
from destinations_ui.launchdarkly.resources import Destination

#: The outcomes after which the same request can be sent again.
NOTHING_CREATED = (Outcome.REFUSED, Outcome.NOT_SENT, Outcome.ABSENT)


class Progress(NamedTuple):
    """How many seconds have passed, and of how many, until it is certain that nothing was created."""

    passed: int
    total: int

    @property
    def left(self) -> int:
        """How many seconds are left."""
        return self.total - self.passed


def record_context(result: ReconcileResult, user: User) -> dict[str, Any]:
    """Return the context of ``history/record.html``."""
    record = result.record
    kind = kinds.registry().get(record.kind)
    events = list(Event.objects.filter(record=record.uuid).order_by("seq"))
    return {
        "record": record,
        "kind": kind,
        "config": labeled(record, record.config),
        "secrets": labeled(record, record.secrets),
        "events": events,
        # What is not read as it was written is not offered as code to run.
        "snippets": [] if record.damaged else snippets(record),
        "guides": setup_guides.of_record(kind, record) if kind and not record.damaged else [],
        "resolution": next((event.payload for event in events if event.type == EventType.RESOLVED), None),
        "can_retry": record.outcome in NOTHING_CREATED and not record.damaged,
        "unresolved": is_unresolved(record),
        "result": result,
        "version": version(result),
        "progress": progress(result),
        "form": DecisionForm(),
        "deciders": people.deciders() if result.candidates and not user.has_perm(CREATE) else [],
        "deliveries": delivery.confirmed(events),
        "delivery_form": DeliveryForm(record),
    }


def labeled(record: AuditRecord, values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Return each value with its label and LaunchDarkly's name of the field."""
    kind = kinds.registry().get(record.kind)
    labels = {field.api: field.label for field in kind.fields} if kind else {}
    return [(labels.get(api, api), api, value) for api, value in values.items()]


def is_unresolved(record: AuditRecord) -> bool:
    """Tell whether LaunchDarkly's list has to be read to find out what came of an attempt."""
    return not record.damaged and (record.outcome == Outcome.UNKNOWN or reconcile.is_interrupted(record))


def last_result(record: AuditRecord) -> ReconcileResult:
    """Return what is known of an attempt from earlier checks, without checking LaunchDarkly again."""
    if record.damaged or record.outcome != Outcome.UNKNOWN:
        return ReconcileResult(record)
    facts = reconcile.attempt_facts(record)
    return ReconcileResult(record, destinations(facts.candidates), reconcile.certain_at(record, facts))


def destinations(ids: Sequence[str]) -> list[Destination]:
    """Return the destinations with these ids: from the cached list, or from the live one if that lacks any."""
    if not ids:
        return []
    found = [item for item in inventory.destinations().items if item.id in ids]
    if len(found) == len(ids):
        return found
    try:
        live = inventory.live_destinations(timeout=inventory.PATIENCE)
    except LaunchDarklyError:
        return found
    return [item for item in live.items if item.id in ids]


def version(result: ReconcileResult) -> str:
    """Return a hash of what the page shows, by which the next check knows whether there is anything new to show."""
    events = Event.objects.filter(record=result.record.uuid).count()
    ids = sorted(item.id for item in result.candidates)
    return hashlib.sha256(repr((result.record.outcome, events, ids)).encode()).hexdigest()[:16]


def progress(result: ReconcileResult) -> Progress | None:
    """Return how far the wait for certainty is, where a check can still find nothing."""
    if result.certain_at is None or result.candidates:
        return None
    begin = result.record.created_at
    total = max(round((result.certain_at - begin).total_seconds()), 1)
    return Progress(min(max(round((timezone.now() - begin).total_seconds()), 0), total), total)
