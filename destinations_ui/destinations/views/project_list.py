"""The start page: projects and environments, with the destinations of each."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest
from destinations_ui.accounts.permissions import may_view
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations.project_list import project_page


@require_safe
@may_view
def project_list(request: SignedInRequest) -> HttpResponse:
    """Show the projects, a page of them at a time, and one alone with all its environments."""
    seen = project_page(request)
    known = {project.key for project in seen.listing.items}
    lost = [item for key, items in seen.destinations.items() if key not in known for item in items]
    lost = lost if not seen.query else []
    shown = [*lost, *(item for each in seen.projects for item in seen.destinations.get(each.key, ()))]
    context = {
        "projects": seen.projects,
        "page": seen.page,
        "query": seen.query,
        "lost": lost,
        "problem": seen.problem,
        "read_at": seen.listing.read_at,
        "known": seen.listing.known,
        "makers": makers([destination.id for destination in shown]),
    }
    return render(request, "destinations/project_list.html", context)


def makers(destination_ids: Sequence[str]) -> dict[str, AuditRecord]:
    """Return who made which destination through us: its id → the record."""
    made = AuditRecord.objects.claiming(each for each in destination_ids if each)
    known = made.only("uuid", "actor", "destination_id", "outcome")
    return {record.destination_id: record for record in known if record.outcome == Outcome.SUCCEEDED}
