"""What is written without the template language, for speed, is what the template language would write."""

from __future__ import annotations

import datetime

from django.template import Context, Template
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui.audit import chain
from destinations_ui.audit.models import Outcome
from destinations_ui.history.query import HistoryRow

TEMPLATE = """{% load audit %}{% for record in labelled %}<tr>
<td data-label="When">{{ record.created_at|stamped|utc_in_two }}</td>
<td data-label="Who">{{ record.actor }}</td>
<td data-label="Kind">{{ record.kind|kind_label }}</td>
<td class="records__name" data-label="Name"><a href="{% url 'record' record.uuid %}">{{ record.name }}</a></td>
<td data-label="Where"><span>{{ record.project }}<small>{{ record.environment }}</small></span></td>
<td data-label="Outcome"><span class="outcome outcome--{{ record.outcome }}"><svg class="icon" aria-hidden="true">\
<use href="#outcome-{{ record.outcome }}"/></svg>{{ record.label }}</span></td>
<td data-label="Reason">{{ record.reason|truncatechars:120 }}</td>
</tr>
{% endfor %}"""

TEXT = st.text(st.sampled_from("ab <>&\"'é漢😀{}%"), max_size=130)
LINES = st.builds(
    HistoryRow,
    id=st.integers(1, 9),
    uuid=st.uuids().map(str),
    created_at=st.datetimes(
        datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1), timezones=st.just(datetime.UTC)
    ).map(chain.stamp),
    actor=TEXT,
    kind=st.sampled_from(["kinesis", "carrier-pigeon", "<kind>"]),
    name=TEXT,
    project=TEXT,
    environment=TEXT,
    outcome=st.sampled_from(Outcome.values),
    reason=TEXT,
)


def written(template: str, lines: list[HistoryRow]) -> str:
    """Return what a template makes of some lines."""
    labelled = [each._asdict() | {"label": Outcome(each.outcome).label} for each in lines]
    return Template(template).render(Context({"lines": lines, "labelled": labelled}))


@given(st.lists(LINES, max_size=3), st.sampled_from([None, datetime.timedelta(hours=5, minutes=30)]))
def test_lines_of_the_history(lines: list[HistoryRow], ahead: datetime.timedelta | None) -> None:
    with timezone.override(datetime.timezone(ahead) if ahead else None):
        assert written("{% load history_rows %}{% history_lines lines %}", lines) == written(TEMPLATE, lines)


def test_a_line_is_escaped_from_end_to_end() -> None:
    mark = "<script>\"'&"
    line = HistoryRow(1, mark, chain.stamp(timezone.now()), mark, mark, mark, mark, mark, Outcome.REFUSED, mark)

    page = written("{% load history_rows %}{% history_lines lines %}", [line])

    assert page.count("&lt;script&gt;&quot;&#x27;&amp;") == 7
    assert mark not in page
