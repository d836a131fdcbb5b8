"""Creating a destination: choose a kind, fill its form, send it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from destinations_ui.accounts.http import SignedInRequest, redirect_to, wants_fragment
from destinations_ui.accounts.permissions import VIEW, may_create
from destinations_ui.destinations import prefill
from destinations_ui.destinations.forms.destination import DestinationForm, known_key, rows_field
from destinations_ui.destinations.forms.fields import MOST_ROWS
from destinations_ui.destinations.preview import preview
from destinations_ui.destinations.submit import UNCONFIRMED, submit, unresolved_attempts
from destinations_ui.kinds import Kind
from destinations_ui.kinds.client_spec import script

#: The parts of the page: all of it, and what is swapped when a kind or a project is chosen.
WHOLE = "#main"
FIELDS, ENVIRONMENT = "#fields", "#environment"


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
        return take(request, kind)
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
def take(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Take a filled form: check it, send it, and lead to what came of it."""
    form = DestinationForm(kind, request.POST)
    if "redraw" in request.POST:
        return redraw(request, form, request.POST["redraw"])
    if "check" in request.POST and form.is_valid():
        return check(request, form)
    result = submit(form, request.user, request.request_id)
    if result.done and result.record:
        return redirect_to(request, result.record.get_absolute_url())
    template = "destinations/create.html" if result.stored else "destinations/unrecorded.html"
    return page(
        request,
        form,
        template=template,
        status=result.status,
        notice=result.notice,
        record=result.record,
        error=result.error,
    )


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
    response = page(request, form, preview=seen, notice=UNCONFIRMED if form.unconfirmed() else "")
    if not form.unconfirmed():
        response["HX-Reswap"] = "outerHTML show:#preview:top"
    return response


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
        "unsettled": unresolved_attempts(**chosen) if part != FIELDS and all(chosen.values()) else [],
    }
    return render(request, f"{template}{part}", context, status=status)
