"""The rows of the history's table, formatted in one go: a loop in a template would take twice as long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from destinations_ui import kinds
from destinations_ui.audit.damage import UNREADABLE_UUID
from destinations_ui.history.forms import encoded
from destinations_ui.history.query import HistoryLine
from destinations_ui.web.templatetags.audit import in_viewers_zone, kind_mark, outcome

register = template.Library()

#: How many characters of a reason are shown.
REASON_LENGTH = 120

#: Seconds → the unit that is counted from there on.
UNITS = ((31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3_600, "h"), (60, "min"))

ROW = """<tr>
<td class="records__time">{}</td>
<td class="records__outcome">{}</td>
<td class="records__name">{}{}</td>
<td class="records__kind">{}</td>
<td class="records__environment">{}</td>
<td class="records__person">{}</td>
<td class="records__reason">{}</td>
</tr>
"""
DAMAGED = SafeString(" <small>This record is damaged.</small>")


@register.simple_tag
def history_rows(lines: Sequence[HistoryLine], filters: Mapping[str, Any]) -> SafeString:
    """Format lines of the history as rows of a table, whose values are links that filter for them."""
    now = timezone.now()
    # Each URL, link and outcome is made once and not once a row.
    # The record's page leads back to the history with these filters.
    record_url = reverse("record", args=[UNREADABLE_UUID]) + (f"?{encoded(filters)}" if filters else "")

    @cache
    def link(text: str, **values: str) -> SafeString | str:
        if not all(values.values()) or all(filters.get(name) == value for name, value in values.items()):
            return text
        return format_html('<a href="?{}">{}</a>', encoded({**filters, **values}), text)

    @cache
    def outcome_link(value: str) -> SafeString | str:
        return link(render_to_string("components/_outcome.html", outcome(value)), outcome=value)

    @cache
    def kind_link(slug: str) -> SafeString | str:
        return link(format_html("{}{}", kind_mark(slug), kinds.label(slug)), kind=slug)

    return format_html_join(
        "",
        ROW,
        (
            (
                time(line.created_at, now),
                outcome_link(line.outcome.value),
                name(line, record_url),
                DAMAGED if line.damaged else "",
                kind_link(line.kind),
                link(f"{line.project} / {line.environment}", project=line.project, environment=line.environment),
                link(line.actor, person=line.actor),
                line.reason if len(line.reason) <= REASON_LENGTH else Truncator(line.reason).chars(REASON_LENGTH),
            )
            for line in lines
        ),
    )


def name(line: HistoryLine, record_url: str) -> str:
    """Return a record's name, as a link to its page where its UUID can be read."""
    if line.uuid is None:
        return line.name
    return format_html('<a href="{}">{}</a>', record_url.replace(str(UNREADABLE_UUID), line.uuid), line.name)


def time(at: datetime | None, now: datetime) -> SafeString | str:
    """Return a time relative to now, followed by the exact time in UTC and in the viewer's zone."""
    if at is None:
        return "unreadable"
    local = in_viewers_zone(at)
    return format_html(
        '<time datetime="{}">{}</time> <span class="records__exact">{} UTC{}</span>',
        at.isoformat(timespec="seconds"),
        ago((now - at).total_seconds()),
        at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        format_html(" <small>{}</small>", local) if local else "",
    )


def ago(seconds: float) -> str:
    """Write how long ago something was, in its largest whole unit."""
    for length, unit in UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"
