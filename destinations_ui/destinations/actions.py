"""What we do to LaunchDarkly. Each function makes one change and its record; all changes come through here.

The order never varies: the record is written and committed, then the request is sent, then the record is settled. So
nothing is ever sent that is not on record, and a crash at any point leaves a record that says how far it came.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, InterfaceError, connection
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from destinations_ui import launchdarkly
from destinations_ui.audit import chain
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations import inventory
from destinations_ui.kinds.spec.kind import Kind, Value
from destinations_ui.launchdarkly.errors import LaunchDarklyError, NotSent, Refused, Uncertain
from destinations_ui.launchdarkly.resources import KEY, Environment

logger = logging.getLogger(__name__)

#: Written when a result cannot be stored, so that it is not lost: to be found by this word.
EMERGENCY = "UNRECORDED OUTCOME"

#: How often the result is written before it goes to the log alone. The database itself waits for locks.
SETTLE_TRIES = 3

#: Which outcome each branch of LaunchDarkly's errors means for a write.
OUTCOMES: Mapping[type[LaunchDarklyError], Outcome] = {
    NotSent: Outcome.NOT_SENT,
    Refused: Outcome.REFUSED,
    Uncertain: Outcome.UNKNOWN,
}


class NotRecorded(Exception):
    """The record could not be written, so nothing was sent."""


class CriticalKeyRequired(Exception):
    """The environment is critical and its key was not typed to confirm it, so nothing was sent."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(f"{environment.key} is a critical environment.")
        self.environment = environment


class AlreadySubmitted(Exception):
    """The submission has been used before.

    ``record`` is what came of it when it is the same person's same submission, and ``None`` when it is not.
    """

    def __init__(self, record: AuditRecord | None) -> None:
        super().__init__("The submission has been used before.")
        self.record = record


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What someone asks for.

    Attributes:
        values: The kind's checked values by field name.
        submission: The form's one-time id: the same one is never sent twice.
        request_id: The id of the web request or command, to find it in the log.
        critical_key: The environment's key, typed to confirm a critical environment.
        confirmed: What was unusual and the person said is right: ``field`` and ``message`` of each.
    """

    actor: User
    kind: Kind
    project: str
    environment: str
    name: str
    on: bool
    values: Mapping[str, Value]
    reason: str
    submission: uuid.UUID
    request_id: uuid.UUID
    critical_key: str = ""
    confirmed: Sequence[Mapping[str, str]] = ()

    def __post_init__(self) -> None:
        """Refuse what is no key, before anything is recorded.

        Raises:
            ValueError: project or environment is written in another way than LaunchDarkly writes it.
        """
        if not (KEY.fullmatch(self.project) and KEY.fullmatch(self.environment)):
            raise ValueError("This is not the key of a project or environment.")

    def record(self) -> AuditRecord:
        """Return the record of this attempt, not yet written. It holds no secret."""
        key, parts = settings.FINGERPRINT_KEY, self.kind.split(self.values)
        return AuditRecord(
            submission=self.submission,
            request_id=self.request_id,
            created_at=timezone.now(),
            actor=self.actor.get_username(),
            actor_pk=str(self.actor.pk),
            action="destination.create",
            project=self.project,
            environment=self.environment,
            kind=self.kind.slug,
            name=self.name,
            on=self.on,
            config=parts.public,
            secrets={api: secret.fingerprint(key) for api, secret in parts.secrets.items()},
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt.

    Attributes:
        record: With its outcome, in memory at least.
        stored: Whether the outcome is in the database, too. If not, the record there still says pending.
        error: What LaunchDarkly or the way there answered, unless it succeeded.
    """

    record: AuditRecord
    stored: bool
    error: LaunchDarklyError | None = None


#: What makes two attempts the same: everything that was typed.
SAME = (
    "actor_pk",
    "action",
    "project",
    "environment",
    "kind",
    "name",
    "on",
    "config",
    "secrets",
    "reason",
)


@sensitive_variables()
def create_destination(attempt: Attempt) -> Result:
    """Create a destination at LaunchDarkly, and its record.

    Raises:
        CriticalKeyRequired: the environment is critical and its key was not typed; nothing was sent.
        NotRecorded: the record could not be written; nothing was sent.
        AlreadySubmitted: this submission was used before; nothing was sent.
    """
    require_critical_key(attempt)
    record = attempt.record()
    write(record, {"confirmed": list(attempt.confirmed)} if attempt.confirmed else {})
    parts = attempt.kind.split(attempt.values)
    began = time.monotonic()
    error: LaunchDarklyError | None = None
    payload: dict[str, Any] = {}
    try:
        created = launchdarkly.connect().create_destination(
            attempt.project,
            attempt.environment,
            kind=attempt.kind.slug,
            name=attempt.name,
            on=attempt.on,
            config=parts.request,
            conceal=list(parts.secrets.values()),
        )
        result = {
            "outcome": Outcome.SUCCEEDED,
            "destination_id": created.id,
            "status_code": created.status,
        }
    except LaunchDarklyError as answered:
        error = answered
        result = failed(answered)
        if isinstance(answered, Uncertain) and answered.before is not None:
            payload["before"] = answered.before
    except Exception:  # Whatever it is, it is raised again: here only the record is settled.
        # A fault of our own, somewhere between the record and the answer: whether anything arrived is not known.
        settle(record, unexpected(), began)
        raise
    return Result(record, settle(record, result, began, payload), error)


def require_critical_key(attempt: Attempt) -> None:
    """Raise :class:`CriticalKeyRequired` unless the key of a critical environment was typed."""
    for environment in inventory.environments(attempt.project).items:
        # LaunchDarkly might match keys in any case, so the guard does.
        chosen = environment.key.casefold() == attempt.environment.casefold()
        if chosen and environment.critical and attempt.critical_key != environment.key:
            raise CriticalKeyRequired(environment)


def write(record: AuditRecord, payload: Mapping[str, Any] = {}) -> None:
    """Write a pending record, and what else is known into its event, and commit it, in a transaction of its own.

    Raises:
        NotRecorded: when the database did not take it.
        AlreadySubmitted: when its submission is on record already.
    """
    try:
        chain.record_intent(record, **payload)
    except (DatabaseError, InterfaceError) as error:
        found = already_submitted(record) if isinstance(error, IntegrityError) else NotRecorded()
        if isinstance(found, NotRecorded):
            logger.error("No record could be written, so nothing was sent: %s", type(error).__name__)
            raise found from error
        raise found from None


def already_submitted(record: AuditRecord) -> Exception:
    """Return what to raise for a record whose submission exists: the earlier record, if it says the same."""
    try:
        earlier = AuditRecord.objects.filter(submission=record.submission).first()
    except (DatabaseError, InterfaceError):
        return NotRecorded()
    if earlier is None:
        return NotRecorded()
    same = all(getattr(earlier, field) == getattr(record, field) for field in SAME)
    return AlreadySubmitted(earlier if same else None)


def failed(error: LaunchDarklyError) -> dict[str, Any]:
    """Return what a record keeps of an error."""
    outcome = next(outcome for branch, outcome in OUTCOMES.items() if isinstance(error, branch))
    return {
        "outcome": outcome,
        "status_code": error.status,
        "error_code": error.code,
        "error_message": error.detail,
        "error_id": error.id,
        "explanation": error.message,
    }


def unexpected() -> dict[str, Any]:
    """Return what a record keeps when our own code failed while sending."""
    return {
        "outcome": Outcome.UNKNOWN,
        "explanation": "Destinations UI had a fault of its own while sending.",
    }


def settle_late(record: AuditRecord, settled: Mapping[str, Any]) -> bool:
    """Write a result for which nobody waited any more: the attempt was held for interrupted, and is unknown."""
    if settled["outcome"] == Outcome.UNKNOWN:
        return AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.UNKNOWN).exists()
    return chain.resolve(record, settled, how="The answer came after all.")


def settle(record: AuditRecord, result: Mapping[str, Any], began: float, payload: Mapping[str, Any] = {}) -> bool:
    """Write the result into the record, and what else is known into its event; return whether the database took it.

    When it does not, the result goes to the log, so that what LaunchDarkly confirmed is not lost with the process.
    """
    settled = {
        **result,
        "duration_ms": round((time.monotonic() - began) * 1000),
        "settled_at": timezone.now(),
    }
    for field, value in settled.items():
        setattr(record, field, value)
    for _ in range(SETTLE_TRIES):
        try:
            if chain.settle(record, settled, **payload) or settle_late(record, settled):
                logger.info("%s record=%s outcome=%s", record.action, record.uuid, record.outcome)
                return True
            break
        except (DatabaseError, InterfaceError):
            # The connection itself may be what failed; the next try opens a new one.
            connection.close()
    logger.critical(
        "%s record=%s submission=%s outcome=%s destination_id=%s status=%s error_id=%s",
        EMERGENCY,
        record.uuid,
        record.submission,
        record.outcome,
        record.destination_id or "-",
        record.status_code or "-",
        record.error_id or "-",
    )
    return False
