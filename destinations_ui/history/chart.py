"""The overview's chart: each bar as a stack of rectangles, one for each outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from destinations_ui.audit.models import Outcome
from destinations_ui.history.stats import STACKED, Overview

#: The share of a bar's slot that is filled, and the greatest width of a bar in percent of the chart.
FILLED, WIDEST = 0.8, 8.0
#: The least height of a rectangle in percent of the chart, so that one refusal among thousands can be seen.
LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle of the chart. Its measures are in percent, so that it fits any width."""

    outcome: Outcome
    x: str
    y: str
    width: str
    height: str


def rectangles(overview: Overview) -> Iterator[Rectangle]:
    """Yield the chart's rectangles from left to right, and from the bottom up."""
    for number, bar in enumerate(overview.bars):
        slot = 100 / len(overview.bars)
        width = min(slot * FILLED, WIDEST)
        left, top = number * slot + (slot - width) / 2, 100.0
        present = [outcome for outcome in STACKED if bar.counts.get(outcome)]
        counts = [bar.counts[outcome] for outcome in present]
        for outcome, height in zip(present, heights(counts, overview.highest), strict=True):
            top -= height
            yield Rectangle(outcome, percent(left), percent(top), percent(width), percent(height))


def percent(value: float) -> str:
    """Return a measure as SVG writes it."""
    return f"{value:.3f}%"


def heights(counts: Sequence[int], highest: int) -> list[float]:
    """Return the heights of a bar's rectangles: in proportion, but none too low to be seen if the bar has room."""
    bar_height = max(100 * sum(counts) / highest, LEAST)
    least = min(LEAST, bar_height / max(len(counts), 1))
    raised = [max(bar_height * count / sum(counts), least) for count in counts]
    surplus = sum(raised) - bar_height
    room = sum(height - least for height in raised)
    return [height - (surplus * (height - least) / room if room else 0) for height in raised]
