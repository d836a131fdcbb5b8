"""The history at a glance: attempts over time by outcome, by kind, and how long LaunchDarkly took to answer.

It looks at a bounded number of records, whatever the table holds: at the newest of the time that is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from destinations_ui.history import matching, midnight
from destinations_ui.models import AuditRecord, Outcome

#: At most this many records, counted back from the newest in question, are looked at.
LOOKED_AT = 20_000
#: At most this many bars fit on a phone.
MOST_BARS = 30
#: Fewer than these look like a wall: the time before them is shown as well.
FEWEST_BARS = 12
#: How much time a bar may stand for. Each is a whole number of those before it, or of days.
WIDTHS = (
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 28, 91, 182, 364)),
)
#: Where bars begin to be counted: a Monday, so that weeks begin with one.
ANCHOR = datetime(2001, 1, 1, tzinfo=UTC)

#: When it began, its outcome, its kind, and the milliseconds to its answer.
Row = tuple[datetime, str, str, int | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """The attempts that began in a stretch of time: outcome → number."""

    begin: datetime
    end: datetime
    counts: Mapping[Outcome, int]

    @property
    def total(self) -> int:
        """How many they are."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Times:
    """How long LaunchDarkly took to answer, in milliseconds: half of the attempts, 95 of 100, and the longest."""

    median: int
    most: int
    longest: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What a number of records comes to.

    Attributes:
        total: How many there are.
        bars: Over time, without a gap.
        outcomes: How many of each outcome, in the order of :class:`Outcome`; none that there is none of.
        kinds: LaunchDarkly's name of each kind and how many, the most first.
        times: ``None`` where nothing was answered.
        limited: Whether there are older records that were not looked at.
    """

    total: int
    bars: Sequence[Bar]
    outcomes: Sequence[tuple[Outcome, int]]
    kinds: Sequence[tuple[str, int]]
    times: Times | None
    limited: bool

    @property
    def highest(self) -> int:
        """The most attempts of any bar."""
        return max((bar.total for bar in self.bars), default=0)


def of(filters: Mapping[str, Any]) -> Overview:
    """Return the overview of the records that pass every filter: the names are those of ``HistoryFilterForm``."""
    newest = AuditRecord.objects.order_by("-pk")
    if "until" in filters:
        ended = midnight(filters["until"]) + timedelta(days=1)
        newest = AuditRecord.objects.filter(created_at__lt=ended).order_by("-created_at", "-pk")
    top = newest.values_list("pk", flat=True).first() or 0
    floor = top - LOOKED_AT
    limited = floor > 0 and matching(between(filters)).filter(pk__lte=floor).exists()
    found = matching(filters).filter(pk__gt=floor)
    rows: list[Row] = list(found.values_list("created_at", "outcome", "kind", "duration_ms"))
    return summed(rows, since=filters.get("since"), until=filters.get("until"), limited=limited)


def between(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters that are a matter of time."""
    return {name: filters[name] for name in ("since", "until") if name in filters}


def summed(rows: Sequence[Row], *, since: Any = None, until: Any = None, limited: bool = False) -> Overview:
    """Sum rows up. ``since`` and ``until`` are days, where the time was chosen and does not follow from the rows."""
    begun = [row[0] for row in rows]
    if not begun:
        return Overview(0, (), (), (), None, limited)
    begin = midnight(since) if since and not limited else min(begun)
    end = min(midnight(until) + timedelta(days=1), datetime.now(UTC)) if until else max(begun)
    begin, end = min(begin, *begun), max(end, *begun)
    outcomes = Counter(Outcome(row[1]) for row in rows)
    return Overview(
        total=len(rows),
        bars=bars(rows, begin, end),
        outcomes=[(outcome, outcomes[outcome]) for outcome in Outcome if outcomes[outcome]],
        kinds=Counter(row[2] for row in rows).most_common(),
        times=times([row[3] for row in rows if row[3] is not None]),
        limited=limited,
    )


def bars(rows: Sequence[Row], begin: datetime, end: datetime) -> list[Bar]:
    """Return the rows over time: as fine as :data:`MOST_BARS` allows, every bar as wide as the others."""
    width = next((width for width in WIDTHS if spanned(begin, end, width) <= MOST_BARS), WIDTHS[-1])
    while spanned(begin, end, width) > MOST_BARS:
        width *= 2
    number = max(spanned(begin, end, width), FEWEST_BARS)
    first = (end - ANCHOR) // width - number + 1
    counts: list[Counter[Outcome]] = [Counter() for _ in range(number)]
    for began, outcome, _, _ in rows:
        counts[(began - ANCHOR) // width - first][Outcome(outcome)] += 1
    starts = [ANCHOR + (first + number) * width for number in range(len(counts))]
    return [Bar(start, start + width, dict(count)) for start, count in zip(starts, counts, strict=True)]


def spanned(begin: datetime, end: datetime, width: timedelta) -> int:
    """Return how many bars of a width there are from one moment to another, both included."""
    return (end - ANCHOR) // width - (begin - ANCHOR) // width + 1


def times(durations: Sequence[int]) -> Times | None:
    """Return the median, the 95th percentile (by nearest rank) and the longest of some durations."""
    if not durations:
        return None
    ranked = sorted(durations)

    def rank(share: float) -> int:
        return ranked[ceil(share * len(ranked)) - 1]

    return Times(rank(0.5), rank(0.95), ranked[-1])
