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

INPUT = {"class": "input", "autocomplete": "off"}
DAY = {**INPUT, "type": "date"}
INVALID_DATE = "Invalid date. Enter it like 2026-11-23."


def suggesting(datalist: str) -> forms.TextInput:
    """Return a text input with the suggestions of a datalist: see ``views/suggestions.py``."""
    return forms.TextInput({**INPUT, "list": datalist})


class HistoryFilterForm(forms.Form):
    """The filters of the history. Each is optional; an invalid one is reported and not applied."""

    q = PlainField(label="Search", required=False, max_length=200, widget=forms.SearchInput(INPUT))
    outcome = forms.ChoiceField(label="Outcome", required=False, widget=forms.Select(INPUT))
    kind = forms.ChoiceField(label="Type", required=False, widget=forms.Select(INPUT))
    project = PlainField(label="Project", required=False, max_length=256, widget=suggesting("projects"))
    person = PlainField(label="Person", required=False, max_length=150, widget=suggesting("people"))
    environment = PlainField(label="Environment", required=False, max_length=256, widget=suggesting("environments"))
    since = forms.DateField(label="From (UTC)", required=False, widget=forms.DateInput(DAY, "%Y-%m-%d"))
    until = forms.DateField(label="To (UTC)", required=False, widget=forms.DateInput(DAY, "%Y-%m-%d"))

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        chosen = str(data.get("kind") or "")
        # A kind that was removed from here still has records.
        removed = [(chosen, chosen)] if SLUG.fullmatch(chosen) and chosen not in kinds.registry() else []
        registered = [(slug, kind.label) for slug, kind in kinds.registry().items()]
        choices = {
            "kind": [("", "All types"), *registered, *removed],
            "outcome": [("", "All outcomes"), ("unresolved", "Unresolved"), *Outcome.choices],
        }
        for name, options in choices.items():
            field: Any = self.fields[name]
            field.choices = options
        for name in ("since", "until"):
            self.fields[name].error_messages["invalid"] = INVALID_DATE

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first. Enter a later one.")
        return cleaned

    def filters(self) -> dict[str, Any]:
        """Return the filters that are set and valid."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def label_of(self, name: str, value: Any) -> str:
        """Return a filter's value as the form writes it."""
        return str(dict(getattr(self.fields[name], "choices", ())).get(value, value))


def encoded(filters: Mapping[str, Any]) -> str:
    """Return filters as a query string."""
    return urlencode({name: str(value) for name, value in filters.items()})
