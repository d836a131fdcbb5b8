"""Records as files: CSV and JSON Lines, a block at a time.

A million records pass through here, so what is done for each counts: the database writes times, UUIDs and JSON as text
(see ``sql_text``), no models are made, and a block of lines leaves at once.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from destinations_ui.audit.damage import read_text
from destinations_ui.audit.models import AuditRecord
from destinations_ui.audit.serialization import EXPORT_KEYS, FIELDS
from destinations_ui.audit.sql_text import parsed

#: The values of ``FIELDS`` as ``sql_text.as_text`` writes them.
Row = Sequence[Any]

#: A cell that begins with one of these is a formula to a spreadsheet.
#: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = "=+-@\0＝＋－＠"
#: So is one that begins so after a tab or a line break, which some spreadsheets trim.
CELL_STARTS = frozenset(FORMULA_STARTS + "\t\r\n")
#: So is what follows one of these, in a spreadsheet that takes semicolons or tabs for separators: there, quotes in the
#: middle of a cell are ordinary characters, and a line break ends the row.
SEPARATORS = re.compile(r"[;\t\r\n]")
FORMULA = re.compile(rf"([;\t\r\n][\s\"]*)(?=[{re.escape(FORMULA_STARTS)}])")

#: Characters that some readers of JSON Lines take for the end of a line → their JSON escapes.
LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
ENDS_LINE = re.compile("[\x85\u2028\u2029]")

LINE = "{{{}}}\n".format(", ".join(f'"{key}": %s' for key in EXPORT_KEYS))


class Json(str):
    """A text that is JSON already."""

    __slots__ = ()


def on_or_off(value: Any) -> bool:
    """Return a boolean, which SQLite stores as a number."""
    return {0: False, 1: True}[value]


def one_line(text: Any) -> Json:
    """Return JSON on one line, as ``json.dumps`` writes it. Mostly it is written so already.

    Raises:
        ValueError: when it is not JSON.
    """
    value = parsed(text)
    if not ("\\" in text or "\n" in text or "\t" in text or "\r" in text):
        return Json(text)
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair exists in JSON only as an escape.
        line = json.dumps(value)
    return Json(line)


def short_time(text: Any) -> str | None:
    """Return a time without microseconds where they are zero."""
    return None if text is None else text.replace(".000000Z", "Z")


#: How a column is converted, by its field's type; other columns are exported as they are.
CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "BooleanField": on_or_off,
    "DateTimeField": short_time,
    "JSONField": one_line,
}
CONVERTED = {
    index: CONVERTERS[AuditRecord._meta.get_field(name).get_internal_type()]
    for index, name in enumerate(FIELDS)
    if AuditRecord._meta.get_field(name).get_internal_type() in CONVERTERS
}

LITERALS = {False: "false", True: "true", None: "null"}
#: How a value of a type is written as JSON.
AS_JSON: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    Json: str,
    int: str,
    bool: LITERALS.__getitem__,
    type(None): LITERALS.__getitem__,
}
TYPES = frozenset(AS_JSON)
#: What a damaged row raises on the way.
DAMAGED = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


def values(row: Row) -> list[Any]:
    """Return a row's values in types that both formats write."""
    converted = list(row)
    try:
        for index, convert in CONVERTED.items():
            converted[index] = convert(row[index])
        if not TYPES.issuperset(map(type, converted)):
            raise TypeError
    except DAMAGED:
        return [damaged_value(index, value) for index, value in enumerate(row)]
    return converted


def damaged_value(index: int, value: Any) -> Any:
    """Return a value of a damaged row: as text, where it is not of its column's type."""
    try:
        converted = CONVERTED[index](value) if index in CONVERTED else value
    except DAMAGED:
        converted = value
    return converted if type(converted) in TYPES else read_text(value)


def as_json_lines(blocks: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield one JSON object a line."""
    for rows in blocks:
        text = "".join([LINE % tuple([AS_JSON[type(value)](value) for value in values(row)]) for row in rows])
        yield text.translate(LINE_ENDS) if ENDS_LINE.search(text) else text


def as_csv(blocks: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield CSV as RFC 4180 defines it, with a header; no cell is a formula."""
    yield in_csv([EXPORT_KEYS])
    for rows in blocks:
        yield in_csv([AS_CELL[type(value)](value) for value in values(row)] for row in rows)


def in_csv(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as lines of CSV."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def no_formula(text: str) -> str:
    """Return a text of which no spreadsheet makes a formula, with an apostrophe where one would begin."""
    if SEPARATORS.search(text):
        text = FORMULA.sub(r"\1'", text)
    return f"'{text}" if text[:1] in CELL_STARTS else text


#: How a value of a type is written in a cell.
AS_CELL: Mapping[type, Callable[[Any], str]] = {
    str: no_formula,
    # JSON has semicolons in strings only, where they can be escaped.
    Json: lambda text: no_formula(text.replace(";", "\\u003b")),
    int: lambda number: no_formula(str(number)),
    bool: LITERALS.__getitem__,
    type(None): lambda nothing: "",
}


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format of the export."""

    content_type: str
    lines: Callable[[Iterable[Sequence[Row]]], Iterator[str]]


EXPORT_FORMATS = {
    "csv": ExportFormat("text/csv; charset=utf-8", as_csv),
    "jsonl": ExportFormat("application/jsonl; charset=utf-8", as_json_lines),
}
