"""The history at a glance: attempts over time by outcome, by kind, and how long LaunchDarkly took to answer.

What it costs is bounded, whatever the table holds: at most :data:`LOOKED_AT` records that match are read, the newest.
An overview that did not see everything says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from destinations_ui.audit.models import UNRESOLVED, Outcome
from destinations_ui.audit.search import midnight
from destinations_ui.history.query import matching

#: At most this many records that match are looked at: the newest.
LOOKED_AT = 10_000
#: At most this many bars fit on a phone.
MOST_BARS = 30
#: Fewer than these say little: where nobody chose the time, some of what was before is shown as well.
FEWEST_BARS = 12
#: The calendar's ends.
START, END = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))
#: Where bars of hours, days and weeks begin to be counted: a Monday, so that weeks begin with one.
ANCHOR = datetime(2001, 1, 1, tzinfo=UTC)

#: What a bar is made of, from the ground up.
STACKED = (
    Outcome.SUCCEEDED,
    Outcome.REFUSED,
    Outcome.NOT_SENT,
    Outcome.ABSENT,
    Outcome.UNKNOWN,
    Outcome.PENDING,
)

#: When it began, its outcome, its kind, and the milliseconds to its answer.
Row = tuple[datetime, str, str, int | None]
COLUMNS = ("created_at", "outcome", "kind", "duration_ms")


@dataclass(frozen=True, slots=True)
class Step:
    """How much time a bar stands for: so many hours, or so many months of the calendar; all in UTC."""

    words: str
    hours: int = 0
    months: int = 0

    def number(self, moment: datetime) -> int:
        """Return the number of the bar that a moment belongs to."""
        at = moment.astimezone(UTC)
        if self.months:
            return (12 * at.year + at.month - 1) // self.months
        return (at - ANCHOR) // timedelta(hours=self.hours)

    def begin(self, number: int) -> datetime:
        """Return the first moment of a bar; none is outside the calendar."""
        if not self.months:
            return ANCHOR + min(max(number * timedelta(hours=self.hours), START - ANCHOR), END - ANCHOR)
        year, month = divmod(number * self.months, 12)
        if not 1 <= year <= 9999:
            return START if year < 1 else END
        return datetime(year, month + 1, 1, tzinfo=UTC)


#: From the finest on. The last one reaches over the whole calendar.
STEPS = (
    Step("an hour", hours=1),
    *(Step(f"{hours} hours", hours=hours) for hours in (3, 6, 12)),
    Step("a day", hours=24),
    Step("2 days", hours=48),
    Step("a week", hours=168),
    Step("2 weeks", hours=336),
    Step("a month", months=1),
    *(Step(f"{months} months", months=months) for months in (3, 6)),
    Step("a year", months=12),
    *(Step(f"{years} years", months=12 * years) for years in (2, 5, 10, 50, 100, 400)),
)


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
    """From the attempt to LaunchDarkly's answer, in milliseconds: half of the attempts, 95 of 100, and the longest."""

    median: int
    most: int
    longest: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What a number of records comes to.

    Attributes:
        total: How many there are.
        bars: Over time, without a gap.
        step: How much time each bar stands for, in words.
        outcomes: How many of each outcome, in the order of :data:`STACKED`; none that there is none of.
        kinds: LaunchDarkly's name of each kind and how many, the most first.
        times: ``None`` where nothing was answered.
        capped: Whether more records match than were looked at.
    """

    total: int
    bars: Sequence[Bar] = ()
    step: str = ""
    outcomes: Sequence[tuple[Outcome, int]] = ()
    kinds: Sequence[tuple[str, int]] = ()
    times: Times | None = None
    capped: bool = False

    @property
    def highest(self) -> int:
        """The most attempts of any bar."""
        return max((bar.total for bar in self.bars), default=0)

    @property
    def unresolved(self) -> int:
        """Of how many attempts it is still to be found out what became of them."""
        return sum(count for outcome, count in self.outcomes if outcome in UNRESOLVED)


def of(filters: Mapping[str, Any]) -> Overview:
    """Return the overview of the records that pass every filter: the names are those of ``HistoryFilterForm``."""
    rows: list[Row] = list(matching(filters, limit=LOOKED_AT + 1).values_list(*COLUMNS))
    return summed(
        rows[:LOOKED_AT],
        since=filters.get("since"),
        until=filters.get("until"),
        now=datetime.now(UTC),
        capped=len(rows) > LOOKED_AT,
    )


def summed(
    rows: Sequence[Row],
    *,
    now: datetime,
    since: Any = None,
    until: Any = None,
    capped: bool = False,
) -> Overview:
    """Sum rows up. ``since`` and ``until`` are days, where the time was chosen and does not follow from the rows."""
    if not rows:
        return Overview(0)
    begun = [row[0] for row in rows]
    begin = midnight(since) if since and not capped else min(begun)
    end = max(begun) + timedelta.resolution
    if since or until:
        asked = min(now, midnight(until) + timedelta(days=1)) if until and until < now.date() else now
        end = max(end, asked)
    step = next(step for step in STEPS if spanned(step, begin, end) <= MOST_BARS)
    if not (since or capped):
        fewest = step.begin(step.number(end - timedelta.resolution) - FEWEST_BARS + 1)
        begin = min(begin, max(fewest, START))
    outcomes = Counter(Outcome(row[1]) for row in rows)
    return Overview(
        total=len(rows),
        bars=list(bars(rows, step, begin, end)),
        step=step.words,
        outcomes=[(outcome, outcomes[outcome]) for outcome in STACKED if outcomes[outcome]],
        kinds=sorted(Counter(row[2] for row in rows).items(), key=lambda item: (-item[1], item[0])),
        times=times([row[3] for row in rows if row[3] is not None]),
        capped=capped,
    )


def spanned(step: Step, begin: datetime, end: datetime) -> int:
    """Return how many bars there are from one moment to just before another."""
    return step.number(end - timedelta.resolution) - step.number(begin) + 1


def bars(rows: Sequence[Row], step: Step, begin: datetime, end: datetime) -> Iterator[Bar]:
    """Yield the bars from one moment to just before another, with the rows that began in each."""
    counts: dict[int, Counter[Outcome]] = {}
    for began, outcome, _, _ in rows:
        counts.setdefault(step.number(began), Counter())[Outcome(outcome)] += 1
    first = step.number(begin)
    edges = [step.begin(first + number) for number in range(spanned(step, begin, end) + 1)]
    for number, (opens, closes) in enumerate(pairwise(edges), start=first):
        yield Bar(opens, closes, counts.get(number, {}))


def times(durations: Sequence[int]) -> Times | None:
    """Return the median, the 95th percentile (both by nearest rank) and the longest of some durations."""
    if not durations:
        return None
    ranked = sorted(durations)

    def rank(percent: int) -> int:
        return ranked[-(-percent * len(ranked) // 100) - 1]

    return Times(rank(50), rank(95), ranked[-1])
