"""Columns as text, written by the database itself: it does so faster than a row is made a record, and never fails.

What comes is what is sealed and exported: a UUID with its dashes, a moment in UTC to the microsecond, JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.scanner import make_scanner
from typing import Any, Never

from django.db import connection, models


def refuse(constant: str) -> Never:
    """Refuse NaN and the infinities, which Python reads though they are not JSON."""
    raise ValueError(f"{constant} is not JSON.")


SCAN = make_scanner(json.JSONDecoder(parse_constant=refuse))  # type: ignore[arg-type]  # what the stubs call a scanner is a decoder

#: How a database writes a column as the text that is sealed; other columns are read as they are.
AS_TEXT: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "UUIDField": "{0}::text",
        "DateTimeField": """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
        "JSONField": "{0}::text",
    },
    "sqlite": {
        "UUIDField": "substr({0},1,8)||'-'||substr({0},9,4)||'-'||substr({0},13,4)||'-'||substr({0},17,4)"
        "||'-'||substr({0},21)",
        "DateTimeField": "replace({0},' ','T')||CASE WHEN instr({0},'.') THEN 'Z' ELSE '.000000Z' END",
    },
}


def as_text(model: type[models.Model], name: str) -> str:
    """Return the SQL of a column as text."""
    field = model._meta.get_field(name)
    way = AS_TEXT[connection.vendor].get(field.get_internal_type(), "{0}")
    return way.format(connection.ops.quote_name(name))


def parsed(text: str) -> Any:
    """Read JSON as ``json.loads`` does, which takes twice as long before and after it reads.

    Raises:
        TypeError, ValueError: when it is none.
    """
    try:
        value, end = SCAN(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else json.loads(text, parse_constant=refuse)
