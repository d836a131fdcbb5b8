"""The history at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import may_view
from destinations_ui.audit.models import Outcome
from destinations_ui.history import stats as overviews
from destinations_ui.history.forms import HistoryFilterForm, encoded
from destinations_ui.history.stats import STACKED, Bar, Overview

#: At most this many kinds are listed in the part that the history's page shows, whose height is reserved.
FEW_KINDS = 5
#: Of what is between two bars, how much is bar; and how wide one is at most, in percent of the picture.
FILLED, WIDEST = 0.8, 8.0
#: How high the smallest piece of a bar is, in percent of the picture: one refusal among thousands is to be seen.
LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of the picture. Its measures are in percent, so that it fits any width without being stretched."""

    outcome: Outcome
    x: str
    y: str
    width: str
    height: str


@require_safe
@may_view
def overview(request: SignedInRequest) -> HttpResponse:
    """Show the records that match at a glance: a page of its own, or the part of the history's."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    found = overviews.of(filters)
    part = wants_fragment(request)
    kinds = found.kinds[:FEW_KINDS] if part else found.kinds
    context = {
        "form": form,
        "overview": found,
        "pieces": list(pieces(found)),
        "stacked": STACKED,
        "rows": [(bar, stretch(filters, bar)) for bar in found.bars],
        "kinds": kinds,
        "more_kinds": len(found.kinds) - len(kinds),
        "part": part,
        "applied": [(form[name].label, shown(form, name, value)) for name, value in filters.items()],
        "query": encoded(filters),
        "looked_at": overviews.LOOKED_AT,
    }
    return render(
        request, "history/overview.html#overview" if part else "history/overview.html", context, status=status(form)
    )


def status(form: HistoryFilterForm) -> int:
    """Return the status to answer with: a wrong filter is said."""
    return 422 if form.errors else 200


def shown(form: HistoryFilterForm, name: str, value: Any) -> str:
    """Return a filter's value in the words of the form."""
    return str(dict(getattr(form.fields[name], "choices", ())).get(value, value))


def stretch(filters: dict[str, Any], bar: Bar) -> str:
    """Return the query that leads to a bar's attempts in the history; empty where a bar is less than whole days."""
    if not bar.total or bar.end - bar.begin < timedelta(days=1):
        return ""
    days = {"since": bar.begin.date(), "until": (bar.end - timedelta.resolution).date()}
    # The first and the last bar may begin before, or end after, the days that were asked for.
    if "since" in filters:
        days["since"] = max(days["since"], filters["since"])
    if "until" in filters:
        days["until"] = min(days["until"], filters["until"])
    return encoded(filters | days)


def pieces(found: Overview) -> Iterator[Piece]:
    """Yield the picture's rectangles: from left to right, and from the ground up."""
    for number, bar in enumerate(found.bars):
        slot = 100 / len(found.bars)
        width = min(slot * FILLED, WIDEST)
        top = 100.0
        present = [outcome for outcome in STACKED if bar.counts.get(outcome)]
        for outcome, height in zip(present, heights([bar.counts[o] for o in present], found.highest), strict=True):
            top -= height
            yield Piece(
                outcome, *(f"{value:.3f}%" for value in (number * slot + (slot - width) / 2, top, width, height))
            )


def heights(counts: Sequence[int], highest: int) -> list[float]:
    """Return how high the pieces of a bar are: as their numbers, but none too low to be seen if the bar has room."""
    whole = max(100 * sum(counts) / highest, LEAST)
    least = min(LEAST, whole / max(len(counts), 1))
    found = [max(whole * count / sum(counts), least) for count in counts]
    surplus = sum(found) - whole
    room = sum(height - least for height in found)
    return [height - (surplus * (height - least) / room if room else 0) for height in found]
