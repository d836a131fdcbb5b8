"""Create one destination: choose a kind, fill in its form, preview it, send it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from destinations_ui import kinds
from destinations_ui.accounts.http import SignedInRequest, redirect_to, wants_fragment
from destinations_ui.accounts.permissions import VIEW, may_create
from destinations_ui.destinations import environment_options as options
from destinations_ui.destinations import prefill
from destinations_ui.destinations.forms import posted_data
from destinations_ui.destinations.forms.destination import DestinationForm, as_typed
from destinations_ui.destinations.forms.environment import known_key
from destinations_ui.destinations.forms.kind_fields import MOST_ROWS, rows_field
from destinations_ui.destinations.preview import preview
from destinations_ui.destinations.submit import UNCONFIRMED, response_status, submit, unresolved_attempts
from destinations_ui.kinds import Kind
from destinations_ui.kinds.client_spec import digest

#: The parts of the page that htmx swaps.
MAIN, FIELDS, ENVIRONMENT = "#main", "#fields", "#environment"


@require_safe
@may_create
def choose_kind(request: HttpRequest) -> HttpResponse:
    """Show the kinds to choose from."""
    query = environment_query(chosen_environment(request))
    kind = next(iter(kinds.registry().values()))
    context = {"environment_query": query, "kind": kind, "kind_spec": digest(kind)}
    return render(request, "destinations/choose_kind.html", context)


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def create_destination(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show the form of a kind; on POST, send it, or with ``check`` only preview it."""
    if request.method == "POST":
        return preview_destination(request, kind) if "check" in request.POST else send(request, kind)
    may_view = request.user.has_perm(VIEW)
    source, problem = prefill.requested(kind, request.GET.dict(), may_view=may_view)
    chosen = {name: key for name, key in chosen_environment(request).items() if key}
    initial = {**(source.initial if source else {}), **chosen}
    form = DestinationForm(kind, options.load(str(initial.get("project", ""))), initial=initial)
    form.suggest_name()
    part = FIELDS if wants_fragment(request) else ""
    return page(request, form, part=part, prefill=source, prefill_problem=problem)


@sensitive_variables()
def send(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Send a posted form, and lead to its record; otherwise show the form again with what to do."""
    form = posted_form(request, kind)
    result = submit(form, request.user, request.request_id)
    if result and result.done:
        return redirect_to(request, result.record.get_absolute_url())
    template = "destinations/create.html" if result is None or result.stored else "destinations/unrecorded.html"
    return page(request, form, template=template, status=response_status(form, result), result=result)


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def preview_destination(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show what a posted form would send, and what the environment has already. Nothing is sent or recorded."""
    if request.method != "POST":
        return redirect("create-destination", kind)
    form = posted_form(request, kind)
    if not form.is_valid():
        return page(request, form, status=422)
    form.notice = UNCONFIRMED if form.unconfirmed() else ""
    response = page(request, form, preview=preview(form))
    if not form.notice:
        response["HX-Reswap"] = "outerHTML show:#preview:top"
    return response


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def redraw(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show a posted form as it was typed, with a row more or less, or with new lists: for browsers without scripts."""
    if request.method != "POST":
        return redirect("create-destination", kind)
    command = request.POST.get("redraw", "")
    posted = posted_data.parse(kind, request.POST)
    loaded = options.load_named(posted, refresh=command == "refresh")
    return page(request, DestinationForm(kind, loaded, initial=as_typed(posted, command)))


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def environment_options(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show the environments of the posted project, and what to know about the posted one."""
    if request.method != "POST":
        return redirect("create-destination", kind)
    refresh = "refresh" in request.GET
    posted = posted_data.parse(kind, request.POST)
    loaded = options.load_named(posted, refresh=refresh)
    # An environment that only the project chosen before has, or none.
    typed = posted.text("environment")
    missing = typed if not refresh and loaded.lacks_environment(typed) else ""
    initial = as_typed(posted) | ({"environment": ""} if missing else {})
    part = ENVIRONMENT if wants_fragment(request) else ""
    return page(request, DestinationForm(kind, loaded, initial=initial), part=part, missing=missing)


@require_safe
@may_create
def add_row(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show an empty row of a field, ``?name=&number=``; nothing where there is none, so that a removed one goes."""
    name, number = request.GET.get("name", ""), request.GET.get("number", "")
    field = rows_field(kind, name)
    if field is None or not (number.isdecimal() and len(number) < 3 and int(number) < MOST_ROWS):
        return HttpResponse()
    context = {
        "row": field.widget.row(name, int(number), {}),
        "name": name,
        "next_number": int(number) + 1,
        "urls": field.widget.urls,
    }
    return render(request, "components/forms/row_added.html", context)


@sensitive_variables()
def posted_form(request: SignedInRequest, kind: Kind) -> DestinationForm:
    """Return the form as it was posted."""
    posted = posted_data.parse(kind, request.POST)
    return DestinationForm(kind, options.load_for(posted), posted)


def chosen_environment(request: HttpRequest) -> dict[str, str]:
    """Return the project and environment in the URL, empty where they cannot be keys."""
    return {name: known_key(request.GET.get(name, "")) for name in ("project", "environment")}


def environment_query(chosen: dict[str, str]) -> str:
    """Return the query string that carries project and environment to another form."""
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
    """Return the form's page, or the part of it that htmx requested."""
    if wants_fragment(request) and not part:
        part = MAIN
    chosen = {name: known_key(str(form[name].value() or "")) for name in ("project", "environment")}
    # What was typed is in no URL unless LaunchDarkly lists it: it could be a secret in the wrong field.
    in_url = form.options.listed(**chosen) if request.method == "POST" else chosen
    context |= {
        "form": form,
        "kind": form.kind,
        "environment_query": environment_query(in_url),
        # Who asks for new lists is about to choose from them.
        "folded": form.place and request.POST.get("redraw") != "refresh",
        "fragment": part in {FIELDS, ENVIRONMENT},
        "kind_spec": digest(form.kind),
        "unresolved": unresolved_attempts(**chosen) if part != FIELDS and all(chosen.values()) else [],
    }
    return render(request, f"{template}{part}", context, status=status)
