"""A kind's fields as Django's form fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse

from destinations_ui.destinations.forms.fields import PlainField, SecretField, SuggestInput
from destinations_ui.destinations.forms.posted_data import PREFIX
from destinations_ui.destinations.forms.text import lower_first, refuse_controls, tidy
from destinations_ui.kinds.spec import Field, Kind

#: More rows than anyone maps.
MOST_ROWS = 50


def posted_rows(columns: Sequence[Field], data: Mapping[str, Any], name: str) -> list[dict[str, str]]:
    """Return posted rows, in the order of their numbers."""
    cell = re.compile(rf"{re.escape(name)}-(\d{{1,4}})-({'|'.join(column.name for column in columns)})")
    rows: dict[int, dict[str, str]] = {}
    for key in data:
        if match := cell.fullmatch(key):
            rows.setdefault(int(match[1]), {})[match[2]] = str(data.get(key) or "")
    return [rows[number] for number in sorted(rows)]


class RowsWidget(forms.Widget):
    """Rows of texts: ``<name>-<number>-<column>``. Numbers may have gaps; empty rows do not count."""

    template_name = "components/forms/rows.html"
    use_fieldset = True

    def __init__(self, columns: Sequence[Field], attrs: dict[str, Any], urls: Mapping[str, str]) -> None:
        super().__init__(attrs)
        self.columns = columns
        #: Where rows are added with htmx, and where the form is redrawn without.
        self.urls = urls
        #: (row, column name) of the invalid cells.
        self.invalid: set[tuple[int, str]] = set()

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[dict[str, str]]:
        return posted_rows(self.columns, data, name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return False: zero rows is a valid value."""
        return False

    def id_for_label(self, id_: str | None, index: str = "0") -> str:
        """Return the id of the first cell, or of the first invalid one."""
        first = min(self.invalid, default=(0, self.columns[0].name))
        return f"{id_}-{first[0]}-{first[1]}"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the rows; there is always one to type in."""
        context = super().get_context(name, value, attrs)
        rows = value or [{}]
        context["widget"] |= {
            "rows": [self.row(name, number, row) for number, row in enumerate(rows)],
            "next_number": len(rows),
            "urls": self.urls,
        }
        return context

    def row(self, name: str, number: int, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the context of one row."""
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
        return {"name": name, "number": number, "position": number + 1, "cells": cells, "urls": self.urls}


class RowsField(forms.Field):
    """Rows of texts, each checked by its column."""

    widget: RowsWidget

    def __init__(self, columns: Sequence[Field], **kwargs: Any) -> None:
        self.columns = columns
        super().__init__(**kwargs)

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Return the rows that are not empty.

        Raises:
            ValidationError: with a message for each invalid cell.
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
                if message := cell_error(column, row[column.name]):
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


def cell_error(column: Field, text: str) -> str:
    """Return the error in a cell, or an empty text."""
    if not text:
        return f"enter a value. Example: {column.example}"
    try:
        refuse_controls(text)
        column.validate(text)
    except ValidationError as error:
        return str(error.message)
    return ""


def form_field(kind: Kind, field: Field, *, row: str = "") -> forms.Field:
    """Return Django's field for a kind's field; ``row`` is its row in a bulk form.

    The input's id holds kind and row, so that htmx never preserves one secret in the place of another.
    """
    common: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": field.required,
        "error_messages": {"required": required_message(field)},
    }
    attrs = {"id": f"id_{row}{kind.slug}-{field.name}", "autocomplete": "off", "autocapitalize": "off"}
    attrs |= {"spellcheck": "false"}
    if field.columns:
        redraw = "bulk-redraw" if row else "redraw"
        urls = {"add": reverse("add-row", args=[kind]), "redraw": reverse(redraw, args=[kind])}
        widget = RowsWidget(field.columns, {"id": attrs["id"]}, urls)
        return RowsField(field.columns, widget=widget, **common)
    attrs["class"] = "input"
    if field.secret:
        return SecretField(widget=forms.PasswordInput(attrs=attrs), **common)
    if field.choices:
        common["error_messages"]["invalid_choice"] = required_message(field)
        select = forms.Select(attrs={"id": attrs["id"], "class": "input"})
        return forms.ChoiceField(choices=[("", "Choose…"), *field.choices], widget=select, **common)
    return PlainField(
        example=field.example,
        quotes=True,
        multiline=field.multiline,
        validators=(field.validate,),
        normalize=field.normalize,
        widget=text_input(field, attrs),
        **common,
    )


def text_input(field: Field, attrs: dict[str, str]) -> forms.Widget:
    """Return the input of a text."""
    if field.multiline:
        return forms.Textarea(attrs={**attrs, "rows": 4})
    return SuggestInput(field.suggestions, attrs) if field.suggestions else forms.TextInput(attrs)


def required_message(field: Field) -> str:
    """Return the error of a required field that is empty."""
    verb = "Choose" if field.choices else "Enter"
    return f"{verb} the {lower_first(field.label)}."


def rows_field(kind: Kind, name: str) -> RowsField | None:
    """Return the field of rows with that name in the form, also in a row of a bulk form, if the kind has it."""
    row, _, single = name.partition("-") if name[:1].isdecimal() else ("", "", name)
    if len(row) > 2 or (row and not row.isdecimal()):
        return None
    found = next((field for field in kind.fields if field.columns and single == f"{PREFIX}{field.name}"), None)
    made = form_field(kind, found, row=row) if found else None
    return made if isinstance(made, RowsField) else None
