"""The start page: projects and environments, with the destinations of each."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import may_view
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations.project_list import project_page


@require_safe
@may_view
def project_list(request: SignedInRequest) -> HttpResponse:
    """Show a page of projects; to htmx, the results of a search."""
    listed = project_page(request.GET)
    partial = wants_fragment(request)
    context = {
        "listed": listed,
        "makers": makers([destination.id for destination in listed.destinations]),
        "partial": partial,
    }
    return render(request, f"destinations/project_list.html{'#results' if partial else ''}", context)


def makers(destination_ids: Sequence[str]) -> dict[str, AuditRecord]:
    """Return the records of destinations that were created here, by LaunchDarkly's id."""
    claiming = AuditRecord.objects.claiming(destination_id for destination_id in destination_ids if destination_id)
    records = claiming.only("uuid", "actor", "destination_id", "outcome")
    return {
        record.destination_id: record for record in records if record.outcome == Outcome.SUCCEEDED or record.damaged
    }
