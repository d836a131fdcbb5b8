"""Rows whose stored values are not of their column's type, because someone changed the database past the product.

A page that lists a thousand records must survive one such row. Each malformed value is replaced by a placeholder of the
right type, and the row carries the names of these fields in ``damaged``. ``verify_history`` says what was changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import models

from destinations_ui.audit.sql_text import parsed
from destinations_ui.conf.sqlite3.base import decode

#: Stands for a time that cannot be read. Pages write "unreadable" instead.
UNREADABLE_TIME = datetime.fromtimestamp(0, UTC)
#: Stands for a UUID that cannot be read. No record has it.
UNREADABLE_UUID = UUID(int=0)

#: The type of a field's values and the placeholder, by the field's internal type.
PLACEHOLDERS: Mapping[str, tuple[type, Any]] = {
    "CharField": (str, ""),
    "TextField": (str, ""),
    "UUIDField": (UUID, UNREADABLE_UUID),
    "DateTimeField": (datetime, UNREADABLE_TIME),
    "BooleanField": (bool, None),
    "JSONField": (dict, {}),
    "PositiveIntegerField": (int, None),
    "PositiveSmallIntegerField": (int, None),
}


#: What a malformed value raises.
MALFORMED = (OverflowError, RecursionError, TypeError, ValueError)


def load(text: Any) -> Any:
    """Return JSON as Python's types; unlike ``json.loads``, refuse what no page could be encoded with."""
    value = parsed(text)
    if "\\" in text:
        # Half of a surrogate pair can be written in JSON, but not in UTF-8.
        json.dumps(value, ensure_ascii=False).encode()
    return value


class LenientJSONField(models.JSONField):
    """JSON; what cannot be read or shown is returned as it is stored, instead of raising."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the loaded value."""
        try:
            return load(value)
        except MALFORMED:
            return value

    def deconstruct(self) -> Any:
        """Stay Django's field in migrations."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


def replace_malformed(row: models.Model, own: Mapping[str, Any]) -> tuple[str, ...]:
    """Replace a row's malformed values by placeholders, and return the names of their fields.

    ``own`` has the model's own placeholders, by the field's name.
    """
    damaged = []
    for field in row._meta.concrete_fields:
        # A field that was deferred, or is of a type that is not listed, is not looked at.
        if field.attname not in row.__dict__ or field.get_internal_type() not in PLACEHOLDERS:
            continue
        value = row.__dict__[field.attname]
        expected, placeholder = PLACEHOLDERS[field.get_internal_type()]
        if not fits(value, field, expected):
            readable = read_text(value) if expected is str else copy(placeholder)
            row.__dict__[field.attname] = own.get(field.name, readable)
            damaged.append(field.name)
    return tuple(damaged)


def fits(value: Any, field: models.Field[Any, Any], expected: type) -> bool:
    """Tell whether a value is one that the field can have."""
    if value is None:
        return field.null
    right = type(value) is str if expected is str else isinstance(value, expected)
    return right and (not field.choices or value in dict(field.flatchoices))


# --- Values as the database writes them: see ``sql_text`` ----------------------------------------

is_canonical_uuid = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def is_uuid(text: Any) -> bool:
    """Tell whether a text is a UUID in its canonical form."""
    return isinstance(text, str) and is_canonical_uuid(text) is not None


def is_object(text: Any) -> bool:
    """Tell whether a text is a JSON object that can be written as UTF-8."""
    try:
        return isinstance(load(text), dict)
    except MALFORMED:
        return False


def read_time(text: Any) -> datetime | None:
    """Return a time, or ``None`` where the text is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except MALFORMED:
        return None


def read_text(value: Any) -> str:
    """Return a value as text, whatever its type."""
    return "" if value is None else str(decode(value) if isinstance(value, bytes) else value)
