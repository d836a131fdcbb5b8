"""The overview of the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import may_view
from destinations_ui.history import stats
from destinations_ui.history.chart import rectangles
from destinations_ui.history.forms import HistoryFilterForm, encoded
from destinations_ui.history.stats import STACKED, Bar

#: At most this many kinds are listed in the part of the history's page, whose height is reserved.
FEW_KINDS = 5


@require_safe
@may_view
def overview(request: SignedInRequest) -> HttpResponse:
    """Show statistics of the records that match: as a page of its own, or as the part of the history's page."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    statistics = stats.overview(filters)
    partial = wants_fragment(request)
    kinds = statistics.kinds[:FEW_KINDS] if partial else statistics.kinds
    context = {
        "form": form,
        "overview": statistics,
        "rectangles": list(rectangles(statistics)),
        "stacked": STACKED,
        "bars": [(bar, history_query(filters, bar)) for bar in statistics.bars],
        "kinds": kinds,
        "more_kinds": len(statistics.kinds) - len(kinds),
        "part": partial,
        "applied": [(form[name].label, filter_label(form, name, value)) for name, value in filters.items()],
        "query": encoded(filters),
    }
    template = "history/overview.html#overview" if partial else "history/overview.html"
    return render(request, template, context, status=422 if form.errors else 200)


def filter_label(form: HistoryFilterForm, name: str, value: Any) -> str:
    """Return a filter's value as the form writes it."""
    return str(dict(getattr(form.fields[name], "choices", ())).get(value, value))


def history_query(filters: dict[str, Any], bar: Bar) -> str:
    """Return the query string of a bar's attempts in the history; empty where a bar is shorter than a day."""
    if not bar.total or bar.end - bar.begin < timedelta(days=1):
        return ""
    days = {"since": bar.begin.date(), "until": (bar.end - timedelta.resolution).date()}
    # The first bar may begin before, and the last one end after, the days that were filtered for.
    if "since" in filters:
        days["since"] = max(days["since"], filters["since"])
    if "until" in filters:
        days["until"] = min(days["until"], filters["until"])
    return encoded(filters | days)
