"""The sums behind the overview of the history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui import overview
from destinations_ui.models import Outcome
from destinations_ui.overview import MOST_BARS, Row, Times, summed, times
from tests.attempts import record

moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
rows = st.lists(
    st.tuples(
        moments,
        st.sampled_from(Outcome.values),
        st.sampled_from(["kinesis", "segment", "carrier-pigeon"]),
        st.none() | st.integers(0, 200_000),
    ),
    max_size=60,
)


@given(rows)
def test_every_row_is_in_one_bar_and_the_bars_leave_no_gap(found: list[Row]) -> None:
    seen = summed(found)

    assert seen.total == len(found)
    assert sum(bar.total for bar in seen.bars) == len(found)
    assert len(seen.bars) <= MOST_BARS
    assert sum(count for _, count in seen.outcomes) == sum(count for _, count in seen.kinds) == len(found)
    for earlier, later in zip(seen.bars, seen.bars[1:], strict=False):
        assert earlier.end == later.begin
        assert earlier.end - earlier.begin == later.end - later.begin
    for moment, outcome, _, _ in found:
        [bar] = [bar for bar in seen.bars if bar.begin <= moment < bar.end]
        assert bar.counts[Outcome(outcome)] >= 1


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_the_times_are_some_of_those_measured_and_in_order(durations: list[int]) -> None:
    found = times(durations)

    assert found is not None
    assert found.median <= found.most <= found.longest == max(durations)
    assert {found.median, found.most} <= set(durations)
    assert sum(each <= found.median for each in durations) * 2 >= len(durations)
    assert sum(each <= found.most for each in durations) * 100 >= 95 * len(durations)


def test_nothing_measured_has_no_times() -> None:
    assert times([]) is None
    assert times([7]) == Times(7, 7, 7)


def test_a_single_moment_is_one_bar_of_several_hours() -> None:
    seen = summed([(datetime(2026, 11, 23, 15, 7, tzinfo=UTC), "succeeded", "kinesis", 12)])

    assert [bar.total for bar in seen.bars] == [0] * 11 + [1]
    assert seen.bars[-1].end == datetime(2026, 11, 23, 16, tzinfo=UTC)


def test_a_week_begins_on_a_monday() -> None:
    monday = datetime(2026, 11, 2, tzinfo=UTC)
    found: list[Row] = [(monday + timedelta(days=7 * week, hours=5), "refused", "kinesis", None) for week in range(20)]

    seen = summed(found)

    assert [bar.begin for bar in seen.bars] == [monday + timedelta(days=7 * week) for week in range(20)]
    assert {bar.begin.weekday() for bar in seen.bars} == {0}


def test_the_days_that_were_asked_for_are_shown_though_nothing_happened_on_them() -> None:
    found: list[Row] = [(datetime(2026, 11, 10, 12, tzinfo=UTC), "succeeded", "kinesis", 12)]

    seen = summed(found, since=date(2026, 11, 1), until=date(2026, 11, 20))

    assert seen.bars[0].begin == datetime(2026, 11, 1, tzinfo=UTC)
    assert seen.bars[-1].end >= datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.django_db
def test_only_so_many_records_are_looked_at_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        record(name=f"Number {number}", created_at=datetime(2026, 11, 1 + number, tzinfo=UTC))
    monkeypatch.setattr(overview, "LOOKED_AT", 5)

    everything = overview.of({})
    before = overview.of({"until": date(2026, 11, 3)})

    assert (everything.total, everything.limited) == (5, True)
    assert (before.total, before.limited) == (3, False)
