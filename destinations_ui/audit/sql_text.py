"""Columns as text, formatted by the database itself: faster than making a model of each row, and it never fails.

The text is what is sealed and exported: a UUID with its hyphens, a time in UTC to the microsecond, JSON.
"""

from __future__ import annotations

import json
from json.scanner import make_scanner
from typing import Any, Never

from django.db import connection, models


def refuse(constant: str) -> Never:
    """Refuse NaN and the infinities, which Python reads though they are not JSON."""
    raise ValueError(f"{constant} is not JSON.")


class DuplicateKey(ValueError):
    """A key of a JSON object occurs twice: readers may take either value."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON whose keys are unique.

    Raises:
        DuplicateKey: when they are not.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey("a key occurs twice")
    return found


DECODER = json.JSONDecoder(parse_constant=refuse)
STRICT_DECODER = json.JSONDecoder(object_pairs_hook=unique, parse_constant=refuse)
SCAN = make_scanner(DECODER)  # type: ignore[arg-type]  # what the stubs call a scanner is a decoder
STRICT_SCAN = make_scanner(STRICT_DECODER)  # type: ignore[arg-type]  # as above

#: The expression for a column as the text that is sealed; other columns are read as they are.
AS_TEXT: dict[str, dict[str, str]] = {
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
#: The same for verification: a value that Django would not have written so becomes a text that was never sealed.
STRICTLY = {
    "sqlite": {
        "DateTimeField": "CASE WHEN substr({0},11,1)=' ' AND (length({0})=19 OR length({0})=26 "
        "AND substr({0},20,1)='.' AND substr({0},21)<>'000000') THEN "
        + AS_TEXT["sqlite"]["DateTimeField"]
        + " ELSE '?'||{0} END"
    }
}


def as_text(model: type[models.Model], name: str, *, strict: bool = False) -> str:
    """Return the SQL of a column as text."""
    kind = model._meta.get_field(name).get_internal_type()
    expressions = AS_TEXT[connection.vendor] | (STRICTLY.get(connection.vendor, {}) if strict else {})
    return expressions.get(kind, "{0}").format(connection.ops.quote_name(name))


def parsed(text: str, *, strict: bool = False) -> Any:
    """Read JSON as ``json.loads`` does, which takes twice as long before and after it reads.

    Args:
        text: The JSON.
        strict: Refuse an object in which a key occurs twice.

    Raises:
        TypeError, ValueError: when it is no JSON.
    """
    scan, decoder = (STRICT_SCAN, STRICT_DECODER) if strict else (SCAN, DECODER)
    try:
        value, end = scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else decoder.decode(text)
