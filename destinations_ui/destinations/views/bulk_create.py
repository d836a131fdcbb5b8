"""Create destinations in several environments: choose them, fill in one row for each, create them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import VIEW, may_create
from destinations_ui.destinations import bulk, prefill
from destinations_ui.destinations.bulk import MOST_ROWS, Row
from destinations_ui.destinations.project_list import project_page
from destinations_ui.kinds import Kind
from destinations_ui.kinds.client_spec import digest

NO_ROWS = "The form arrived without environments, so nothing was sent. Choose them again."


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def bulk_create(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show the environments to choose from, or a row for each chosen one; on POST, send a row."""
    if request.method == "POST":
        return send(request, kind)
    return new_rows(request, kind) if "environment" in request.GET else choose(request, kind)


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def bulk_redraw(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show the posted rows as they were typed: for browsers without scripts."""
    if request.method != "POST":
        return redirect("bulk-create", kind)
    command = request.POST.get("redraw", "")
    posted = bulk.parse_rows(kind, request.POST, bulk.row_numbers(request.POST))
    rows = [bulk.typed_row(number, row, request.user, command) for number, row in posted.items()]
    return remaining(request, kind, rows, status=200)


def choose(request: SignedInRequest, kind: Kind, *, problem: str = "") -> HttpResponse:
    """Show a page of projects with their environments: the free ones can be chosen."""
    listed = project_page(request.GET)
    context = {
        "kind": kind,
        "projects": listed.projects,
        "page": listed.page,
        "query": listed.query,
        "known": listed.known,
        "list_problem": listed.problem,
        "problem": problem,
        "carried": {name: request.GET[name] for name in ("from", "like") if name in request.GET},
        "most": MOST_ROWS,
    }
    return render(request, "destinations/bulk_choose.html", context, status=422 if problem else 200)


def new_rows(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show a row for each chosen environment, prefilled as the URL says."""
    chosen, refused = bulk.chosen_environments(request.GET.getlist("environment"))
    if not chosen:
        return choose(request, kind, problem="Choose at least one environment that is free.")
    if len(chosen) > MOST_ROWS:
        return choose(request, kind, problem=f"Choose at most {MOST_ROWS} environments at once.")
    may_view = request.user.has_perm(VIEW)
    source, problem = prefill.requested(kind, request.GET.dict(), may_view=may_view)
    initial = dict(source.initial) if source else {}
    rows = bulk.new_rows(kind, chosen, initial)
    context: dict[str, Any] = {"refused": refused, "prefill": source, "prefill_problem": problem}
    return page(request, kind, rows, reason=initial.get("reason", ""), **context)


@sensitive_variables()
def send(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Send the row whose button was pressed. Without scripts, the others come back as they were typed."""
    chosen = request.POST.get("send", "")
    numbers = bulk.row_numbers(request.POST)
    if wants_fragment(request):
        numbers = [number for number in numbers if number == chosen]
    posted = bulk.parse_rows(kind, request.POST, numbers)
    rows = [
        bulk.sent_row(number, row, request.user, request.request_id)
        if number == chosen
        else bulk.typed_row(number, row, request.user, "")
        for number, row in posted.items()
    ]
    status = next((row.status for row in rows if row.number == chosen), 200)
    if rows and wants_fragment(request):
        return page(request, kind, rows, part="#row", row=rows[0], status=status)
    return remaining(request, kind, rows, status=status)


@sensitive_variables()
def remaining(request: SignedInRequest, kind: Kind, rows: Sequence[Row], *, status: int) -> HttpResponse:
    """Show the whole page of posted rows again."""
    if not rows:
        return choose(request, kind, problem=NO_ROWS)
    reason = bulk.shared_reason(kind, request.POST).text("reason")
    return page(request, kind, rows, reason=reason, status=status, again=True)


def page(
    request: SignedInRequest, kind: Kind, rows: Sequence[Row], *, part: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    """Return the page of rows, or the one row that htmx requested."""
    context |= {
        "kind": kind,
        "rows": rows,
        "left": [row for row in rows if row.form],
        "kind_spec": digest(kind),
        "query": request.GET.urlencode(),
    }
    return render(request, f"destinations/bulk_create.html{part}", context, status=status)
