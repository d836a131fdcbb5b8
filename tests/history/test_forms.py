"""The form of the history's filters."""

from __future__ import annotations

import pytest

from destinations_ui import kinds
from destinations_ui.audit.models import Outcome
from destinations_ui.history.forms import HistoryFilterForm


def test_an_empty_form_has_no_filters() -> None:
    assert HistoryFilterForm({}).filters() == {}
    assert HistoryFilterForm({"q": " ", "kind": "", "since": ""}).filters() == {}


@pytest.mark.parametrize("outcome", [*Outcome.values, "unresolved"])
def test_every_outcome_is_a_filter(outcome: str) -> None:
    assert HistoryFilterForm({"outcome": outcome}).filters() == {"outcome": outcome}


@pytest.mark.parametrize("kind", [*kinds.registry(), "carrier-pigeon"])
def test_every_kind_is_a_filter_even_a_removed_one(kind: str) -> None:
    assert HistoryFilterForm({"kind": kind}).filters() == {"kind": kind}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("since", "yesterday"),
        ("until", "2026-02-30"),
        ("since", "\0"),
        ("outcome", "lost"),
        ("kind", "\0"),
        ("kind", "<script>"),
        ("q", "x" * 201),
        ("q", "a\0b"),
        ("person", "a\x1bb"),
        ("project", "p" * 257),
    ],
    ids=repr,
)
def test_an_invalid_filter_is_reported_and_not_applied(name: str, text: str) -> None:
    form = HistoryFilterForm({name: text, "environment": "staging"})

    assert form.filters() == {"environment": "staging"}
    assert list(form.errors) == [name]


def test_an_invalid_date_is_reported_with_an_example() -> None:
    assert HistoryFilterForm({"since": "never"}).errors["since"] == ["Invalid date. Enter it like 2026-11-23."]


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    form = HistoryFilterForm({"since": "2026-11-02", "until": "2026-11-01"})

    assert form.errors["until"] == ["This day is before the first. Enter a later one."]
    assert HistoryFilterForm({"since": "2026-11-02", "until": "2026-11-02"}).is_valid()
