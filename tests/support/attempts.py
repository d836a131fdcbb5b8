"""Attempts and records, made from a kind's own examples."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from destinations_ui import kinds
from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations.actions import Attempt

KINDS = list(kinds.registry().values())
WITH_SECRETS = [kind for kind in KINDS if kind.split(kind.examples()).secrets]


def attempt(actor: User, kind: str = "kinesis", **changes: Any) -> Attempt:
    """Return an attempt to create a destination of a kind from its examples."""
    chosen = kinds.registry()[kind]
    asked: dict[str, Any] = {
        "project": "web-shop",
        "environment": "staging",
        "name": "Web shop events",
        "on": True,
        "values": chosen.examples(),
        "reason": "OPS-1: to see them arrive",
        "submission": uuid.uuid4(),
        "request_id": uuid.uuid4(),
    }
    return Attempt(actor=actor, kind=chosen, **asked | changes)


def new_record(**changes: Any) -> AuditRecord:
    """Return a record that is not written yet: a success, unless told otherwise."""
    now = timezone.now()
    kept: dict[str, Any] = {
        "submission": uuid.uuid4(),
        "request_id": uuid.uuid4(),
        "created_at": now,
        "settled_at": now,
        "duration_ms": 120,
        "actor": "oskar",
        "actor_pk": "1",
        "action": "destination.create",
        "outcome": "succeeded",
        "project": "web-shop",
        "environment": "staging",
        "kind": "kinesis",
        "name": "Web shop events",
        "on": True,
        "config": {"region": "us-east-1", "streamName": "cat-stream"},
        "secrets": {},
        "reason": "OPS-1: to see them arrive",
        "destination_id": "",
        "status_code": 201,
    }
    return AuditRecord(**kept | changes)


def record(**changes: Any) -> AuditRecord:
    """Return such a record, written."""
    made = new_record(**changes)
    made.save()
    return made


def begun(age: timedelta = timedelta(hours=1), **changed: Any) -> AuditRecord:
    """Add an attempt of some time ago that is still pending."""
    pending = {"outcome": Outcome.PENDING, "settled_at": None, "duration_ms": None, "status_code": None}
    made = new_record(**pending | {"created_at": timezone.now() - age} | changed)
    chain.record_intent(made)
    return made


def unknown(age: timedelta = timedelta(hours=1), **changed: Any) -> AuditRecord:
    """Add an older attempt whose response was lost."""
    made = begun(age, **changed)
    lost = {"outcome": Outcome.UNKNOWN, "settled_at": timezone.now() - age, "explanation": "The answer was lost."}
    chain.settle(made, lost)
    return AuditRecord.objects.get(pk=made.pk)
