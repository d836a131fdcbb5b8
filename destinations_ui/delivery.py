"""Whether events arrive at a destination: LaunchDarkly does not check it, so a person's word is kept on the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from destinations_ui import events
from destinations_ui.models import AuditRecord, Event, EventType, Outcome


class NothingToConfirm(Exception):
    """The attempt has not created a destination, so nothing can arrive at it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Someone's word that events arrive.

    Attributes:
        seen_at: When the first event was seen.
        evidence: Where, in the person's words.
        by: Who says so.
        noted_at: When it was put on record.
    """

    seen_at: datetime
    evidence: str
    by: str
    noted_at: datetime


def confirm(record: AuditRecord, *, actor: User, seen_at: datetime, evidence: str) -> bool:
    """Note that events arrive; return ``False`` where the same person has noted the same before.

    Raises:
        NothingToConfirm: nothing was noted.
        django.db.DatabaseError: when the database does not take it.
    """
    says = {
        "delivery": {"seen_at": events.stamp(seen_at), "evidence": evidence},
        "by": actor.get_username(),
        "by_pk": str(actor.pk),
    }
    with events.turn():
        events.lock()
        if not AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.SUCCEEDED).exists():
            raise NothingToConfirm
        noted = Event.objects.filter(record=record.uuid, type=EventType.NOTED, body=events.canonical(says))
        if noted.exists():
            return False
        events.append(record.uuid, EventType.NOTED, says)
    return True


def confirmed(history: Iterable[Event]) -> list[Delivery]:
    """Return what a record's events say of deliveries, the newest word first."""
    found = []
    for event in history:
        says = event.says
        if event.type == EventType.NOTED and "delivery" in says:
            told = says["delivery"]
            found.append(Delivery(datetime.fromisoformat(told["seen_at"]), told["evidence"], says["by"], event.at))
    return found[::-1]
