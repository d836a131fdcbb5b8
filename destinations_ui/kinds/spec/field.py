"""One field of a kind's configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds.spec.errors import SpecError
from destinations_ui.kinds.spec.warnings import SECRET_WARNINGS, FieldWarning

#: Raises Django's ``ValidationError``, whose message says what to enter.
Validator = Callable[[str], None]

#: A row of a field that has columns: column name → text.
Row = Mapping[str, str]
#: A field's checked value: text, a secret, or rows.
Value = str | Secret | Sequence[Row]
#: What a form shows of a field that is not secret: text, or rows.
PlainValue = str | Sequence[Row]

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
API_NAME = re.compile(r"[a-z][A-Za-z0-9]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a kind's configuration.

    Attributes:
        name: Terraform's name where Terraform has one, and the form's after ``config-``: ``role_arn``.
        api: LaunchDarkly's name: ``roleArn``. Written out, since the two do not convert by rule.
        label: The field's name on the page.
        help: Where to find the value.
        example: A value that the validators accept, shown at the field and used by the tests.
        required: Whether the field must be filled. An empty optional field is not sent.
        secret: Whether the value must never be shown or stored.
        multiline: Whether the value may have line breaks.
        choices: The only values allowed, as (value, label).
        suggestions: Values to offer, as (value, label); others are allowed.
        validators: Called in turn with the cleaned text.
        normalize: Returns the value to send for a valid text: another spelling that means the same to the vendor.
        warnings: About values that are unusual and may still be correct.
        columns: For a field that holds rows of texts: its columns. Such a field has no value of its own.
    """

    name: str
    api: str
    label: str
    help: str
    example: str = ""
    required: bool = True
    secret: bool = False
    multiline: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[tuple[str, str], ...] = ()
    validators: tuple[Validator, ...] = ()
    normalize: Callable[[str], str] = str
    warnings: tuple[FieldWarning, ...] = ()
    columns: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        """Raise :class:`SpecError`, naming the field, when it is invalid."""
        if not NAME.fullmatch(self.name):
            raise SpecError(f"The field name {self.name!r} is not in snake_case.")
        if not API_NAME.fullmatch(self.api):
            raise SpecError(f"Field {self.name}: the API name {self.api!r} is not in camelCase.")
        for attribute in ("label", "help"):
            if not getattr(self, attribute).strip():
                raise SpecError(f"Field {self.name}: {attribute} is empty.")
        if self.columns:
            self._check_columns()
        else:
            self._check_example()

    def _check_columns(self) -> None:
        if self.secret or self.choices or self.suggestions or self.validators or self.warnings or self.example:
            raise SpecError(f"Field {self.name}: a field with columns has everything else in its columns.")
        refuse_duplicates(f"Field {self.name}", self.columns)
        for column in self.columns:
            if column.secret or column.columns or not column.required:
                raise SpecError(f"Field {self.name}: column {column.name} is not a plain text.")

    def _check_example(self) -> None:
        if not self.example.strip():
            raise SpecError(f"Field {self.name}: example is empty.")
        if self.choices and self.example not in dict(self.choices):
            raise SpecError(f"Field {self.name}: the example is not one of the choices.")
        try:
            self.validate(self.example)
        except ValidationError as error:
            message = " ".join(error.messages)
            raise SpecError(f"Field {self.name}: its own validators refuse the example: {message}") from None
        if warnings := self.warnings_about(self.example):
            raise SpecError(f"Field {self.name}: its own warning {warnings[0].code} applies to the example.")

    def validate(self, text: str) -> None:
        """Raise Django's ``ValidationError`` when a validator refuses the text."""
        for validator in self.validators:
            validator(text)

    @property
    def all_warnings(self) -> tuple[FieldWarning, ...]:
        """Its warnings, with those of every secret field."""
        return (*SECRET_WARNINGS, *self.warnings) if self.secret else self.warnings

    def warnings_about(self, text: str) -> list[FieldWarning]:
        """Return the warnings that apply to a value."""
        return [warning for warning in self.all_warnings if warning.applies_to(text)]

    def example_value(self) -> Value:
        """Return the example as a checked value."""
        if self.columns:
            return [{column.name: column.example for column in self.columns}]
        return Secret(self.example) if self.secret else self.example

    def to_api(self, value: Value) -> object:
        """Return a checked value as LaunchDarkly wants it, a secret in clear."""
        if isinstance(value, Secret):
            return value.reveal()
        if isinstance(value, str):
            return value
        return [{column.api: row[column.name] for column in self.columns} for row in value]

    def from_api(self, value: object) -> PlainValue:
        """Return a stored value as a form shows it; empty when it has another type."""
        if not self.columns:
            return value if isinstance(value, str) else ""
        rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        return [
            {column.name: row[column.api] for column in self.columns if isinstance(row.get(column.api), str)}
            for row in rows
        ]


def refuse_duplicates(where: str, fields: Sequence[Field]) -> None:
    """Raise :class:`SpecError` when two fields share a name or an API name."""
    for attribute in ("name", "api"):
        names = [getattr(field, attribute) for field in fields]
        duplicates = sorted({name for name in names if names.count(name) > 1})
        if duplicates:
            raise SpecError(f"{where}: {attribute} {', '.join(duplicates)} appears twice.")
