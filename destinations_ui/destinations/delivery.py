"""Whether events arrive at a destination. LaunchDarkly does not check it, so users confirm it on the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome


class NothingToConfirm(Exception):
    """The attempt has not created a destination, so no events can arrive at it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A user's confirmation that events arrive.

    Attributes:
        seen_at: When the first event was seen.
        evidence: Where it was seen, in the user's words.
        by: Who confirmed it.
        noted_at: When it was recorded.
    """

    seen_at: datetime
    evidence: str
    by: str
    noted_at: datetime


def confirm(record: AuditRecord, *, actor: User, seen_at: datetime, evidence: str) -> bool:
    """Record that events arrive; return ``False`` when the same user has recorded the same before.

    Raises:
        NothingToConfirm: nothing was recorded.
        django.db.DatabaseError: when the database does not store it.
    """
    payload = {
        "delivery": {"seen_at": chain.timestamp(seen_at), "evidence": evidence},
        "by": actor.get_username(),
        "by_pk": str(actor.pk),
    }
    with chain.write_transaction():
        if not AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.SUCCEEDED).exists():
            raise NothingToConfirm
        same = Event.objects.filter(record=record.uuid, type=EventType.NOTED, body=chain.sealed_body(payload))
        if same.exists():
            return False
        chain.append_event(record.uuid, EventType.NOTED, payload)
    return True


def confirmed(events: Iterable[Event]) -> list[Delivery]:
    """Return the deliveries that a record's events confirm, newest first."""
    deliveries = []
    for event in events:
        payload = event.payload
        if event.type == EventType.NOTED and "delivery" in payload:
            delivery = payload["delivery"]
            seen_at = datetime.fromisoformat(delivery["seen_at"])
            deliveries.append(Delivery(seen_at, delivery["evidence"], payload["by"], event.at))
    return deliveries[::-1]
