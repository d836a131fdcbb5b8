"""Records as files: CSV and JSON Lines, a block at a time.

A million rows go through here, so that what is done for each counts: columns are read as they are, without making
records of them, and many lines leave at once.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from destinations_ui.audit.serialization import EXPORT_KEYS
from destinations_ui.audit.sql_text import parsed

ON = EXPORT_KEYS.index("on")
JSON = tuple(map(EXPORT_KEYS.index, ("config", "secrets")))
MOMENTS = tuple(map(EXPORT_KEYS.index, ("created_at", "settled_at")))

#: A cell that begins with one of these is a formula to a spreadsheet.
#: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = frozenset("=+-@\t\r\n\0＝＋－＠")

#: Writes a value as one line of JSON.
line_of = json.JSONEncoder(ensure_ascii=False).encode
#: A line of JSON, but for the values.
LINE = "{{{}}}\n".format(", ".join(f'"{key}": %s' for key in EXPORT_KEYS))

#: The values of ``FIELDS`` as ``columns.as_text`` has them.
Row = Sequence[Any]


TRUTH = {False: "false", True: "true"}


class Written(str):
    """What is JSON already."""

    __slots__ = ()


#: How a value of a type is written as JSON.
IN_JSON: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    Written: str,
    int: str,
    bool: TRUTH.__getitem__,
    type(None): lambda nothing: "null",
}


def values(row: Row) -> list[Any]:
    """Return a row's values in JSON's types, and what is JSON already."""
    told = list(row)
    told[ON] = bool(told[ON])
    for index in JSON:
        told[index] = one_line(told[index])
    for index in MOMENTS:
        told[index] = told[index] and told[index].replace(".000000Z", "Z")
    return told


def one_line(text: str) -> Written:
    """Return JSON as ``line_of`` would write it. Most of it is written so already: nothing in it is escaped or broken.

    Raises:
        ValueError: when it is no JSON.
    """
    value = parsed(text)
    return Written(line_of(value) if "\\" in text or "\n" in text else text)


def as_json_lines(blocks: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield one JSON object a line."""
    for rows in blocks:
        yield "".join([LINE % tuple([IN_JSON[type(value)](value) for value in values(row)]) for row in rows])


def as_csv(blocks: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield CSV as RFC 4180 has it, a heading first; no cell is a formula."""
    yield in_csv([EXPORT_KEYS])
    for rows in blocks:
        yield in_csv([cell(value) for value in values(row)] for row in rows)


def in_csv(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as lines."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    return IN_CSV[type(value)](value)


def no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text


#: How a value of a type is written in a cell.
IN_CSV: Mapping[type, Callable[[Any], str]] = {
    str: no_formula,
    Written: str,
    int: lambda number: no_formula(str(number)),
    bool: TRUTH.__getitem__,
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
