"""Whether events arrive at a destination: LaunchDarkly does not check it, so a person's word is kept on the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome


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
    payload = {
        "delivery": {"seen_at": chain.timestamp(seen_at), "evidence": evidence},
        "by": actor.get_username(),
        "by_pk": str(actor.pk),
    }
    with chain.write_transaction():
        if not AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.SUCCEEDED).exists():
            raise NothingToConfirm
        noted = Event.objects.filter(record=record.uuid, type=EventType.NOTED, body=chain.sealed_body(payload))
        if noted.exists():
            return False
        chain.append_event(record.uuid, EventType.NOTED, payload)
    return True


def confirmed(history: Iterable[Event]) -> list[Delivery]:
    """Return what a record's events say of deliveries, the newest word first."""
    found = []
    for event in history:
        payload = event.payload
        if event.type == EventType.NOTED and "delivery" in payload:
            told = payload["delivery"]
            found.append(Delivery(datetime.fromisoformat(told["seen_at"]), told["evidence"], payload["by"], event.at))
    return found[::-1]
