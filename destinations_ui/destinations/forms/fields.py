"""The form's fields: a kind's field as one of Django's, and how its text is cleaned."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds.spec import kind
from destinations_ui.kinds.validators import holds_secret

#: Quotes that come along when a value is copied from a document or a shell.
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
#: White space, and characters without width that come along when a value is copied from a web page.
AROUND = re.compile(r"^[\s\u200b\u200c\u200d\u2060\ufeff]+|[\s\u200b\u200c\u200d\u2060\ufeff]+$")
#: Characters that turn the direction of a text, and so can make it read as another.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
#: No value that a vendor defines is longer; a secret has no limit but the request's.
LONGEST = 2048
#: What is said of a free text that held a secret.
DISCARDED = (
    "This held a secret, such as a key or a whole connection string, so it was discarded. Say it without the secret."
)
#: More rows than anyone maps.
MOST_ROWS = 50


def tidy(text: str, *, quotes: bool = False) -> str:
    """Strip white space, invisible characters and, if asked, pairs of quotes from around a copied value."""
    text = AROUND.sub("", text)
    while quotes and len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = AROUND.sub("", text[1:-1])
    return text


def no_controls(text: str, allowed: str = "") -> None:
    """Refuse characters that control and are not seen, which nobody types and no vendor allows.

    Raises:
        ValidationError: when there is one that is not in ``allowed``.
    """
    controls = (character for character in text if unicodedata.category(character) == "Cc" or character in TURNING)
    if any(character not in allowed for character in controls):
        raise ValidationError(
            "This holds a line break or a control character. Paste it again, or type it.", code="control"
        )


class PlainField(forms.CharField):
    """A text that may be shown: tidied, and without control characters."""

    def __init__(
        self,
        *,
        example: str = "",
        quotes: bool = False,
        multiline: bool = False,
        validators: Sequence[Callable[[str], None]] = (),
        **kwargs: Any,
    ) -> None:
        self.example = example
        self.quotes = quotes
        self.allowed = "\r\n\t" if multiline else ""
        self.rules = validators
        kwargs.setdefault("max_length", LONGEST)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        """Return the tidied text."""
        return tidy(str(value or ""), quotes=self.quotes)

    def run_validators(self, value: str) -> None:
        """Stop at the first rule that is broken: one message is enough to know what to type."""
        if not value:
            return
        no_controls(value, self.allowed)
        for rule in self.rules:
            rule(value)
        super().run_validators(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave ``maxlength`` out: it would cut a pasted value short without a word."""
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class SecretField(forms.Field):
    """A secret: taken as it is, and never given back to a page."""

    widget = forms.PasswordInput

    def to_python(self, value: Any) -> Secret:
        """Wrap the text, so that nothing shows it by accident."""
        return value if isinstance(value, Secret) else Secret(str(value or ""))

    def validate(self, value: Secret) -> None:
        """Refuse an empty secret, and one with a line break or control character in it."""
        if not value:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return
        no_controls(value.reveal())
        if not value.reveal().strip():
            raise ValidationError("This is only blanks. Copy the value again.", code="blank")


class SuggestInput(forms.TextInput):
    """A text input that offers values and allows others."""

    template_name = "components/forms/suggest.html"

    def __init__(self, suggestions: Sequence[tuple[str, str]], attrs: Any = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the suggestions, and the id that ties them to the input."""
        context = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}_list"
        context["widget"]["attrs"]["list"] = list_id
        return context | {"suggestions": self.suggestions, "list_id": list_id}


class RowsWidget(forms.Widget):
    """Rows of texts: ``<name>-<number>-<column>``. Numbers may have gaps; empty rows do not count."""

    template_name = "components/forms/rows.html"
    use_fieldset = True

    def __init__(self, columns: Sequence[kind.Field], attrs: dict[str, Any]) -> None:
        super().__init__(attrs)
        self.columns = columns
        #: (row, column name) of the cells that are wrong.
        self.invalid: set[tuple[int, str]] = set()

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[dict[str, str]]:
        """Return the rows, in the order of their numbers."""
        cell = re.compile(rf"{re.escape(name)}-(\d{{1,4}})-({'|'.join(column.name for column in self.columns)})")
        rows: dict[int, dict[str, str]] = {}
        for key in data:
            if match := cell.fullmatch(key):
                rows.setdefault(int(match[1]), {})[match[2]] = str(data.get(key) or "")
        return [rows[number] for number in sorted(rows)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say no: an empty set of rows is an answer."""
        return False

    def id_for_label(self, id_: str | None, index: str = "0") -> str:
        """Return the id of the first cell, where a link from the error summary leads."""
        first = min(self.invalid, default=(0, self.columns[0].name))
        return f"{id_}-{first[0]}-{first[1]}"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the rows; there is always one to type in."""
        context = super().get_context(name, value, attrs)
        rows = value or [{}]
        context["rows"] = [self.row(name, number, row) for number, row in enumerate(rows)]
        context["next_number"] = len(rows)
        return context

    def row(self, name: str, number: int, values: Mapping[str, str]) -> dict[str, Any]:
        """Return what the template needs for one row."""
        id_ = self.attrs["id"]
        cells = [
            {
                "id": f"{id_}-{number}-{column.name}",
                "name": f"{name}-{number}-{column.name}",
                "value": values.get(column.name, ""),
                "label": column.label,
                "suggestions": column.suggestions,
                "invalid": (number, column.name) in self.invalid,
            }
            for column in self.columns
        ]
        return {"name": name, "number": number, "position": number + 1, "cells": cells}


class RowsField(forms.Field):
    """Rows of texts, each checked by its column."""

    widget: RowsWidget

    def __init__(self, columns: Sequence[kind.Field], **kwargs: Any) -> None:
        self.columns = columns
        super().__init__(**kwargs)

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Return the rows that are not empty.

        Raises:
            ValidationError: with a message for each cell that is wrong.
        """
        self.widget.invalid = set()
        rows: list[dict[str, str]] = []
        errors: list[ValidationError] = []
        first = self.columns[0]
        for number, raw in enumerate(value or ()):
            row = {column.name: tidy(raw.get(column.name, ""), quotes=True) for column in self.columns}
            if not any(row.values()):
                continue
            for column in self.columns:
                if message := self.problem(column, row[column.name]):
                    self.widget.invalid.add((number, column.name))
                    errors.append(ValidationError(f"Row {number + 1}, {column.label}: {message}"))
            if row[first.name] in {earlier[first.name] for earlier in rows}:
                self.widget.invalid.add((number, first.name))
                errors.append(ValidationError(f"Row {number + 1}: this {first.label} is mapped in an earlier row."))
            rows.append(row)
        if len(rows) > MOST_ROWS:
            errors.append(ValidationError(f"Enter at most {MOST_ROWS} rows."))
        if errors:
            raise ValidationError(errors)
        if self.required and not rows:
            raise ValidationError(self.error_messages["required"], code="required")
        return rows

    def problem(self, column: kind.Field, text: str) -> str:
        """Return what is wrong with a cell, or an empty text."""
        if not text:
            return f"enter a value. Example: {column.example}"
        try:
            no_controls(text)
            column.validate(text)
        except ValidationError as error:
            return str(error.message)
        return ""


def form_field(field: kind.Field, *, id: str) -> forms.Field:
    """Return Django's field for a kind's field.

    ``id`` is the input's: it holds the kind, so that htmx never takes one kind's secret for another's.
    """
    common: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": field.required,
        "error_messages": {"required": required_message(field)},
    }
    attrs = {"id": id, "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
    if field.columns:
        return RowsField(field.columns, widget=RowsWidget(field.columns, attrs={"id": id}), **common)
    if field.secret:
        return SecretField(
            widget=forms.PasswordInput(attrs=attrs | {"class": "input", "hx-preserve": "true"}), **common
        )
    if field.choices:
        choices = [("", "Choose…"), *field.choices]
        return forms.ChoiceField(
            choices=choices,
            widget=forms.Select(attrs={"id": id, "class": "input"}),
            **common | {"error_messages": {"invalid_choice": required_message(field)} | common["error_messages"]},
        )
    attrs["class"] = "input"
    widget: forms.Widget
    if field.multiline:
        widget = forms.Textarea(attrs=attrs | {"rows": 4})
    elif field.suggestions:
        widget = SuggestInput(field.suggestions, attrs)
    else:
        widget = forms.TextInput(attrs)
    return PlainField(
        example=field.example,
        quotes=True,
        multiline=field.multiline,
        validators=(field.validate,),
        widget=widget,
        **common,
    )


def discard_secret(data: QueryDict | None, name: str) -> tuple[QueryDict | None, str]:
    """Return what was posted without a text that gives itself away as a secret, and what to say about that."""
    if data is None or not holds_secret(data.get(name, "")):
        return data, ""
    shown = data.copy()
    shown[name] = ""
    return shown, DISCARDED


def required_message(field: kind.Field) -> str:
    """Return what to say when a required field is empty."""
    verb = "Choose" if field.choices else "Enter"
    return f"{verb} the {lower_first(field.label)}."


def lower_first(label: str) -> str:
    """Write a label inside a sentence: abbreviations and names keep their capitals."""
    first, _, rest = label.partition(" ")
    proper = first[1:] != first[1:].lower() or first in {"Azure", "Google", "Amazon", "Snowflake"}
    return label if proper else f"{first.lower()} {rest}".strip()
