"""The rows of the history's table."""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui.audit.models import Outcome
from destinations_ui.history.query import HistoryLine
from destinations_ui.web.templatetags.history_rows import REASON_LENGTH, ago, history_rows
from tests.support.html import Page

TEXT = st.text(st.sampled_from("ab <>&\"'é漢😀{}%"), max_size=130)
#: The elements of rows.
DRAWN = {"tr", "td", "time", "small", "a", "span", "svg", "path", "rect", "text"}
LINES = st.builds(
    HistoryLine,
    id=st.integers(1, 9),
    uuid=st.uuids().map(str) | st.none(),
    created_at=st.datetimes(timezones=st.just(datetime.UTC)) | st.none(),
    actor=TEXT,
    kind=st.sampled_from(["kinesis", "carrier-pigeon", "<kind>"]),
    name=TEXT,
    project=TEXT,
    environment=TEXT,
    reason=TEXT,
    outcome=st.sampled_from(Outcome),
    damaged=st.booleans(),
)


@given(st.lists(LINES, max_size=3), st.sampled_from([None, datetime.timedelta(hours=5, minutes=30)]))
def test_each_line_is_a_row_with_its_text(lines: list[HistoryLine], ahead: datetime.timedelta | None) -> None:
    with timezone.override(datetime.timezone(ahead) if ahead else None):
        page = Page(history_rows(lines, {}))

    rows = page.find("tr")
    assert len(rows) == len(lines)
    assert {element.tag for element in page.elements} <= DRAWN
    for row, line in zip(rows, lines, strict=True):
        for text in (line.actor, line.name, line.project, line.environment, str(line.outcome.label)):
            assert " ".join(text.split()) in row.text
        if len(line.reason) <= REASON_LENGTH:
            assert " ".join(line.reason.split()) in row.text
        assert ("This record is damaged." in row.text) == line.damaged


def test_every_value_of_a_row_is_escaped() -> None:
    mark = "<script>\"'&"
    line = HistoryLine(1, mark, timezone.now(), mark, mark, mark, mark, mark, mark, Outcome.REFUSED, damaged=False)

    html = history_rows([line], {})

    assert html.count("&lt;script&gt;&quot;&#x27;&amp;") == 7
    assert mark not in html


def line_of(**changes: Any) -> HistoryLine:
    """Return a line."""
    values: dict[str, Any] = {
        "id": 1,
        "uuid": "0b0ca7a1-93d7-4b4b-9a0c-1c6d5c0f3a11",
        "created_at": timezone.now(),
        "actor": "olga",
        "kind": "segment",
        "name": "Orders",
        "project": "web-shop",
        "environment": "test",
        "reason": "",
        "outcome": Outcome.REFUSED,
        "damaged": False,
    }
    return HistoryLine(**values | changes)


def test_outcome_type_environment_and_person_are_filters_beside_those_set() -> None:
    page = Page(history_rows([line_of()], {"q": "a b"}))

    assert page.links == [
        "?q=a+b&outcome=refused",
        "/history/0b0ca7a1-93d7-4b4b-9a0c-1c6d5c0f3a11/?q=a+b",
        "?q=a+b&kind=segment",
        "?q=a+b&project=web-shop&environment=test",
        "?q=a+b&person=olga",
    ]


def test_a_filter_that_is_set_is_no_link() -> None:
    filters = {"outcome": "refused", "kind": "segment", "project": "web-shop", "environment": "test", "person": "olga"}

    [link] = Page(history_rows([line_of()], filters)).links

    assert link.startswith("/history/0b0ca7a1-93d7-4b4b-9a0c-1c6d5c0f3a11/?outcome=refused&kind=segment&")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=119), "1 h ago"),
        (timedelta(hours=49), "2 d ago"),
        (timedelta(days=100), "3 mo ago"),
        (timedelta(days=800), "2 y ago"),
    ],
    ids=str,
)
def test_a_time_is_relative_in_its_largest_unit(age: timedelta, words: str) -> None:
    assert ago(age.total_seconds()) == words


def test_a_relative_time_stands_beside_the_exact_one_in_both_zones() -> None:
    at = datetime.datetime(2026, 11, 23, 23, 30, 15, 999999, tzinfo=datetime.UTC)
    with timezone.override(datetime.timezone(timedelta(hours=5, minutes=30), "IST")):
        page = Page(history_rows([line_of(created_at=at)], {}))

    [exact] = page.classed("records__exact")
    assert exact.text == "2026-11-23 23:30:15 UTC 2026-11-24 05:00:15 IST"
    assert page.find("time")[0].attrs["datetime"] == "2026-11-23T23:30:15+00:00"
