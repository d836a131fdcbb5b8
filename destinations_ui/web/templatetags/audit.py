"""How records, kinds and moments are written on a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from destinations_ui import kinds
from destinations_ui.audit import damage
from destinations_ui.audit.damage import UNREADABLE_TIME
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.history.stats import Bar
from destinations_ui.kinds import Kind

register = template.Library()

#: Outcome → the Heroicons name. Word, icon and colour each say it alone.
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
    """Return the vendor's name of a kind; one that is not known here keeps LaunchDarkly's word."""
    return kinds.label(slug)


@register.inclusion_tag("components/_outcome.html")
def outcome(value: str) -> dict[str, str]:
    """Show an outcome as icon and word; one that does not exist, from a damaged row, counts as unknown."""
    known = Outcome(value) if value in Outcome.values else Outcome.UNKNOWN
    return {"value": known.value, "label": str(known.label), "icon": OUTCOME_ICONS[known]}


@register.filter
def utc(moment: datetime | None) -> SafeString | str:
    """Write a moment exactly, with its zone; and in the viewer's, where that is known and another."""
    if moment is None:
        return "—"
    if moment == UNREADABLE_TIME:
        return "unreadable"
    at = moment.astimezone(UTC)
    exact = format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S"))
    local = in_viewers_zone(at)
    return format_html('{} <span class="local">({})</span>', exact, local) if local else exact


def in_viewers_zone(at: datetime) -> str:
    """Return a moment's time of day in the viewer's zone, its date where that differs; empty where it is UTC's own."""
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
def utc_time(moment: datetime) -> SafeString | str:
    """Write a moment exactly, without its date where that is today's."""
    at = moment.astimezone(UTC)
    if at.date() != datetime.now(UTC).date():
        return utc(at)
    exact = format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), at.strftime("%H:%M:%S"))
    local = in_viewers_zone(at)
    return format_html('{} <span class="local">({})</span>', exact, local) if local else exact


@register.filter
def utc_in_two(moment: datetime | None) -> SafeString | str:
    """Write a moment exactly, the time of day below the date: for a narrow column."""
    if moment is None:
        return "unreadable"
    exact = moment.astimezone(UTC).isoformat()
    local = in_viewers_zone(moment)
    beside = format_html(" <small>{}</small>", local) if local else ""
    return format_html('<time datetime="{}">{} <small>{} UTC</small>{}</time>', exact, exact[:10], exact[11:19], beside)


@register.filter
def stamped(text: str) -> datetime | None:
    """Read a moment as an event writes it."""
    return damage.read_time(text)


@register.filter
def bar_begin(bar: Bar) -> str:
    """Write when a bar begins: its day, and the time where a bar is less than a day."""
    whole_days = bar.end - bar.begin >= timedelta(days=1)
    return bar.begin.date().isoformat() if whole_days else bar.begin.strftime("%Y-%m-%d %H:%M")


@register.filter
def grouped(number: int) -> str:
    """Write a number with a comma between thousands."""
    return f"{number:,}"


@register.filter
def duration(milliseconds: int) -> str:
    """Write a duration in the unit that it is best read in."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else f"{milliseconds / 60_000:.1f} min"


@register.filter
def count_of(bar: Bar, outcome: Outcome) -> int:
    """Return how many attempts of a bar came to an outcome."""
    return bar.counts.get(outcome, 0)


@register.inclusion_tag("destinations/_kinds.html")
def kind_cards(kind: Kind | None, place: str) -> dict[str, object]:
    """Show the kinds to choose from; ``place`` is the query string that carries project and environment."""
    return {"kinds": kinds.registry().values(), "kind": kind, "place": place}


@register.inclusion_tag("destinations/_kind.html")
def chosen_card(kind: Kind, place: str) -> dict[str, object]:
    """Show the card of the kind that was just chosen; the others are updated in the browser."""
    return {"each": kind, "kind": kind, "place": place, "oob": True}


@register.filter
def kind_icon(slug: str) -> str:
    """Return the icon of a kind; one that is not known here has a question mark."""
    kind = kinds.registry().get(slug)
    return kind.icon if kind else "question-mark-circle"


@register.filter
def known_kind(slug: str) -> Kind | None:
    """Return the kind that LaunchDarkly calls so, if it is known here."""
    return kinds.registry().get(slug)


@register.filter
def maker(makers: Mapping[str, AuditRecord], destination_id: str) -> AuditRecord | None:
    """Return the record of who made a destination, if it was made here."""
    return makers.get(destination_id)


@register.filter
def plain(value: object) -> str:
    """Write a value of a configuration: a text as it is, anything else as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
