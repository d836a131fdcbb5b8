"""Chips and presets of the history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from destinations_ui.history.filter_links import chips, presets
from destinations_ui.history.forms import HistoryFilterForm

TODAY = date(2026, 11, 24)


def test_each_filter_has_a_chip_that_removes_it_alone() -> None:
    form = HistoryFilterForm({"kind": "kinesis", "outcome": "unresolved", "q": "a&b", "since": "2026-11-01"})

    assert [(chip.label, chip.query) for chip in chips(form, form.filters())] == [
        ("Search: a&b", "outcome=unresolved&kind=kinesis&since=2026-11-01"),
        ("Outcome: Unresolved", "q=a%26b&kind=kinesis&since=2026-11-01"),
        ("Type: Amazon Kinesis", "q=a%26b&outcome=unresolved&since=2026-11-01"),
        ("From (UTC): 2026-11-01", "q=a%26b&outcome=unresolved&kind=kinesis"),
    ]


def test_presets_set_their_filters_and_leave_the_others() -> None:
    filters = {"kind": "kinesis", "since": date(2020, 1, 1), "until": date(2020, 2, 1)}

    found = {preset.label: preset.query for preset in presets(filters, "oskar", TODAY)}

    assert found == {
        "Today": "kind=kinesis&since=2026-11-24",
        "7 days": "kind=kinesis&since=2026-11-18",
        "30 days": "kind=kinesis&since=2026-10-26",
        "My attempts": "kind=kinesis&since=2020-01-01&until=2020-02-01&person=oskar",
        "Unresolved": "kind=kinesis&since=2020-01-01&until=2020-02-01&outcome=unresolved",
    }


@pytest.mark.parametrize(
    ("filters", "active"),
    [
        ({}, []),
        ({"since": TODAY}, ["Today"]),
        ({"since": TODAY, "until": date.max}, ["Today"]),
        ({"since": TODAY - timedelta(days=6), "until": TODAY}, ["7 days"]),
        ({"since": TODAY - timedelta(days=6), "until": TODAY - timedelta(days=1)}, []),
        ({"person": "oskar", "outcome": "unresolved"}, ["My attempts", "Unresolved"]),
        ({"person": "olga", "outcome": "unknown"}, []),
    ],
    ids=str,
)
def test_a_preset_is_active_when_its_filters_are_set(filters: dict[str, Any], active: list[str]) -> None:
    assert [preset.label for preset in presets(filters, "oskar", TODAY) if preset.active] == active


@pytest.mark.parametrize("today", [date.min + timedelta(days=29), date.max])
def test_presets_exist_at_the_ends_of_the_calendar(today: date) -> None:
    assert len(list(presets({"until": date.max}, "oskar", today))) == 5
