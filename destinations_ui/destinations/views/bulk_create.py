"""Several environments at once: choose them, fill one row for each, and create them one after the other.

A row is the single form with a number before its names. Which rows are done is remembered nowhere: a row's one-time
number leads to its record, so that going back, loading again or pressing twice creates nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import VIEW, may_create
from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations import inventory, prefill
from destinations_ui.destinations.forms.destination import DestinationForm
from destinations_ui.destinations.forms.posted_data import TELLING_LENGTH, secret_field_names, single
from destinations_ui.destinations.project_list import project_page
from destinations_ui.destinations.submit import FAILED_STATUS, SubmitResult, submit, unresolved_attempts
from destinations_ui.kinds import Kind
from destinations_ui.kinds.client_spec import script
from destinations_ui.kinds.validators import holds_secret
from destinations_ui.launchdarkly.resources import KEY

#: More than this nobody reads through before sending it.
MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One environment's form, or what came of it.

    Attributes:
        number: Stands before the row's names.
        form: ``None`` where there is a record that says the rest.
        sent: What came of sending it just now.
        record: The attempt, once there is one that needs no more of the form.
        unsettled: Attempts there that may have made a destination.
    """

    number: str
    project: str
    environment: str
    form: DestinationForm | None = None
    sent: SubmitResult = field(default_factory=lambda: SubmitResult(200))
    record: AuditRecord | None = None
    unsettled: Sequence[AuditRecord] = ()
    submission: str = ""


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def bulk_create(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show the environments to choose from, or a row for each that was chosen; take a row."""
    if request.method == "POST":
        return take(request, kind)
    if "place" in request.GET:
        return fresh_rows(request, kind)
    return choose(request, kind)


def choose(request: SignedInRequest, kind: Kind, *, problem: str = "") -> HttpResponse:
    """Show a page of projects with their environments: the free ones can be chosen."""
    seen = project_page(request.GET)
    context = {
        "kind": kind,
        "projects": seen.projects,
        "page": seen.page,
        "query": seen.query,
        "known": seen.inventory.known,
        "trouble": seen.problem,
        "problem": problem,
        "carried": {name: request.GET[name] for name in ("from", "like") if name in request.GET},
        "most": MOST_ROWS,
    }
    return render(request, "destinations/bulk_choose.html", context, status=422 if problem else 200)


def fresh_rows(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show one row for each chosen place, filled from where the address says."""
    chosen, refused = places(request.GET.getlist("place"))
    if not chosen:
        return choose(request, kind, problem="Choose at least one environment that is free.")
    if len(chosen) > MOST_ROWS:
        return choose(request, kind, problem=f"Choose at most {MOST_ROWS} environments at once.")
    may_view = request.user.has_perm(VIEW)
    origin, lost = prefill.asked_for(kind, request.GET.dict(), may_view=may_view)
    given = dict(origin.initial) if origin else {}
    rows = [
        Row(
            number=str(number),
            project=project,
            environment=environment,
            form=DestinationForm(
                kind, initial=given | {"project": project, "environment": environment}, row=str(number)
            ),
            unsettled=unresolved_attempts(project, environment),
        )
        for number, (project, environment) in enumerate(chosen)
    ]
    return page(request, kind, rows, reason=given.get("reason", ""), refused=refused, origin=origin, lost=lost)


@sensitive_variables()
def take(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Send the row whose button was pressed; the others come back as they were typed."""
    chosen, command = request.POST.get("send", ""), request.POST.get("redraw", "")
    numbers = [name.partition("-")[0] for name in request.POST if name.endswith("-submission")]
    numbers = [number for number in numbers if number.isdecimal() and len(number) < 3][:MOST_ROWS]
    if wants_fragment(request):
        numbers = [number for number in numbers if number == chosen]
    rows = [row_of(request, kind, number, send=number == chosen, command=command) for number in numbers]
    if not rows:
        return choose(request, kind, problem="The form came without its rows, so nothing was sent. Choose again.")
    sent = next((row.sent for row in rows if row.number == chosen), SubmitResult(200))
    if wants_fragment(request):
        return page(request, kind, rows, part="#row", row=rows[0], status=sent.status)
    reason = request.POST.get("reason", "")
    told = holds_secret(reason) or any(secret in reason for secret in secrets(request.POST, kind))
    return page(request, kind, rows, reason="" if told else reason, status=sent.status, again=True)


@sensitive_variables()
def row_of(request: SignedInRequest, kind: Kind, number: str, *, send: bool, command: str) -> Row:
    """Return a row as it was posted: done, if its one-time number is on record; otherwise sent, or as typed."""
    data = single(request.POST, number)
    # The reason is that of all rows.
    data["reason"] = request.POST.get("reason", "")
    form = DestinationForm(kind, data, row=number, elsewhere=secrets(request.POST, kind))
    project, environment = data.get("project", ""), data.get("environment", "")
    begun = record_of(request, data.get("submission", ""))
    if begun and begun.outcome not in FAILED_STATUS:
        return Row(number, project, environment, record=begun, submission=str(begun.submission))
    if send:
        sent = submit(form, request.user, request.request_id)
        if sent.record and (sent.done or not sent.stored):
            used = str(sent.record.submission)
            return Row(number, project, environment, record=sent.record, sent=sent, submission=used)
        return Row(number, project, environment, form, sent, unsettled=unresolved_attempts(project, environment))
    deed, _, rest = command.partition(":")
    mine = rest.startswith(f"{number}-")
    typed = form.typed(f"{deed}:{rest.removeprefix(f'{number}-')}" if mine else "")
    return Row(number, project, environment, DestinationForm(kind, initial=typed, row=number))


def secrets(posted: QueryDict, kind: Kind) -> list[str]:
    """Return the secrets that were typed into any row."""
    names = secret_field_names(kind)
    found = (str(text).strip() for name, text in posted.items() if name.partition("-")[2] in names)
    return [text for text in found if len(text) >= TELLING_LENGTH]


def record_of(request: SignedInRequest, submission: str) -> AuditRecord | None:
    """Return the person's record of a one-time number, if there is one."""
    try:
        number = uuid.UUID(submission)
    except ValueError:
        return None
    return AuditRecord.objects.filter(submission=number, actor_pk=str(request.user.pk)).first()


def places(texts: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the chosen projects and environments, each once, and what to say of those that are left out."""
    chosen: list[tuple[str, str]] = []
    refused: list[str] = []
    taken = taken_places()
    if any(f"{project}/{environment}" in texts for project, environment in taken):
        # Before one is left out, it is looked at again: it may have become free a moment ago.
        taken = taken_places(fresh=True)
    for text in texts[: MOST_ROWS * 2]:
        project, _, environment = text.partition("/")
        if not (KEY.fullmatch(project) and KEY.fullmatch(environment)):
            refused.append("An environment was left out: its address is not right.")
        elif (project, environment) in taken:
            refused.append(f"{project} / {environment} was left out: it has “{taken[project, environment]}”.")
        elif (project, environment) not in chosen:
            chosen.append((project, environment))
    return chosen, refused


def taken_places(*, fresh: bool = False) -> dict[tuple[str, str], str]:
    """Return project and environment of every destination, and its name."""
    return {(item.project, item.environment): item.name for item in inventory.destinations(fresh=fresh).items}


def page(
    request: SignedInRequest, kind: Kind, rows: Sequence[Row], *, part: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    """Return the page of rows, or the one row that htmx asked for."""
    for row in rows:
        if row.form:
            row.form.prepare()
    shared: Mapping[str, Any] = {
        "kind": kind,
        "rows": rows,
        "left": [row for row in rows if row.form],
        "kind_spec": script(kind),
        "query": request.GET.urlencode(),
    }
    return render(request, f"destinations/bulk_create.html{part}", {**shared, **context}, status=status)
