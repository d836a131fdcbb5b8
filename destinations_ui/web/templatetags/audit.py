"""Tags and filters for records, kinds, times and numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from destinations_ui import kinds
from destinations_ui.audit import damage
from destinations_ui.audit.damage import UNREADABLE_TIME
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.history.stats import Bar
from destinations_ui.kinds import Kind, Mark

register = template.Library()

#: A mark in SVG: the color and the letters are the kind's, and the size is the page's.
MARK = (
    '<svg class="kind-mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="{}"/>'
    '<text x="16" y="21.5" text-anchor="middle">{}</text></svg>'
)

#: Outcome → Heroicon. Word, icon and color each tell the outcome alone.
OUTCOME_ICONS = {
    Outcome.PENDING: "clock",
    Outcome.SUCCEEDED: "check-circle",
    Outcome.REFUSED: "x-circle",
    Outcome.NOT_SENT: "no-symbol",
    Outcome.UNKNOWN: "question-mark-circle",
    Outcome.ABSENT: "minus-circle",
}


@register.filter
def kind_label(slug: str) -> str:
    """Return the vendor's name of a kind, or LaunchDarkly's word for a kind that is not known here."""
    return kinds.label(slug)


@register.inclusion_tag("components/_outcome.html")
def outcome(value: str) -> dict[str, str]:
    """Show an outcome as icon and word; one that does not exist, from a damaged row, counts as unknown."""
    known = Outcome(value) if value in Outcome.values else Outcome.UNKNOWN
    return {"value": known.value, "label": str(known.label), "icon": OUTCOME_ICONS[known]}


@register.filter
def utc(time: datetime | None) -> SafeString | str:
    """Write a time in UTC, and in the viewer's zone where that differs."""
    if time is None:
        return "—"
    if time == UNREADABLE_TIME:
        return "unreadable"
    return time_element(time.astimezone(UTC), "%Y-%m-%d %H:%M:%S")


def time_element(at: datetime, layout: str) -> SafeString:
    """Return the element of a time in UTC, followed by the time in the viewer's zone."""
    exact = format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), at.strftime(layout))
    local = in_viewers_zone(at)
    return format_html('{} <span class="local">({})</span>', exact, local) if local else exact


def in_viewers_zone(at: datetime) -> str:
    """Return a time of day in the viewer's zone, with its date where that differs; empty where the zone is UTC."""
    try:
        local = at.astimezone(timezone.get_current_timezone())
    except OverflowError:
        return ""  # Beyond the calendar's first or last day.
    if not local.utcoffset():
        return ""
    name = local.strftime("%Z")
    words = name if name[:1].isalpha() else f"UTC{name}"
    return local.strftime(f"{'' if local.date() == at.date() else '%Y-%m-%d '}%H:%M:%S {words}")


@register.filter
def utc_time(time: datetime) -> SafeString | str:
    """Write a time as ``utc`` does, without the date when it is today."""
    at = time.astimezone(UTC)
    return time_element(at, "%H:%M:%S") if at.date() == datetime.now(UTC).date() else utc(at)


@register.filter
def stamped(text: str) -> datetime | None:
    """Return the time that an event's payload holds, or ``None`` where it cannot be read."""
    return damage.read_time(text)


@register.filter
def bar_begin(bar: Bar) -> str:
    """Write when a bar begins: its day, and the time of day where a bar is shorter than a day."""
    whole_days = bar.end - bar.begin >= timedelta(days=1)
    return bar.begin.date().isoformat() if whole_days else bar.begin.strftime("%Y-%m-%d %H:%M")


@register.filter
def grouped(number: int) -> str:
    """Write a number with a comma between thousands."""
    return f"{number:,}"


@register.filter
def duration(milliseconds: int) -> str:
    """Write a duration in milliseconds, seconds or minutes, whichever fits."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else f"{milliseconds / 60_000:.1f} min"


@register.filter
def count_of(bar: Bar, outcome: Outcome) -> int:
    """Return the number of attempts with an outcome in a bar."""
    return bar.counts.get(outcome, 0)


@register.inclusion_tag("destinations/_kinds.html")
def kind_cards(kind: Kind | None, place: str) -> dict[str, object]:
    """Show the kinds to choose from; ``place`` is the query string that carries project and environment."""
    return {"kinds": kinds.registry().values(), "kind": kind, "place": place}


@register.simple_tag
def kind_mark(slug: str) -> SafeString:
    """Draw a kind's mark. The kind's name stands beside it: assistive technology skips the mark."""
    return drawn_mark(kinds.mark(slug))


@cache
def drawn_mark(mark: Mark) -> SafeString:
    """Return a mark as SVG."""
    return format_html(MARK, mark.color, mark.letters)


@register.filter
def known_kind(slug: str) -> Kind | None:
    """Return the kind with LaunchDarkly's name, or ``None`` where it is not known here."""
    return kinds.registry().get(slug)


@register.filter
def maker(makers: Mapping[str, AuditRecord], destination_id: str) -> AuditRecord | None:
    """Return the record of a destination that was created here, or ``None``."""
    return makers.get(destination_id)


@register.filter
def plain(value: object) -> str:
    """Write a value of a configuration: text as it is, lists and objects as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
