"""The rows of a bulk form: one environment each, with a form of its own.

A row is the single form with a number before its names. Which rows are done is stored nowhere: a row's one-time id
leads to its record, so going back, reloading, or pressing twice creates nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict
from django.views.decorators.debug import sensitive_variables

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations import environment_options as options
from destinations_ui.destinations import inventory
from destinations_ui.destinations.actions import FAILED, ActionResult
from destinations_ui.destinations.forms import posted_data
from destinations_ui.destinations.forms.destination import DestinationForm, as_typed
from destinations_ui.destinations.forms.posted_data import PostedData
from destinations_ui.destinations.submit import response_status, submit, unresolved_attempts
from destinations_ui.kinds import Kind
from destinations_ui.launchdarkly.resources import KEY

#: Nobody checks more rows before sending them.
MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One environment's form, or its record.

    Attributes:
        number: Stands before the row's names.
        form: ``None`` where the record says the rest.
        result: What came of the attempt, if one was made.
        status: HTTP status of a response about this row.
        unresolved: Earlier attempts there that may have created a destination.
    """

    number: str
    project: str
    environment: str
    form: DestinationForm | None = None
    result: ActionResult | None = None
    status: int = 200
    unresolved: Sequence[AuditRecord] = ()


def new_rows(kind: Kind, chosen: Sequence[tuple[str, str]], initial: Mapping[str, Any]) -> list[Row]:
    """Return a row for each chosen environment, with these values."""
    return [
        Row(
            str(number),
            project,
            environment,
            form=DestinationForm(
                kind,
                options.load(project),
                initial={**initial, "project": project, "environment": environment},
                row=str(number),
            ),
            unresolved=unresolved_attempts(project, environment),
        )
        for number, (project, environment) in enumerate(chosen)
    ]


def row_numbers(posted: QueryDict) -> list[str]:
    """Return the numbers of the posted rows."""
    numbers = [name.partition("-")[0] for name in posted if name.endswith("-submission")]
    return [number for number in numbers if number.isdecimal() and len(number) < 3][:MOST_ROWS]


@sensitive_variables()
def parse_rows(kind: Kind, posted: QueryDict, numbers: Sequence[str]) -> dict[str, PostedData]:
    """Return the posted rows by number. The reason is that of all rows, and no row shows a secret of another."""
    secrets = posted_data.typed_secrets(kind, posted)
    reason = shared_reason(kind, posted)
    rows = {number: posted_data.parse(kind, posted, row=number, other_secrets=secrets) for number in numbers}
    for row in rows.values():
        row.data["reason"] = reason.text("reason")
    return {
        number: PostedData(row.kind, row.data, row.discarded | reason.discarded, row.unknown)
        for number, row in rows.items()
    }


@sensitive_variables()
def shared_reason(kind: Kind, posted: QueryDict) -> PostedData:
    """Return the reason of all rows, empty where it could hold a secret."""
    shared = QueryDict(mutable=True)
    shared["reason"] = posted.get("reason", "")
    return posted_data.parse(kind, shared, other_secrets=posted_data.typed_secrets(kind, posted))


@sensitive_variables()
def public(kind: Kind, posted: QueryDict) -> list[tuple[str, str]]:
    """Return names and values of a bulk form that may go back to the browser: all but the secret fields."""
    rows = parse_rows(kind, posted, row_numbers(posted))
    named = [(f"{number}-{name}", text) for number, row in rows.items() for name, text in row.public()]
    return [*shared_reason(kind, posted).public(), *named]


@sensitive_variables()
def sent_row(number: str, posted: PostedData, actor: User, request_id: uuid.UUID) -> Row:
    """Send a row unless it is done, and return what happened."""
    if done := done_row(number, posted, actor):
        return done
    project, environment = posted.text("project"), posted.text("environment")
    form = DestinationForm(posted.kind, options.load_for(posted), posted, row=number)
    result = submit(form, actor, request_id)
    if result and not result.failed:
        return Row(number, project, environment, result=result)
    status = response_status(form, result)
    return Row(number, project, environment, form, result, status, unresolved_attempts(project, environment))


@sensitive_variables()
def typed_row(number: str, posted: PostedData, actor: User, command: str) -> Row:
    """Return a row as it was typed, with the change that a command for it asks for."""
    if done := done_row(number, posted, actor):
        return done
    action, _, target = command.partition(":")
    own = f"{action}:{target.removeprefix(f'{number}-')}" if target.startswith(f"{number}-") else ""
    initial = as_typed(posted, own)
    form = DestinationForm(posted.kind, options.load(posted.text("project")), initial=initial, row=number)
    return Row(number, posted.text("project"), posted.text("environment"), form)


def done_row(number: str, posted: PostedData, actor: User) -> Row | None:
    """Return the row's record in its place, if it was sent and needs no more of the form."""
    submission = posted.text("submission")
    if not submission:
        return None
    record = AuditRecord.objects.filter(submission=submission, actor_pk=str(actor.pk)).first()
    if record is None or record.outcome in FAILED:
        return None
    return Row(number, posted.text("project"), posted.text("environment"), result=ActionResult(record))


def chosen_environments(texts: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the chosen projects and environments, each once, and messages about those that are skipped."""
    chosen: list[tuple[str, str]] = []
    refused: list[str] = []
    taken = taken_environments()
    if any(f"{project}/{environment}" in texts for project, environment in taken):
        # One may have become free a second ago.
        taken = taken_environments(refresh=True)
    for text in texts[: MOST_ROWS * 2]:
        project, _, environment = text.partition("/")
        if not (KEY.fullmatch(project) and KEY.fullmatch(environment)):
            refused.append("An environment was skipped: its key is not valid.")
        elif (project, environment) in taken:
            refused.append(f"{project} / {environment} was skipped: it already has “{taken[project, environment]}”.")
        elif (project, environment) not in chosen:
            chosen.append((project, environment))
    return chosen, refused


def taken_environments(*, refresh: bool = False) -> dict[tuple[str, str], str]:
    """Return the name of the destination of every environment that has one."""
    return {(item.project, item.environment): item.name for item in inventory.destinations(refresh=refresh).items}
