"""The overview's chart: a strip of bars, each a stack of rectangles, one for each group of outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from destinations_ui.audit.models import UNRESOLVED, Outcome
from destinations_ui.history.forms import encoded
from destinations_ui.history.stats import STACKED, Bar, Overview

#: Group → its outcomes, from the bottom of a bar up. Each has its own color and its own shape: wide, narrow, hollow.
GROUPS = {
    "succeeded": (Outcome.SUCCEEDED,),
    "failed": (Outcome.REFUSED, Outcome.NOT_SENT, Outcome.ABSENT),
    "unresolved": UNRESOLVED,
}
GROUP_OF = {outcome: group for group, outcomes in GROUPS.items() for outcome in outcomes}
#: The least height of a rectangle in percent of the chart, so that one refusal among thousands can be seen.
LEAST = 14.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle of a bar. Its measures are in percent, so that they fit any size."""

    group: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of the chart.

    Attributes:
        bar: Its numbers.
        rectangles: From the bottom up.
        counts: Attempts by outcome. Outcomes with no attempts are omitted.
        query: The query string of its attempts in the history; empty where it has none.
    """

    bar: Bar
    rectangles: Sequence[Rectangle]
    counts: Sequence[tuple[Outcome, int]]
    query: str


def columns(overview: Overview, filters: Mapping[str, Any]) -> Iterator[Column]:
    """Yield the chart's bars from left to right."""
    for bar in overview.bars:
        counts = [(outcome, bar.counts[outcome]) for outcome in STACKED if bar.counts.get(outcome)]
        yield Column(bar, list(rectangles(bar, overview.highest)), counts, day_query(bar, filters))


def rectangles(bar: Bar, highest: int) -> Iterator[Rectangle]:
    """Yield the rectangles of a bar."""
    counts = {group: sum(bar.counts.get(each, 0) for each in outcomes) for group, outcomes in GROUPS.items()}
    present = [group for group, count in counts.items() if count]
    top = 100.0
    for group, height in zip(present, heights([counts[group] for group in present], highest), strict=True):
        top -= height
        yield Rectangle(group, percent(top), percent(height))


def percent(value: float) -> str:
    """Return a measure as SVG writes it."""
    return f"{value:.3g}%"


def heights(counts: Sequence[int], highest: int) -> list[float]:
    """Return the heights of a bar's rectangles: in proportion, but none too low to be seen if the bar has room."""
    bar_height = max(100 * sum(counts) / highest, LEAST) if counts else 0
    least = min(LEAST, bar_height / max(len(counts), 1))
    raised = [max(bar_height * count / sum(counts), least) for count in counts]
    surplus = sum(raised) - bar_height
    room = sum(height - least for height in raised)
    return [height - (surplus * (height - least) / room if room else 0) for height in raised]


def day_query(bar: Bar, filters: Mapping[str, Any]) -> str:
    """Return the query string of the attempts on a bar's days; empty where it has no attempts."""
    if not bar.total:
        return ""
    days: dict[str, date] = {"since": bar.begin.date(), "until": (bar.end - timedelta.resolution).date()}
    # The first bar may begin before, and the last one end after, the days that were filtered for.
    if "since" in filters:
        days["since"] = max(days["since"], filters["since"])
    if "until" in filters:
        days["until"] = min(days["until"], filters["until"])
    return encoded({**filters, **days})
