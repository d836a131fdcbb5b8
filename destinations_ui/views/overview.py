"""The history at a glance."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui import overview as overviews
from destinations_ui.forms import HistoryFilterForm
from destinations_ui.http import SignedInRequest, wants_fragment
from destinations_ui.overview import Overview
from destinations_ui.views.history import may_view

#: The drawing's own units: a bar with its gap, the bar alone, and the height of the highest.
STEP, WIDTH, HEIGHT = 10.0, 8.0, 100.0


@require_safe
@may_view
def overview(request: SignedInRequest) -> HttpResponse:
    """Show the records that match at a glance: a page of its own, or the part of the history's."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    found = overviews.of(filters)
    context = {
        "form": form,
        "overview": found,
        "drawn": drawn(found),
        "size": (max(len(found.bars), 1) * STEP, HEIGHT),
        "query": urlencode({name: str(value) for name, value in filters.items()}),
        "looked_at": overviews.LOOKED_AT,
    }
    part = "#overview" if wants_fragment(request) else ""
    return render(request, f"overview.html{part}", context, status=422 if form.errors else 200)


def drawn(found: Overview) -> list[dict[str, object]]:
    """Return the rectangles of the picture, from the ground up: one for each outcome of each bar."""
    shapes: list[dict[str, object]] = []
    for number, bar in enumerate(found.bars):
        ground = HEIGHT
        for outcome, _ in found.outcomes:
            if count := bar.counts.get(outcome, 0):
                height = HEIGHT * count / found.highest
                ground -= height
                shapes.append(
                    {
                        "outcome": outcome,
                        "x": f"{number * STEP + (STEP - WIDTH) / 2:.2f}",
                        "y": f"{ground:.2f}",
                        "width": f"{WIDTH:.2f}",
                        "height": f"{height:.2f}",
                    }
                )
    return shapes
