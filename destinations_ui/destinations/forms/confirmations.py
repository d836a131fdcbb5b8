"""Warnings about unusual values, and their confirmation for the very values that they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds.spec import Field, Kind, Value

#: A confirmation: field, code and fingerprint.
CONFIRMATION = re.compile(r"[a-z0-9_]{1,64}\.[a-z0-9_]{1,64}\.[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class PendingWarning:
    """A warning to confirm.

    Attributes:
        field: The kind's field at which it is shown.
        message: What is unusual.
        confirmation: Names the warning and the values, so that it confirms nothing for other ones.
    """

    field: str
    message: str
    confirmation: str


def pending_warnings(
    kind: Kind, texts: Mapping[str, str], rows: Mapping[str, Value] | None = None
) -> Iterator[PendingWarning]:
    """Yield the warnings that a kind has for these values.

    Args:
        kind: The kind.
        texts: The texts that are not empty, by field or fact.
        rows: The values of fields with columns.
    """
    for field in kind.fields:
        for warning in field.warnings_about(texts[field.name]) if field.name in texts else ():
            yield pending_warning(field.name, warning.code, warning.message, texts[field.name])
        yield from cell_warnings(field, (rows or {}).get(field.name, ()))
    for empty in kind.all_empty_warnings:
        if not any(name in texts for name in empty.fields):
            yield pending_warning(empty.fields[0], empty.code, empty.message)
    for cross in kind.cross_field_warnings:
        if cross.applies_to(texts):
            compared = [texts[name] for name, _ in (cross.first, cross.second)]
            yield pending_warning(cross.first[0], cross.code, cross.message, *compared)


def cell_warnings(field: Field, rows: Value) -> Iterator[PendingWarning]:
    """Yield the warnings about the cells of a field with columns."""
    for number, row in enumerate(rows if field.columns and not isinstance(rows, (str, Secret)) else (), start=1):
        for column in field.columns:
            for warning in column.warnings_about(row[column.name]):
                message = f"Row {number}, {column.label}: {warning.message}"
                yield pending_warning(field.name, f"{column.name}_{warning.code}", message, row[column.name])


def pending_warning(field: str, code: str, message: str, *values: str) -> PendingWarning:
    """Return a warning about these values. Its confirmation holds a keyed hash of them, so it reveals no secret."""
    fingerprint = Secret("\0".join((code, *values))).fingerprint(settings.FINGERPRINT_KEY)
    return PendingWarning(field, message, f"{field}.{code}.{fingerprint}")
