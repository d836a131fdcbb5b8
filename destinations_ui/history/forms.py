"""The form of the history's filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms

from destinations_ui import kinds
from destinations_ui.audit.models import Outcome
from destinations_ui.destinations.forms.fields import PlainField
from destinations_ui.kinds.spec.kind import SLUG

INPUT = {"class": "input"}
DAY = {"class": "input", "type": "date"}


class HistoryFilterForm(forms.Form):
    """The filters of the history. Each is optional; an invalid one is reported and not applied."""

    q = PlainField(label="Search", required=False, max_length=200, widget=forms.SearchInput(INPUT))
    kind = forms.ChoiceField(label="Kind", required=False, widget=forms.Select(INPUT))
    outcome = forms.ChoiceField(
        label="Outcome", required=False, widget=forms.Select(INPUT), choices=[("", "All outcomes"), *Outcome.choices]
    )
    project = PlainField(label="Project", required=False, max_length=256, widget=forms.TextInput(INPUT))
    environment = PlainField(label="Environment", required=False, max_length=256, widget=forms.TextInput(INPUT))
    person = PlainField(label="Person", required=False, max_length=150, widget=forms.TextInput(INPUT))
    since = forms.DateField(label="From (UTC)", required=False, widget=forms.DateInput(DAY, "%Y-%m-%d"))
    until = forms.DateField(label="To (UTC)", required=False, widget=forms.DateInput(DAY, "%Y-%m-%d"))

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        choices = [("", "All kinds"), *((slug, kind.label) for slug, kind in kinds.registry().items())]
        chosen = str(data.get("kind") or "")
        if SLUG.fullmatch(chosen) and chosen not in kinds.registry():
            # A kind that was removed from here still has records.
            choices.append((chosen, chosen))
        kind: Any = self.fields["kind"]
        kind.choices = choices
        for name, which in (("since", "first"), ("until", "last")):
            self.fields[name].error_messages["invalid"] = f"Enter the {which} day as a date. Example: 2026-11-23"

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day is before the first. Enter a later one.")
        return cleaned

    def filters(self) -> dict[str, Any]:
        """Return the filters that are set and valid."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


def encoded(filters: Mapping[str, Any]) -> str:
    """Return filters as a query string."""
    return urlencode({name: str(value) for name, value in filters.items()})
