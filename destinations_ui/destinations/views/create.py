"""Creating a destination: choose a kind, fill its form, send it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from destinations_ui.accounts.http import SignedInRequest, redirect_to, wants_fragment
from destinations_ui.accounts.permissions import VIEW, may_create
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations import actions as changes
from destinations_ui.destinations import prefill, reconcile
from destinations_ui.destinations.actions import AlreadySubmitted, Attempt, NotRecorded
from destinations_ui.destinations.forms.destination import DestinationForm, known_key, rows_field
from destinations_ui.destinations.forms.fields import MOST_ROWS
from destinations_ui.destinations.preview import preview
from destinations_ui.kinds import Kind
from destinations_ui.kinds.client_spec import script
from destinations_ui.launchdarkly.errors import LaunchDarklyError

#: What stands above the form when it comes back though nothing in it was wrong.
UNUSUAL = "unusual"
NOT_RECORDED = "not_recorded"
USED = "used"
ANSWERED = "answered"

#: The parts of the page: all of it, and what is swapped when a kind or a project is chosen.
WHOLE = "#main"
FIELDS, ENVIRONMENT = "#fields", "#environment"

#: What the answer's status says about an attempt that did not come through.
STATUS = {Outcome.REFUSED: 422, Outcome.NOT_SENT: 503}


@require_safe
@may_create
def choose_kind(request: HttpRequest) -> HttpResponse:
    """Show the kinds to choose from."""
    return render(request, "destinations/choose_kind.html", {"place": place(where(request))})


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def create_destination(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show the form of a kind, or take it."""
    if request.method == "POST":
        return submit(request, kind)
    if wants_fragment(request) and "row" in request.GET:
        return row(request, kind, request.GET["row"])
    may_view = request.user.has_perm(VIEW)
    origin, lost = prefill.asked_for(kind, request.GET.dict(), may_view=may_view)
    given = {name: key for name, key in where(request).items() if key}
    initial = {**(origin.initial if origin else {}), **given}
    form = DestinationForm(kind, initial=initial, fresh="fresh" in request.GET)
    part = ""
    if wants_fragment(request):
        part = ENVIRONMENT if request.htmx.target == "environment-field" else FIELDS
    return page(request, form, part=part, origin=origin, lost=lost)


@sensitive_variables()
def submit(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Take a filled form: check it, send it, and lead to what came of it."""
    form = DestinationForm(kind, request.POST)
    if "redraw" in request.POST:
        return redraw(request, form, request.POST["redraw"])
    if "check" in request.POST and right(form):
        return check(request, form)
    sent = send(request, form)
    if sent.done and sent.record:
        return redirect_to(request, sent.record.get_absolute_url())
    template = "destinations/create.html" if sent.stored else "destinations/unrecorded.html"
    return page(
        request,
        form,
        template=template,
        status=sent.status,
        notice=sent.notice,
        record=sent.record,
        error=sent.error,
    )


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What came of a form that was sent.

    Attributes:
        status: The answer's, where the form comes back.
        notice: What stands above the form, where nothing in it was wrong.
        record: The attempt, if one was made.
        error: What LaunchDarkly or the way there answered, unless it succeeded.
        stored: Whether the outcome is in the database.
        done: Whether there is nothing left to do in the form: the record says the rest.
    """

    status: int
    notice: str = ""
    record: AuditRecord | None = None
    error: LaunchDarklyError | None = None
    stored: bool = True
    done: bool = False


@sensitive_variables()
def send(request: SignedInRequest, form: DestinationForm) -> SubmitResult:
    """Check a form and send it, unless there is something to mend or to confirm first."""
    if not right(form):
        return SubmitResult(422)
    if form.unconfirmed():
        return SubmitResult(422, UNUSUAL)
    try:
        result = changes.create_destination(attempt(request, form))
    except NotRecorded:
        return SubmitResult(503, NOT_RECORDED)
    except AlreadySubmitted as used:
        if used.record is not None:
            return SubmitResult(200, record=used.record, done=True)
        form.renew_submission()
        return SubmitResult(409, USED)
    if not result.stored:
        return SubmitResult(200, record=result.record, error=result.error, stored=False)
    status = STATUS.get(Outcome(result.record.outcome))
    if status is None:
        return SubmitResult(200, record=result.record, error=result.error, done=True)
    form.renew_submission()
    return SubmitResult(status, ANSWERED, result.record, result.error)


def right(form: DestinationForm) -> bool:
    """Tell whether a form can go on: nothing in it is wrong, and it was not just filled from a pasted text."""
    return form.is_valid() and not form.filled


@sensitive_variables()
def check(request: SignedInRequest, form: DestinationForm) -> HttpResponse:
    """Show what a valid form would send, and what is there already; nothing is written anywhere."""
    cleaned = form.cleaned_data
    seen = preview(
        cleaned["project"],
        cleaned["environment"],
        kind=form.kind,
        name=cleaned["name"],
        on=cleaned["on"],
        values=form.values(),
    )
    response = page(request, form, preview=seen, notice=UNUSUAL if form.unconfirmed() else "")
    if not form.unconfirmed():
        response["HX-Reswap"] = "outerHTML show:#preview:top"
    return response


def attempt(request: SignedInRequest, form: DestinationForm) -> Attempt:
    """Return what a valid form asks for."""
    cleaned = form.cleaned_data
    return Attempt(
        actor=request.user,
        kind=form.kind,
        project=cleaned["project"],
        environment=cleaned["environment"],
        name=cleaned["name"],
        on=cleaned["on"],
        values=form.values(),
        reason=cleaned["reason"],
        submission=cleaned["submission"],
        request_id=request.request_id,
        confirmed=form.confirmed(),
    )


@sensitive_variables()
def redraw(request: SignedInRequest, form: DestinationForm, command: str) -> HttpResponse:
    """Show the form as it was typed, without checking it: this is how it changes where there is no JavaScript."""
    return page(request, DestinationForm(form.kind, initial=form.typed(command), fresh=command == "fresh"))


def row(request: SignedInRequest, kind: Kind, place: str) -> HttpResponse:
    """Answer one more empty row for ``<name>:<number>``, or nothing for one that is taken away."""
    name, _, number = place.partition(":")
    field = rows_field(kind, name)
    if field is None or not (number.isdecimal() and len(number) < 3 and int(number) < MOST_ROWS):
        return HttpResponse()
    row = field.widget.row(name, int(number), {})
    context = {"row": row, "name": name, "next_number": int(number) + 1}
    return render(request, "components/forms/row_added.html", context)


def where(request: HttpRequest) -> dict[str, str]:
    """Return the project and environment in the address, as far as they can be keys."""
    return {name: known_key(request.GET.get(name, "")) for name in ("project", "environment")}


def place(chosen: dict[str, str]) -> str:
    """Return the query that carries a project and environment to another kind's form."""
    query = urlencode({name: key for name, key in chosen.items() if key})
    return f"?{query}" if query else ""


def page(
    request: SignedInRequest,
    form: DestinationForm,
    *,
    status: int = 200,
    template: str = "destinations/create.html",
    part: str = "",
    **context: Any,
) -> HttpResponse:
    """Return the form's page, or the part of it that htmx asked for."""
    if wants_fragment(request) and not part:
        part = WHOLE
    form.prepare()
    chosen = {name: known_key(str(form[name].value() or "")) for name in ("project", "environment")}
    context |= {
        "form": form,
        "kind": form.kind,
        "place": place(chosen),
        "fragment": part in {FIELDS, ENVIRONMENT},
        "kind_spec": script(form.kind),
        "unsettled": unsettled(**chosen) if part != FIELDS and all(chosen.values()) else [],
    }
    return render(request, f"{template}{part}", context, status=status)


def unsettled(project: str, environment: str) -> list[AuditRecord]:
    """Return the attempts there that may have made a destination; none where the database does not say."""
    try:
        return reconcile.unresolved_at(project, environment)
    except (DatabaseError, InterfaceError):
        # What LaunchDarkly has answered is shown all the same.
        return []
