"""The parts of the history's page that cost the most.

The lines of its table are written here, not in the template, for speed alone: fifty of them would cost more there than
all the rest of a request. ``docs/performance.md`` has the figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from html import escape
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from heroicons.templatetags.heroicons import heroicon_mini

from destinations_ui import kinds
from destinations_ui.history.query import HistoryRow
from destinations_ui.web.templatetags import audit

register = template.Library()

#: So much of a reason is shown.
LENGTH = 120

LINE = """<tr>
<td data-label="When">%s</td>
<td data-label="Who">%s</td>
<td data-label="Kind">%s</td>
<td class="records__name" data-label="Name"><a href="%s">%s</a></td>
<td data-label="Where"><span>%s<small>%s</small></span></td>
<td data-label="Outcome">%s</td>
<td data-label="Reason">%s</td>
</tr>
"""


@register.simple_tag
def history_lines(lines: Iterable[HistoryRow]) -> SafeString:
    """Write the lines of the history's table."""
    # To work out one address takes as long as to write a whole line.
    before, after = reverse("record", args=[UUID(int=0)]).split(str(UUID(int=0)))
    zone = timezone.get_current_timezone()
    return SafeString(
        "".join(
            LINE
            % (
                audit.utc_in_two(datetime.fromisoformat(line.created_at), zone),
                escape(line.actor),
                escape(kinds.label(line.kind)),
                f"{before}{escape(line.uuid)}{after}",
                escape(line.name),
                escape(line.project),
                escape(line.environment),
                outcome(line.outcome),
                escape(line.reason if len(line.reason) <= LENGTH else Truncator(line.reason).chars(LENGTH)),
            )
            for line in lines
        )
    )


@cache
def outcome(value: str) -> str:
    """Return an outcome as icon and word; the icon is the one of ``outcome_icons``."""
    known = audit.outcome(value)
    icon = f'<svg class="icon" aria-hidden="true"><use href="#outcome-{value}"/></svg>'
    return f'<span class="outcome outcome--{value}">{icon}{escape(known["label"])}</span>'


@register.simple_tag
@cache
def outcome_icons() -> SafeString:
    """Draw the icons of all outcomes, unseen, for the lines to use: each of them would be as long as the line."""
    drawn = (
        # Without a size of its own, which the lines give it.
        str(heroicon_mini(icon, size=None))
        .replace("<svg ", f'<symbol id="outcome-{value}" ', 1)
        .replace("</svg>", "</symbol>")
        for value, icon in audit.OUTCOME_ICONS.items()
    )
    return SafeString(f'<svg class="icons" aria-hidden="true">{"".join(drawn)}</svg>')
