"""Django's plainest widgets, drawn without a template: a template for each field would be a third of a page's cost.

What they write is what Django's templates write; a test holds one against the other.
"""

from __future__ import annotations

from html import escape
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.forms.widgets import Input
from django.utils.safestring import SafeString


class QuickInput(Input):
    """One line to type into."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the widget as HTML."""
        text = self.format_value(value)
        given = {} if text is None else {"value": text}
        return SafeString(
            f"<input{flatatt({'type': self.input_type, 'name': name, **given, **self.build_attrs(self.attrs, attrs)})}>"
        )


class QuickSearch(QuickInput, forms.SearchInput):
    """One line to type a search into."""


class QuickText(QuickInput, forms.TextInput):
    """One line of text."""


class QuickDate(QuickInput, forms.DateInput):
    """A day."""


class QuickSelect(forms.Select):
    """A choice without groups."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the widget as HTML."""
        chosen = str(value or "")
        every: list[Any] = list(self.choices)
        options = "".join(
            f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(label)}</option>'
            for key, label in every
        )
        return SafeString(f"<select{flatatt({'name': name, **self.build_attrs(self.attrs, attrs)})}>{options}</select>")
