"""What we change at LaunchDarkly. One function for each action; every change goes through :func:`perform`.

The order never varies: the record is written and committed, then the request is sent, then the record is settled. So
nothing is sent that is not on record, and a crash at any point leaves a record that says how far it came.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, InterfaceError, connection
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from destinations_ui import launchdarkly
from destinations_ui.audit import chain
from destinations_ui.audit.models import Action, AuditRecord, Outcome
from destinations_ui.destinations import inventory
from destinations_ui.kinds.spec import Kind, Value
from destinations_ui.launchdarkly.errors import LaunchDarklyError, NotSent, Refused, Uncertain
from destinations_ui.launchdarkly.resources import KEY, Environment

logger = logging.getLogger(__name__)

#: Begins the log line with an outcome that could not be stored.
EMERGENCY = "UNRECORDED OUTCOME"

#: How often storing an outcome is tried before it is only logged. The database itself waits for locks.
SETTLE_TRIES = 3

#: The outcome that each branch of LaunchDarkly's errors means for a write.
OUTCOMES: Mapping[type[LaunchDarklyError], Outcome] = {
    NotSent: Outcome.NOT_SENT,
    Refused: Outcome.REFUSED,
    Uncertain: Outcome.UNKNOWN,
}

#: Outcomes that certainly changed nothing: the form comes back to be corrected and sent again.
FAILED = frozenset({Outcome.REFUSED, Outcome.NOT_SENT})

#: Two records that agree in these are of the same submission, sent twice.
SUBMITTED_FIELDS = (
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


class NotRecorded(Exception):
    """The record could not be written, so nothing was sent."""


class CriticalKeyRequired(Exception):
    """The environment is critical and its key was not typed to confirm it, so nothing was sent."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(f"{environment.key} is a critical environment.")
        self.environment = environment


class AlreadySubmitted(Exception):
    """The submission was used before.

    Attributes:
        record: The attempt made with it; ``None`` when another user made it, or with other values.
    """

    def __init__(self, record: AuditRecord | None) -> None:
        super().__init__("The submission has been used before.")
        self.record = record


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What a user wants to change.

    Attributes:
        values: The kind's validated values by field name.
        submission: The form's one-time id: it is never sent twice.
        request_id: The id of the web request or command, to find it in the log.
        critical_key: The environment's key, typed to confirm a critical environment.
        confirmed: The warnings that the user confirmed: ``field`` and ``message`` of each.
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

    def record(self, action: str = Action.CREATE) -> AuditRecord:
        """Return the record of this attempt, not yet written. It holds no secret."""
        key, parts = settings.FINGERPRINT_KEY, self.kind.split(self.values)
        return AuditRecord(
            submission=self.submission,
            request_id=self.request_id,
            created_at=timezone.now(),
            actor=self.actor.get_username(),
            actor_pk=str(self.actor.pk),
            action=action,
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
class ActionResult:
    """What an action came to.

    Attributes:
        record: With its outcome, in memory at least.
        stored: Whether the outcome is in the database, too. If not, the record there is still pending.
        error: LaunchDarkly's or the connection's error, unless it succeeded.
        repeated: Whether this is the result of an earlier attempt with the same submission.
    """

    record: AuditRecord
    stored: bool = True
    error: LaunchDarklyError | None = None
    repeated: bool = False

    @property
    def failed(self) -> bool:
        """Whether the form comes back to be corrected and sent again."""
        return self.stored and not self.repeated and self.record.outcome in FAILED

    @property
    def done(self) -> bool:
        """Whether the stored record says the rest."""
        return self.stored and not self.failed


@sensitive_variables()
def create_destination(attempt: Attempt) -> ActionResult:
    """Create a destination at LaunchDarkly, and its record.

    Raises:
        CriticalKeyRequired: the environment is critical and its key was not typed; nothing was sent.
        NotRecorded: the record could not be written; nothing was sent.
        AlreadySubmitted: this submission was used before; nothing was sent.
    """
    require_critical_key(attempt)
    parts = attempt.kind.split(attempt.values)

    @sensitive_variables()
    def send() -> dict[str, Any]:
        created = launchdarkly.connect().create_destination(
            attempt.project,
            attempt.environment,
            kind=attempt.kind.slug,
            name=attempt.name,
            on=attempt.on,
            config=parts.request,
            conceal=list(parts.secrets.values()),
        )
        return {"destination_id": created.id, "status_code": created.status}

    return perform(attempt.record(Action.CREATE), send, confirmed=attempt.confirmed)


def require_critical_key(attempt: Attempt) -> None:
    """Raise :class:`CriticalKeyRequired` unless the key of a critical environment was typed."""
    for environment in inventory.environments(attempt.project).items:
        # LaunchDarkly might match keys in any case, so the guard does.
        chosen = environment.key.casefold() == attempt.environment.casefold()
        if chosen and environment.critical and attempt.critical_key != environment.key:
            raise CriticalKeyRequired(environment)


@sensitive_variables()
def perform(
    record: AuditRecord, send: Callable[[], dict[str, Any]], *, confirmed: Sequence[Mapping[str, str]] = ()
) -> ActionResult:
    """Record an attempt, send it, and settle its record. Every action does these three steps, in this order.

    ``send`` returns the record's fields for a success, and raises :class:`LaunchDarklyError` otherwise.

    Raises:
        NotRecorded: the record could not be written; nothing was sent.
        AlreadySubmitted: its submission was used before; nothing was sent.
    """
    record_intent(record, {"confirmed": list(confirmed)} if confirmed else {})
    started = time.monotonic()
    error: LaunchDarklyError | None = None
    try:
        result = {"outcome": Outcome.SUCCEEDED, **send()}
    except LaunchDarklyError as raised:
        error, result = raised, failure(raised)
    except Exception:  # Settle the record after a fault of our own, then re-raise.
        settle(record, INTERNAL_ERROR, started)
        raise
    before = error.before if isinstance(error, Uncertain) else None
    return ActionResult(record, settle(record, result, started, before=before), error)


def record_intent(record: AuditRecord, payload: Mapping[str, Any]) -> None:
    """Write and commit a pending record; ``payload`` is what else its event says.

    Raises:
        NotRecorded: the database did not store it.
        AlreadySubmitted: its submission is on record already.
    """
    try:
        chain.record_intent(record, **payload)
    except (DatabaseError, InterfaceError) as error:
        if isinstance(error, IntegrityError):
            raise_if_submitted(record)
        logger.error("No record could be written, so nothing was sent: %s", type(error).__name__)
        raise NotRecorded from error


def raise_if_submitted(record: AuditRecord) -> None:
    """Raise :class:`AlreadySubmitted` when the submission of a record that could not be written is on record."""
    try:
        earlier = AuditRecord.objects.filter(submission=record.submission).first()
    except (DatabaseError, InterfaceError):
        return
    if earlier is not None:
        is_same = all(getattr(earlier, field) == getattr(record, field) for field in SUBMITTED_FIELDS)
        raise AlreadySubmitted(earlier if is_same else None) from None


def failure(error: LaunchDarklyError) -> dict[str, Any]:
    """Return the record's fields for an error of LaunchDarkly's."""
    return {
        "outcome": next(outcome for branch, outcome in OUTCOMES.items() if isinstance(error, branch)),
        "status_code": error.status,
        "error_code": error.code,
        "error_message": error.detail,
        "error_id": error.id,
        "explanation": error.message,
    }


#: The record's fields for a fault of our own: whether anything arrived is not known.
INTERNAL_ERROR: Mapping[str, Any] = {
    "outcome": Outcome.UNKNOWN,
    "explanation": "Destinations UI had an internal error while sending.",
}


def settle(
    record: AuditRecord, result: Mapping[str, Any], started: float, *, before: Sequence[str] | None = None
) -> bool:
    """Store the outcome of an attempt; return whether the database did.

    When it did not, the outcome is logged, so that what LaunchDarkly confirmed is not lost with the process. ``before``
    are the ids that the environment had just before the attempt, when its outcome is unknown.
    """
    settled = {
        **result,
        "duration_ms": round((time.monotonic() - started) * 1000),
        "settled_at": timezone.now(),
    }
    for field, value in settled.items():
        setattr(record, field, value)
    if not store(record, settled, {} if before is None else {"before": before}):
        log_unrecorded(record)
        return False
    logger.info("%s record=%s outcome=%s", record.action, record.uuid, record.outcome)
    return True


def store(record: AuditRecord, settled: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Write an outcome into the database; return whether it is there."""
    for _ in range(SETTLE_TRIES):
        try:
            return chain.settle(record, settled, **payload) or store_late(record, settled)
        except (DatabaseError, InterfaceError):
            # The connection itself may be what failed; the next try opens a new one.
            connection.close()
    return False


def store_late(record: AuditRecord, settled: Mapping[str, Any]) -> bool:
    """Record a response that came after the attempt was settled as interrupted."""
    if settled["outcome"] == Outcome.UNKNOWN:
        return AuditRecord.objects.filter(pk=record.pk, outcome=Outcome.UNKNOWN).exists()
    return chain.resolve(record, settled, how="The response arrived later.")


def log_unrecorded(record: AuditRecord) -> None:
    """Log an outcome that is not in the database, so that an administrator can find it."""
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
