"""The sums behind the overview of the history, and how little of the history they need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui.audit.models import Outcome
from destinations_ui.history import stats
from destinations_ui.history.stats import (
    FEWEST_BARS,
    MOST_BARS,
    STACKED,
    STEPS,
    Attempt,
    Overview,
    ResponseTimes,
    response_times,
    summarize,
)
from tests.support.attempts import record

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)

moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59), timezones=st.just(UTC))
#: Also such as lie close together.
near = st.builds(lambda minutes: NOW - timedelta(minutes=minutes), st.integers(0, 60_000))
#: And such at the very beginning of the calendar.
early = st.builds(lambda minutes: datetime(1, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), st.integers(0, 900_000))
rows = st.sampled_from([moments | near, near, early]).flatmap(
    lambda moment: st.lists(
        st.builds(
            Attempt,
            moment,
            st.sampled_from(Outcome),
            st.sampled_from(["kinesis", "segment", "carrier-pigeon"]),
            st.none() | st.integers(0, 200_000),
        ),
        max_size=60,
    )
)


def at(*moments: datetime) -> list[Attempt]:
    """Return a success at each of the moments."""
    return [Attempt(moment, Outcome.SUCCEEDED, "kinesis", 120) for moment in moments]


def starts(found: Overview) -> list[str]:
    """Return when the bars begin."""
    return [f"{bar.begin:%Y-%m-%d %H:%M}" for bar in found.bars]


class TestBars:
    """Time in stretches that leave nothing out."""

    @given(rows)
    def test_every_row_is_in_one_bar_and_the_bars_leave_no_gap(self, found: list[Attempt]) -> None:
        seen = summarize(found, now=NOW)

        assert seen.total == len(found)
        assert sum(bar.total for bar in seen.bars) == len(found)
        assert len(seen.bars) <= MOST_BARS
        assert sum(count for _, count in seen.outcomes) == sum(count for _, count in seen.kinds) == len(found)
        assert all(earlier.end == later.begin for earlier, later in pairwise(seen.bars))
        for moment, outcome, _, _ in found:
            [bar] = [bar for bar in seen.bars if bar.begin <= moment < bar.end]
            assert bar.counts[Outcome(outcome)] >= 1
        if found:
            assert seen.bars[-1].total
            assert seen.bars[0].total or len(seen.bars) <= FEWEST_BARS

    @given(rows.filter(bool), st.dates())
    def test_any_day_may_be_asked_for(self, found: list[Attempt], since: date) -> None:
        matching = [row for row in found if row[0] >= datetime.combine(since, datetime.min.time(), tzinfo=UTC)]

        seen = summarize(matching, now=NOW, since=since)

        assert sum(bar.total for bar in seen.bars) == len(matching)
        assert len(seen.bars) <= MOST_BARS

    @pytest.mark.parametrize(
        ("span", "words", "first"),
        [
            (timedelta(minutes=1), "an hour", "2026-11-23 04:00"),
            (timedelta(hours=29), "an hour", "2026-11-22 10:00"),
            (timedelta(hours=40), "3 hours", "2026-11-21 21:00"),
            (timedelta(days=7), "6 hours", "2026-11-16 12:00"),
            (timedelta(days=14), "12 hours", "2026-11-09 12:00"),
            (timedelta(days=29), "a day", "2026-10-25 00:00"),
            (timedelta(days=50), "2 days", "2026-10-03 00:00"),
            (timedelta(days=200), "a week", "2026-05-04 00:00"),
            (timedelta(days=390), "2 weeks", "2025-10-20 00:00"),
            (timedelta(days=600), "a month", "2025-04-01 00:00"),
            (timedelta(days=1500), "3 months", "2022-10-01 00:00"),
            (timedelta(days=5000), "6 months", "2013-01-01 00:00"),
            (timedelta(days=10_000), "a year", "1999-01-01 00:00"),
        ],
        ids=str,
    )
    def test_a_bar_is_as_fine_as_there_is_room_for_and_begins_where_a_clock_or_calendar_does(
        self, span: timedelta, words: str, first: str
    ) -> None:
        seen = summarize(at(NOW - span, NOW), now=NOW)

        assert (seen.step, starts(seen)[0]) == (words, first)

    def test_a_week_begins_on_a_monday(self) -> None:
        seen = summarize(at(NOW - timedelta(days=200), NOW), now=NOW)

        assert {bar.begin.weekday() for bar in seen.bars} == {0}
        assert {bar.end - bar.begin for bar in seen.bars} == {timedelta(days=7)}

    def test_each_step_is_coarser_than_the_one_before_and_the_last_reaches_over_the_calendar(self) -> None:
        last = datetime.max.replace(tzinfo=UTC)
        counts = [step.number(last) - step.number(datetime.min.replace(tzinfo=UTC)) + 1 for step in STEPS]

        assert counts == sorted(counts, reverse=True)
        assert counts[-1] <= MOST_BARS

    def test_the_days_that_were_asked_for_are_shown_though_nothing_happened_on_them(self) -> None:
        found = at(datetime(2026, 11, 10, 12, tzinfo=UTC))

        seen = summarize(found, now=NOW, since=date(2026, 11, 1), until=date(2026, 11, 20))

        assert (starts(seen)[0], starts(seen)[-1]) == ("2026-11-01 00:00", "2026-11-20 00:00")
        assert len(seen.bars) == 20

    @pytest.mark.parametrize("until", [None, date(2026, 11, 23), date(2030, 1, 1), date.max])
    def test_what_is_yet_to_come_is_not_shown(self, until: date | None) -> None:
        seen = summarize(at(datetime(2026, 11, 10, 12, tzinfo=UTC)), now=NOW, since=date(2026, 11, 1), until=until)

        assert starts(seen)[-1] == "2026-11-23 00:00"

    def test_a_single_moment_is_one_of_a_few_bars(self) -> None:
        seen = summarize(at(NOW), now=NOW)

        assert [bar.total for bar in seen.bars] == [0] * (FEWEST_BARS - 1) + [1]
        assert seen.bars[-1].end == datetime(2026, 11, 23, 16, tzinfo=UTC)
        assert len(summarize(at(NOW), now=NOW, since=NOW.date()).bars) == 16

    def test_time_that_was_not_looked_at_is_not_shown_as_empty(self) -> None:
        seen = summarize(at(NOW - timedelta(hours=2)), now=NOW, since=date(2020, 1, 1), capped=True)

        assert starts(seen) == ["2026-11-23 13:00", "2026-11-23 14:00", "2026-11-23 15:00"]

    def test_a_moment_noted_in_another_zone_counts_in_utc(self) -> None:
        there = timezone(timedelta(hours=-8))
        seen = summarize(at(datetime(2026, 11, 22, 18, 30, tzinfo=there), NOW), now=NOW)

        assert [bar.begin.hour for bar in seen.bars if bar.total] == [2, 15]


class TestSums:
    """Exact numbers, in a fixed order."""

    def test_outcomes_and_kinds_are_counted(self) -> None:
        found: list[Attempt] = [
            Attempt(NOW, Outcome(outcome), kind, None)
            for outcome, kind in (
                *(("succeeded", "segment"), ("pending", "carrier-pigeon"), ("unknown", "segment")),
                *(("succeeded", "kinesis"), ("refused", "kinesis"), ("unknown", "azure-event-hubs")),
            )
        ]

        seen = summarize(found, now=NOW)

        assert seen.outcomes == [
            *((Outcome.SUCCEEDED, 2), (Outcome.REFUSED, 1), (Outcome.UNKNOWN, 2), (Outcome.PENDING, 1)),
        ]
        assert seen.kinds == [("kinesis", 2), ("segment", 2), ("azure-event-hubs", 1), ("carrier-pigeon", 1)]
        assert (seen.unresolved, seen.highest, seen.times) == (3, 6, None)

    def test_no_outcome_is_left_out(self) -> None:
        assert set(STACKED) == set(Outcome)

    def test_of_nothing_there_is_nothing(self) -> None:
        assert summarize([], now=NOW, since=date(2026, 1, 1)) == Overview(0)

    @given(st.lists(st.integers(0, 10**6), min_size=1))
    def test_the_times_are_some_of_those_measured_and_in_order(self, durations: list[int]) -> None:
        found = response_times(durations)

        assert found is not None
        assert found.median <= found.p95 <= found.maximum == max(durations)
        for value, percent in ((found.median, 50), (found.p95, 95)):
            assert value in durations
            assert sum(each <= value for each in durations) * 100 >= percent * len(durations)
            assert sum(each < value for each in durations) * 100 < percent * len(durations)

    def test_known_times(self) -> None:
        assert response_times([]) is None
        assert response_times([7]) == ResponseTimes(7, 7, 7)
        assert response_times(list(range(1, 101))) == ResponseTimes(50, 95, 100)
        assert response_times(list(range(1, 21))) == ResponseTimes(10, 19, 20)


@pytest.mark.django_db
class TestReading:
    """No more is read than is bounded, and what was left out is said."""

    @pytest.fixture(autouse=True)
    def records(self) -> None:
        """Write a record a day, every other one of another kind."""
        for number in range(8):
            kind = "segment" if number % 2 else "kinesis"
            record(name=f"Number {number}", kind=kind, created_at=datetime(2026, 11, 1 + number, 12, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("filters", "total", "capped"),
        [
            ({}, 3, True),
            ({"kind": "segment"}, 3, True),
            ({"until": date(2026, 11, 3)}, 3, False),
            ({"until": date(2026, 11, 4)}, 3, True),
            ({"q": "number"}, 3, True),
            ({"kind": "segment", "since": date(2026, 11, 4)}, 3, False),
        ],
        ids=str,
    )
    def test_only_the_newest_that_match_are_looked_at(
        self, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any], total: int, capped: bool
    ) -> None:
        monkeypatch.setattr(stats, "MOST_RECORDS", 3)

        with CaptureQueriesContext(connection) as queries:
            seen = stats.overview(filters)

        assert (seen.total, seen.capped) == (total, capped)
        assert "LIMIT 4" in queries[-1]["sql"]
        assert not any("COUNT(" in query["sql"].upper() for query in queries)

    @pytest.mark.parametrize(
        ("filters", "newest"),
        [({}, 8), ({"kind": "kinesis"}, 7), ({"q": "number"}, 8), ({"until": date(2026, 11, 6)}, 6)],
        ids=str,
    )
    def test_it_is_the_newest_that_are_looked_at(
        self, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any], newest: int
    ) -> None:
        monkeypatch.setattr(stats, "MOST_RECORDS", 1)

        [bar] = [bar for bar in stats.overview(filters).bars if bar.total]

        assert bar.begin <= datetime(2026, 11, newest, 12, tzinfo=UTC) < bar.end

    def test_what_was_written_a_little_out_of_order_is_not_left_out(self) -> None:
        record(name="Number 9", created_at=datetime(2026, 11, 3, 11, tzinfo=UTC))

        assert stats.overview({"q": "number", "until": date(2026, 11, 3)}).total == 4
