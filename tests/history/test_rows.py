"""The rows of the history's table."""

from __future__ import annotations

import datetime

from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui.audit.models import Outcome
from destinations_ui.history.query import HistoryLine
from destinations_ui.web.templatetags.history_rows import REASON_LENGTH, history_rows
from tests.support.html import Page

TEXT = st.text(st.sampled_from("ab <>&\"'é漢😀{}%"), max_size=130)
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
        page = Page(history_rows(lines))

    rows = page.find("tr")
    assert len(rows) == len(lines)
    assert {element.tag for element in page.elements} <= {"tr", "td", "time", "small", "a", "span", "svg", "path"}
    for row, line in zip(rows, lines, strict=True):
        for text in (line.actor, line.name, line.project, line.environment, str(line.outcome.label)):
            assert " ".join(text.split()) in row.text
        if len(line.reason) <= REASON_LENGTH:
            assert " ".join(line.reason.split()) in row.text
        assert ("This record is damaged." in row.text) == line.damaged


def test_every_value_of_a_row_is_escaped() -> None:
    mark = "<script>\"'&"
    line = HistoryLine(1, mark, timezone.now(), mark, mark, mark, mark, mark, mark, Outcome.REFUSED, damaged=False)

    html = history_rows([line])

    assert html.count("&lt;script&gt;&quot;&#x27;&amp;") == 7
    assert mark not in html
