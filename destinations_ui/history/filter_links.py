"""Links that change the history's filters: chips that remove one, and presets that set some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from destinations_ui.history.forms import HistoryFilterForm, encoded

#: Label of a preset → its number of days, of which today is the last.
DAYS = {"Today": 1, "7 days": 7, "30 days": 30}


class FilterLink(NamedTuple):
    """A link to the history with other filters.

    Attributes:
        label: Its text.
        query: The query string that it leads to.
        active: Whether its filters are set now.
    """

    label: str
    query: str
    active: bool = True


def chips(form: HistoryFilterForm, filters: Mapping[str, Any]) -> Iterator[FilterLink]:
    """Yield a link for each filter that is set, which removes it."""
    for name, value in filters.items():
        others = {other: kept for other, kept in filters.items() if other != name}
        yield FilterLink(f"{form[name].label}: {form.label_of(name, value)}", encoded(others))


def presets(filters: Mapping[str, Any], username: str, today: date) -> Iterator[FilterLink]:
    """Yield the presets; each sets its own filters and leaves the others."""
    others = {name: value for name, value in filters.items() if name not in ("since", "until")}
    for label, days in DAYS.items():
        since = today - timedelta(days=days - 1)
        active = filters.get("since") == since and filters.get("until", today) >= today
        yield FilterLink(label, encoded(others | {"since": since}), active)
    for label, name, value in (("My attempts", "person", username), ("Unresolved", "outcome", "unresolved")):
        yield FilterLink(label, encoded({**filters, name: value}), filters.get(name) == value)
