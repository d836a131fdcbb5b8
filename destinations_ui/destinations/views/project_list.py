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
    """Show a page of projects, or one alone with all its environments."""
    listed = project_page(request.GET)
    context = {
        "projects": listed.projects,
        "page": listed.page,
        "query": listed.query,
        "orphans": listed.orphans,
        "orphans_hidden": listed.orphans_hidden,
        "problem": listed.problem,
        "read_at": listed.inventory.read_at,
        "known": listed.inventory.known,
        "makers": makers([destination.id for destination in listed.destinations]),
    }
    return render(request, "destinations/project_list.html", context)


def makers(destination_ids: Sequence[str]) -> dict[str, AuditRecord]:
    """Return the records of destinations that were created here, by LaunchDarkly's id."""
    claiming = AuditRecord.objects.claiming(destination_id for destination_id in destination_ids if destination_id)
    records = claiming.only("uuid", "actor", "destination_id", "outcome")
    return {
        record.destination_id: record for record in records if record.outcome == Outcome.SUCCEEDED or record.damaged
    }
