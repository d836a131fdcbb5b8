"""The overview of the history."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import may_view
from destinations_ui.history import chart, filter_links, stats
from destinations_ui.history.forms import HistoryFilterForm, encoded


@require_safe
@may_view
def overview(request: SignedInRequest) -> HttpResponse:
    """Show statistics of the records that match: as a page of its own, or as the strip of the history's page."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    statistics = stats.overview(filters)
    context = {
        "form": form,
        "overview": statistics,
        "columns": list(chart.columns(statistics, filters)),
        "outcomes": [
            (outcome, count, chart.GROUP_OF[outcome], encoded({**filters, "outcome": outcome.value}))
            for outcome, count in statistics.outcomes
        ],
        "kinds": [(kind, count, encoded({**filters, "kind": kind})) for kind, count in statistics.kinds],
        "unresolved_query": encoded({**filters, "outcome": "unresolved"}),
        "chips": list(filter_links.chips(form, filters)),
        "query": encoded(filters),
    }
    template = "history/overview.html#strip" if wants_fragment(request) else "history/overview.html"
    return render(request, template, context, status=422 if form.errors else 200)
