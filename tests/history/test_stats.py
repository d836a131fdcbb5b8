"""The statistics of the overview."""

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
    """Return a successful attempt at each of the times."""
    return [Attempt(moment, Outcome.SUCCEEDED, "kinesis", 120) for moment in moments]


def starts(found: Overview) -> list[str]:
    """Return the beginnings of the bars."""
    return [f"{bar.begin:%Y-%m-%d %H:%M}" for bar in found.bars]


class TestBars:
    """Bars over time."""

    @given(rows)
    def test_each_attempt_is_in_one_bar_and_bars_have_no_gap(self, found: list[Attempt]) -> None:
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
    def test_the_range_may_begin_on_any_day(self, found: list[Attempt], since: date) -> None:
        matching = [row for row in found if row[0] >= datetime.combine(since, datetime.min.time(), tzinfo=UTC)]

        seen = summarize(matching, now=NOW, since=since)

        assert sum(bar.total for bar in seen.bars) == len(matching)
        assert len(seen.bars) <= MOST_BARS

    @pytest.mark.parametrize(
        ("span", "words", "first"),
        [
            (timedelta(minutes=1), "hour", "2026-11-23 04:00"),
            (timedelta(hours=29), "hour", "2026-11-22 10:00"),
            (timedelta(hours=40), "3 hours", "2026-11-21 21:00"),
            (timedelta(days=7), "6 hours", "2026-11-16 12:00"),
            (timedelta(days=14), "12 hours", "2026-11-09 12:00"),
            (timedelta(days=29), "day", "2026-10-25 00:00"),
            (timedelta(days=50), "2 days", "2026-10-03 00:00"),
            (timedelta(days=200), "week", "2026-05-04 00:00"),
            (timedelta(days=390), "2 weeks", "2025-10-20 00:00"),
            (timedelta(days=600), "month", "2025-04-01 00:00"),
            (timedelta(days=1500), "3 months", "2022-10-01 00:00"),
            (timedelta(days=5000), "6 months", "2013-01-01 00:00"),
            (timedelta(days=10_000), "year", "1999-01-01 00:00"),
        ],
        ids=str,
    )
    def test_bars_are_as_short_as_fits_and_begin_on_the_clock(self, span: timedelta, words: str, first: str) -> None:
        seen = summarize(at(NOW - span, NOW), now=NOW)

        assert (seen.step, starts(seen)[0]) == (words, first)

    def test_weeks_begin_on_monday(self) -> None:
        seen = summarize(at(NOW - timedelta(days=200), NOW), now=NOW)

        assert {bar.begin.weekday() for bar in seen.bars} == {0}
        assert {bar.end - bar.begin for bar in seen.bars} == {timedelta(days=7)}

    def test_steps_grow_and_the_last_covers_the_calendar(self) -> None:
        last = datetime.max.replace(tzinfo=UTC)
        counts = [step.number(last) - step.number(datetime.min.replace(tzinfo=UTC)) + 1 for step in STEPS]

        assert counts == sorted(counts, reverse=True)
        assert counts[-1] <= MOST_BARS

    def test_chosen_days_without_attempts_have_bars(self) -> None:
        found = at(datetime(2026, 11, 10, 12, tzinfo=UTC))

        seen = summarize(found, now=NOW, since=date(2026, 11, 1), until=date(2026, 11, 20))

        assert (starts(seen)[0], starts(seen)[-1]) == ("2026-11-01 00:00", "2026-11-20 00:00")
        assert len(seen.bars) == 20

    @pytest.mark.parametrize("until", [None, date(2026, 11, 23), date(2030, 1, 1), date.max])
    def test_the_future_has_no_bars(self, until: date | None) -> None:
        seen = summarize(at(datetime(2026, 11, 10, 12, tzinfo=UTC)), now=NOW, since=date(2026, 11, 1), until=until)

        assert starts(seen)[-1] == "2026-11-23 00:00"

    def test_a_single_attempt_has_empty_bars_before_it(self) -> None:
        seen = summarize(at(NOW), now=NOW)

        assert [bar.total for bar in seen.bars] == [0] * (FEWEST_BARS - 1) + [1]
        assert seen.bars[-1].end == datetime(2026, 11, 23, 16, tzinfo=UTC)
        assert len(summarize(at(NOW), now=NOW, since=NOW.date()).bars) == 16

    def test_a_capped_overview_has_no_bars_before_the_oldest_read(self) -> None:
        seen = summarize(at(NOW - timedelta(hours=2)), now=NOW, since=date(2020, 1, 1), capped=True)

        assert starts(seen) == ["2026-11-23 13:00", "2026-11-23 14:00", "2026-11-23 15:00"]

    def test_attempts_are_counted_in_utc(self) -> None:
        there = timezone(timedelta(hours=-8))
        seen = summarize(at(datetime(2026, 11, 22, 18, 30, tzinfo=there), NOW), now=NOW)

        assert [bar.begin.hour for bar in seen.bars if bar.total] == [2, 15]


class TestTotals:
    """Numbers by outcome, kind and response time."""

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

    def test_every_outcome_is_stacked(self) -> None:
        assert set(STACKED) == set(Outcome)

    def test_no_attempts_give_an_empty_overview(self) -> None:
        assert summarize([], now=NOW, since=date(2026, 1, 1)) == Overview(0)

    @given(st.lists(st.integers(0, 10**6), min_size=1))
    def test_response_times_are_percentiles_by_nearest_rank(self, durations: list[int]) -> None:
        found = response_times(durations)

        assert found is not None
        assert found.median <= found.p95 <= found.maximum == max(durations)
        for value, percent in ((found.median, 50), (found.p95, 95)):
            assert value in durations
            assert sum(each <= value for each in durations) * 100 >= percent * len(durations)
            assert sum(each < value for each in durations) * 100 < percent * len(durations)

    def test_response_times_of_known_durations(self) -> None:
        assert response_times([]) is None
        assert response_times([7]) == ResponseTimes(7, 7, 7)
        assert response_times(list(range(1, 101))) == ResponseTimes(50, 95, 100)
        assert response_times(list(range(1, 21))) == ResponseTimes(10, 19, 20)


@pytest.mark.django_db
class TestReading:
    """The number of records that are read is bounded."""

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
    def test_at_most_the_bound_of_matching_records_is_read(
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
    def test_the_newest_matching_records_are_read(
        self, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any], newest: int
    ) -> None:
        monkeypatch.setattr(stats, "MOST_RECORDS", 1)

        [bar] = [bar for bar in stats.overview(filters).bars if bar.total]

        assert bar.begin <= datetime(2026, 11, newest, 12, tzinfo=UTC) < bar.end

    def test_a_record_written_out_of_order_is_counted(self) -> None:
        record(name="Number 9", created_at=datetime(2026, 11, 3, 11, tzinfo=UTC))

        assert stats.overview({"q": "number", "until": date(2026, 11, 3)}).total == 4
