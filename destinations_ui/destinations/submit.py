"""Submit a form: validate it, send it once, and say what the page shows next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.views.decorators.debug import sensitive_variables

from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations import actions, reconcile
from destinations_ui.destinations.actions import AlreadySubmitted, Attempt, CriticalKeyRequired, NotRecorded
from destinations_ui.destinations.forms.destination import DestinationForm
from destinations_ui.launchdarkly.errors import LaunchDarklyError

#: The notice above a form that comes back although its fields are valid.
UNCONFIRMED = "unconfirmed"
NOT_RECORDED = "not_recorded"
ALREADY_SUBMITTED = "already_submitted"
REJECTED = "rejected"

#: HTTP status of the form that comes back, by outcome. With any other outcome the record says the rest.
FAILED_STATUS = {Outcome.REFUSED: 422, Outcome.NOT_SENT: 503}


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What happened to a submitted form.

    Attributes:
        status: HTTP status of the form's page, when it comes back.
        notice: Shown above the form when its fields are valid.
        record: The attempt, if one was made.
        error: LaunchDarkly's or the connection's error, unless the attempt succeeded.
        stored: Whether the outcome is in the database.
        done: Whether the record says the rest, so that the form is not shown again.
    """

    status: int
    notice: str = ""
    record: AuditRecord | None = None
    error: LaunchDarklyError | None = None
    stored: bool = True
    done: bool = False


@sensitive_variables()
def submit(form: DestinationForm, actor: User, request_id: uuid.UUID) -> SubmitResult:
    """Send a valid form whose warnings are confirmed; report what to fix in any other."""
    if not form.is_valid():
        return SubmitResult(422)
    if form.unconfirmed():
        return SubmitResult(422, UNCONFIRMED)
    try:
        result = actions.create_destination(attempt(form, actor, request_id))
    except CriticalKeyRequired as required:
        form.require_critical_key(required.environment)
        return SubmitResult(422)
    except NotRecorded:
        return SubmitResult(503, NOT_RECORDED)
    except AlreadySubmitted as used:
        if used.record is not None:
            return SubmitResult(200, record=used.record, done=True)
        form.renew_submission()
        return SubmitResult(409, ALREADY_SUBMITTED)
    if not result.stored:
        return SubmitResult(200, record=result.record, error=result.error, stored=False)
    status = FAILED_STATUS.get(Outcome(result.record.outcome))
    if status is None:
        return SubmitResult(200, record=result.record, error=result.error, done=True)
    form.renew_submission()
    return SubmitResult(status, REJECTED, result.record, result.error)


def attempt(form: DestinationForm, actor: User, request_id: uuid.UUID) -> Attempt:
    """Return the attempt that a valid form describes."""
    cleaned = form.cleaned_data
    return Attempt(
        actor=actor,
        kind=form.kind,
        project=cleaned["project"],
        environment=cleaned["environment"],
        name=cleaned["name"],
        on=cleaned["on"],
        values=form.values(),
        reason=cleaned["reason"],
        submission=cleaned["submission"],
        request_id=request_id,
        critical_key=cleaned["critical_key"],
        confirmed=form.confirmed(),
    )


def unresolved_attempts(project: str, environment: str) -> list[AuditRecord]:
    """Return attempts that may have created a destination there; none when the database does not respond."""
    try:
        return reconcile.unresolved_at(project, environment)
    except (DatabaseError, InterfaceError):
        # LaunchDarkly's response is shown all the same.
        return []
