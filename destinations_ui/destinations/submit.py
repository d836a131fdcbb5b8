"""Submit a form: validate it and send it once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.views.decorators.debug import sensitive_variables

from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations import actions, reconcile
from destinations_ui.destinations.actions import (
    ActionResult,
    AlreadySubmitted,
    Attempt,
    CriticalKeyRequired,
    NotRecorded,
)
from destinations_ui.destinations.forms.destination import DestinationForm

#: The notice above a form that comes back although its fields are valid.
UNCONFIRMED = "unconfirmed"
NOT_RECORDED = "not_recorded"
ALREADY_SUBMITTED = "already_submitted"
REJECTED = "rejected"

#: HTTP status of the form that comes back, by its notice; by the outcome when its attempt failed.
NOTICE_STATUS: Mapping[str, int] = {NOT_RECORDED: 503, ALREADY_SUBMITTED: 409}
FAILED_STATUS: Mapping[str, int] = {Outcome.REFUSED: 422, Outcome.NOT_SENT: 503}


@sensitive_variables()
def submit(form: DestinationForm, actor: User, request_id: uuid.UUID) -> ActionResult | None:
    """Send a valid form whose warnings are confirmed; ``None`` if nothing was attempted: the form says why."""
    if not form.is_valid():
        return None
    if form.unconfirmed():
        form.notice = UNCONFIRMED
        return None
    try:
        result = actions.create_destination(attempt(form, actor, request_id))
    except CriticalKeyRequired as required:
        form.require_critical_key(required.environment)
    except NotRecorded:
        form.notice = NOT_RECORDED
    except AlreadySubmitted as used:
        if used.record is not None:
            return ActionResult(used.record, repeated=True)
        form.renew_submission()
        form.notice = ALREADY_SUBMITTED
    else:
        if result.failed:
            form.renew_submission()
            form.notice = REJECTED
        return result
    return None


def response_status(form: DestinationForm, result: ActionResult | None) -> int:
    """Return the HTTP status of the page that shows what came of a submitted form."""
    if result is None:
        return NOTICE_STATUS.get(form.notice, 422)
    return FAILED_STATUS[result.record.outcome] if result.failed else 200


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
