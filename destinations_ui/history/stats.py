"""The overview of the history: attempts over time by outcome, by kind, and how long LaunchDarkly took to respond.

Its cost is bounded, whatever the table holds: at most :data:`MOST_RECORDS` matching records are read, the newest. An
overview that did not see all of them is marked as capped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from destinations_ui.audit.damage import read_time
from destinations_ui.audit.models import UNRESOLVED, Outcome
from destinations_ui.audit.search import midnight
from destinations_ui.history.query import OUTCOMES, select

#: At most this many matching records are read: the newest.
MOST_RECORDS = 10_000
#: At most this many bars fit on a phone.
MOST_BARS = 30
#: Fewer bars than these say little: unless the user chose the days, earlier time without attempts is added.
FEWEST_BARS = 12
#: The ends of the calendar.
CALENDAR_START, CALENDAR_END = (time.replace(tzinfo=UTC) for time in (datetime.min, datetime.max))
#: Bars of hours, days and weeks are counted from here. It is a Monday, so that weeks begin with one.
ANCHOR = datetime(2001, 1, 1, tzinfo=UTC)

#: The order of the outcomes in a bar, from the bottom up.
STACKED = (
    Outcome.SUCCEEDED,
    Outcome.REFUSED,
    Outcome.NOT_SENT,
    Outcome.ABSENT,
    Outcome.UNKNOWN,
    Outcome.PENDING,
)


class Attempt(NamedTuple):
    """The columns of a record that are counted."""

    created_at: datetime
    outcome: Outcome
    kind: str
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """The time that a bar covers, in UTC: a number of hours, or of calendar months."""

    label: str
    hours: int = 0
    months: int = 0

    def number(self, time: datetime) -> int:
        """Return the number of the bar that a time belongs to."""
        at = time.astimezone(UTC)
        if self.months:
            return (12 * at.year + at.month - 1) // self.months
        return (at - ANCHOR) // timedelta(hours=self.hours)

    def begin(self, number: int) -> datetime:
        """Return the time at which a bar begins, within the calendar."""
        if not self.months:
            since_anchor = number * timedelta(hours=self.hours)
            return ANCHOR + min(max(since_anchor, CALENDAR_START - ANCHOR), CALENDAR_END - ANCHOR)
        year, month = divmod(number * self.months, 12)
        if not 1 <= year <= 9999:
            return CALENDAR_START if year < 1 else CALENDAR_END
        return datetime(year, month + 1, 1, tzinfo=UTC)

    def count(self, begin: datetime, end: datetime) -> int:
        """Return how many bars cover the time from ``begin`` to just before ``end``."""
        return self.number(end - timedelta.resolution) - self.number(begin) + 1


#: From the shortest. The last one fits the whole calendar into ``MOST_BARS``.
STEPS = (
    Step("hour", hours=1),
    *(Step(f"{hours} hours", hours=hours) for hours in (3, 6, 12)),
    Step("day", hours=24),
    Step("2 days", hours=48),
    Step("week", hours=168),
    Step("2 weeks", hours=336),
    Step("month", months=1),
    *(Step(f"{months} months", months=months) for months in (3, 6)),
    Step("year", months=12),
    *(Step(f"{years} years", months=12 * years) for years in (2, 5, 10, 50, 100, 400)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """The number of attempts by outcome that were created from ``begin`` to just before ``end``."""

    begin: datetime
    end: datetime
    counts: Mapping[Outcome, int]

    @property
    def total(self) -> int:
        """The number of attempts."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """Milliseconds from an attempt to LaunchDarkly's response: median, 95th percentile and maximum."""

    median: int
    p95: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Statistics of a number of attempts.

    Attributes:
        total: The number of attempts.
        bars: Attempts over time, without a gap.
        step: The time that each bar covers, in words.
        outcomes: Attempts by outcome, in the order of :data:`STACKED`. Outcomes with no attempts are omitted.
        kinds: Attempts by kind, most frequent first.
        times: ``None`` when no attempt got a response.
        capped: Whether more records match than were read.
        damaged: The number of records that cannot be read and are not counted.
    """

    total: int
    bars: Sequence[Bar] = ()
    step: str = ""
    outcomes: Sequence[tuple[Outcome, int]] = ()
    kinds: Sequence[tuple[str, int]] = ()
    times: ResponseTimes | None = None
    capped: bool = False
    damaged: int = 0

    @property
    def highest(self) -> int:
        """The number of attempts in the highest bar."""
        return max((bar.total for bar in self.bars), default=0)

    @property
    def unresolved(self) -> int:
        """The number of attempts whose result is not known yet."""
        return sum(count for outcome, count in self.outcomes if outcome in UNRESOLVED)


def overview(filters: Mapping[str, Any]) -> Overview:
    """Return the overview of the records that pass every filter of ``HistoryFilterForm``."""
    rows = select(Attempt._fields, filters, limit=MOST_RECORDS + 1)
    attempts = [attempt for row in rows[:MOST_RECORDS] if (attempt := read_attempt(*row))]
    return summarize(
        attempts,
        since=filters.get("since"),
        until=filters.get("until"),
        now=datetime.now(UTC),
        capped=len(rows) > MOST_RECORDS,
        damaged=min(len(rows), MOST_RECORDS) - len(attempts),
    )


def read_attempt(created_at: Any, outcome: Any, kind: Any, duration_ms: Any) -> Attempt | None:
    """Return a row as an attempt, or ``None`` where the row is damaged."""
    time = read_time(created_at)
    if time is None or outcome not in OUTCOMES or type(kind) is not str or type(duration_ms) not in (int, type(None)):
        return None
    return Attempt(time, Outcome(outcome), kind, duration_ms)


def summarize(
    attempts: Sequence[Attempt],
    *,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    capped: bool = False,
    damaged: int = 0,
) -> Overview:
    """Return the overview of some attempts. ``since`` and ``until`` are days that the user chose, in UTC."""
    if not attempts:
        return Overview(0, damaged=damaged)
    begin, end = time_range([attempt.created_at for attempt in attempts], now=now, since=since, until=until)
    if capped:
        begin = min(attempt.created_at for attempt in attempts)
    step = next(step for step in STEPS if step.count(begin, end) <= MOST_BARS)
    if not (since or capped):
        fewest = step.begin(step.number(end - timedelta.resolution) - FEWEST_BARS + 1)
        begin = min(begin, max(fewest, CALENDAR_START))
    outcomes = Counter(attempt.outcome for attempt in attempts)
    return Overview(
        total=len(attempts),
        bars=list(bars(attempts, step, begin, end)),
        step=step.label,
        outcomes=[(outcome, outcomes[outcome]) for outcome in STACKED if outcomes[outcome]],
        kinds=sorted(Counter(attempt.kind for attempt in attempts).items(), key=lambda item: (-item[1], item[0])),
        times=response_times([attempt.duration_ms for attempt in attempts if attempt.duration_ms is not None]),
        capped=capped,
        damaged=damaged,
    )


def time_range(
    times: Sequence[datetime], *, now: datetime, since: date | None, until: date | None
) -> tuple[datetime, datetime]:
    """Return the range of some times, extended to the days that the user chose but not into the future."""
    begin, end = min(times), max(times) + timedelta.resolution
    if since:
        begin = midnight(since)
    if since or until:
        chosen = min(now, midnight(until) + timedelta(days=1)) if until and until < now.date() else now
        end = max(end, chosen)
    return begin, end


def bars(attempts: Sequence[Attempt], step: Step, begin: datetime, end: datetime) -> Iterator[Bar]:
    """Yield the bars that cover the time from ``begin`` to just before ``end``."""
    counts: dict[int, Counter[Outcome]] = {}
    for attempt in attempts:
        counts.setdefault(step.number(attempt.created_at), Counter())[attempt.outcome] += 1
    first = step.number(begin)
    edges = [step.begin(first + number) for number in range(step.count(begin, end) + 1)]
    for number, (bar_begin, bar_end) in enumerate(pairwise(edges), start=first):
        yield Bar(bar_begin, bar_end, counts.get(number, {}))


def response_times(durations: Sequence[int]) -> ResponseTimes | None:
    """Return the median, the 95th percentile (both by nearest rank) and the maximum of some durations."""
    if not durations:
        return None
    ordered = sorted(durations)

    def percentile(percent: int) -> int:
        return ordered[-(-percent * len(ordered) // 100) - 1]

    return ResponseTimes(percentile(50), percentile(95), ordered[-1])
