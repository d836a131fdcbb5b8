"""Search: queries to the index that ``search_index`` describes.

Any combination of filters takes about the same time, whatever the number of records, and returns the newest first.
``docs/performance.md`` has the figures.
"""
# ruff: noqa: S608  # nothing but our own names is put into the SQL

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from destinations_ui.audit.models import UNRESOLVED
from destinations_ui.audit.search_index import DAYS, EXACT, INDEX, RECORDS, SYMBOLS, TRIGRAMS, text_of

#: A shorter text has no trigram.
SHORTEST = 3
#: No record has a higher number.
HIGHEST = 2**63 - 1
#: On SQLite, the newest records are sampled. A term is common if it is in more than this many of them.
SAMPLE, COMMON = 200, 6
#: About this many trigrams of a text are counted in the sample.
LOOKED_UP = 20
#: At most this many terms that are not common are looked up; then the text itself is compared.
RAREST = 8
#: Candidates that are scanned for each wanted record, before all are looked up.
TRIED = 40

#: Filter → a value that stands for several → these. The database has no such value itself.
GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "outcome": {"unresolved": [outcome.value for outcome in UNRESOLVED]},
}

Parameters = list[Any]
#: SQL and its parameters.
Condition = tuple[str, Parameters]


def numbers(
    filters: Mapping[str, Any], *, limit: int | None = None, before: int | None = None, after: int | None = None
) -> RawSQL:
    """Return the query for the ids of the records that match, the newest if there is a limit.

    Args:
        filters: By the names of ``HistoryFilterForm``. Days are those of UTC.
        limit: The maximum number of ids.
        before: Only lower ids.
        after: Only higher ids; the lowest of them if there is a limit.
    """
    ask = on_sqlite if connection.vendor == "sqlite" else on_postgresql
    sql, parameters = ask(filters, limit, before, after)
    return RawSQL(sql, parameters)  # noqa: S611  # nothing but our own names is in the SQL


def group(name: str, value: str) -> Sequence[str]:
    """Return the values that a filter's value stands for: as a rule itself alone."""
    return GROUPS.get(name, {}).get(value, [value])


def midnight(day: date) -> datetime:
    """Return the start of a day in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def lowest(filters: Mapping[str, Any], after: int | None, number: str) -> list[Condition]:
    """Return the lower bound of ids: at most one condition; given two, the planner may use either."""
    if "since" not in filters:
        return [] if after is None else [(f"{number} > %s", [after])]
    first = f"coalesce((SELECT min(first) FROM {DAYS} WHERE day >= %s), {HIGHEST})"
    higher = "max" if connection.vendor == "sqlite" else "greatest"
    return [(f"{number} >= {higher}({first}, %s)", [str(filters["since"]), (after or 0) + 1])]


def highest(filters: Mapping[str, Any], before: int | None, number: str) -> list[Condition]:
    """Return the upper bound of ids."""
    # Nothing comes after the calendar's last day.
    if filters.get("until", date.max) == date.max:
        return [] if before is None else [(f"{number} < %s", [before])]
    last = f"coalesce((SELECT max(last) FROM {DAYS} WHERE day <= %s), 0)"
    lower = "min" if connection.vendor == "sqlite" else "least"
    return [(f"{number} <= {lower}({last}, %s)", [str(filters["until"]), HIGHEST if before is None else before - 1])]


def in_time(filters: Mapping[str, Any], created_at: str) -> list[Condition]:
    """Return the conditions on the time, to the microsecond."""
    conditions: list[Condition] = []
    adapted = connection.ops.adapt_datetimefield_value
    if "since" in filters:
        conditions.append((f"{created_at} >= %s", [adapted(midnight(filters["since"]))]))
    if filters.get("until", date.max) < date.max:
        conditions.append((f"{created_at} < %s", [adapted(midnight(filters["until"]) + timedelta(days=1))]))
    return conditions


def pattern(text: str) -> str:
    """Return the LIKE pattern for a part of a text."""
    return f"%{connection.ops.prep_for_like_query(text)}%"


def joined(conditions: Sequence[Condition]) -> Condition:
    """Join conditions by AND."""
    return " AND ".join(["TRUE", *(sql for sql, _ in conditions)]), [each for _, own in conditions for each in own]


def ending(number: str, limit: int | None, after: int | None) -> str:
    """Return the ORDER BY and LIMIT of a query."""
    if limit is None:
        return ""
    return f" ORDER BY {number} {'DESC' if after is None else 'ASC'} LIMIT {limit:d}"


# --- SQLite --------------------------------------------------------------------------------------


def on_sqlite(filters: Mapping[str, Any], limit: int | None, before: int | None, after: int | None) -> Condition:
    """Return the SQL for the ids, and its parameters."""
    text = filters.get("q", "")
    exact = {name: group(name, filters[name]) for name in EXACT if name in filters}
    # What the index does not know is compared in the record: the time, and the case of letters beyond ASCII.
    alike = [(f"{text_of('r', 'char')} LIKE %s ESCAPE '\\'", [pattern(text)])] if text else []

    def walked(limit: int | None, conditions: Sequence[Condition]) -> Condition:
        """Return the SQL that scans the records by id; the plus sign prevents another order."""
        where, parameters = joined(
            [
                *lowest(filters, after, "r.id"),
                *highest(filters, before, "r.id"),
                *in_time(filters, "+r.created_at"),
                *conditions,
            ]
        )
        return f"SELECT r.id FROM {RECORDS} r WHERE {where}{ending('r.id', limit, after)}", parameters

    def looked_up(term: Condition) -> Condition:
        """Return the SQL that looks up a term of FTS5."""
        matched = f"{INDEX} MATCH {term[0]}", term[1]
        between = [*lowest(filters, after, "s.rowid"), *highest(filters, before, "s.rowid")]
        where, parameters = joined([matched, *between, *in_time(filters, "r.created_at"), *alike])
        record = f" CROSS JOIN {RECORDS} r ON r.id = s.rowid" if "r." in where else ""
        return f"SELECT s.rowid FROM {INDEX} s{record} WHERE {where}{ending('s.rowid', limit, after)}", parameters

    long = len(text) >= SHORTEST
    if exact or long:
        # FTS5 binds AND, a space, tighter than OR.
        every = [dict(zip(exact, values, strict=True)) for values in product(*exact.values())]
        terms = [
            linked(" ", [*(symbol_term(*item) for item in one.items()), *([text_term(text, one)] if long else [])])
            for one in every
        ]
        return looked_up(linked(" OR ", terms))
    if not text.isascii() or not text or limit is None:
        return walked(limit, alike)
    tried, tried_parameters = walked(TRIED * limit, [])
    rare, rare_parameters = looked_up(short_term(text, limit))
    sql = (
        f"WITH near AS MATERIALIZED (SELECT r.id FROM {RECORDS} r WHERE r.id IN ({tried}) AND {alike[0][0]}"
        f"{ending('r.id', limit, after)}) SELECT id FROM (SELECT id FROM near UNION SELECT * FROM ({rare}))"
        f"{ending('id', limit, after)}"
    )
    return sql, [*tried_parameters, *alike[0][1], *rare_parameters]


def linked(operator: str, terms: Sequence[Condition]) -> Condition:
    """Return the SQL of FTS5 terms with an operator between them."""
    return f" || '{operator}' || ".join(sql for sql, _ in terms), [each for _, own in terms for each in own]


def symbol_term(name: str, value: Any) -> Condition:
    """Return the SQL of the FTS5 term for a filter. A value that no record has is not found."""
    symbol = f"SELECT symbol FROM {SYMBOLS} WHERE field = '{name}' AND value = %s"
    return f"""'{name} : "' || coalesce(({symbol}), '---') || '"'""", [value]


def short_term(text: str, limit: int) -> Condition:
    """Return the SQL of the FTS5 term for a text shorter than a trigram: trigrams that begin with it, if rare."""
    sql = f"""(
        CASE WHEN (SELECT sum(1) FROM near) >= {limit:d} THEN '"---"' ELSE coalesce(
          (SELECT group_concat('"' || replace(term, '"', '""') || '"', ' OR ')
           FROM {TRIGRAMS} WHERE term >= %s AND term < %s),
          '"---"')
        END
    )"""
    low = text.lower()
    return sql, [low, low[:-1] + chr(ord(low[-1]) + 1)]


def text_term(text: str, exact: Mapping[str, Any]) -> Condition:
    """Return the SQL of the FTS5 term for a text, besides columns with exact values.

    Scanning the list of a trigram that most records have takes longer than everything else. A sample shows which are
    rare: only these are looked up. If none is, and a value is rare, its records are compared one by one. Otherwise the
    whole text is looked up, which is likely to be found soon.
    """
    # Trigrams of a long text overlap; some are enough.
    step = 1 + len(text) // LOOKED_UP
    trigrams = sorted({text[start : start + 3] for start in range(0, len(text) - 2, step)})
    columns = "".join(f", r.{EXACT[name]}" for name in exact)
    equal = " AND ".join(f"{EXACT[name]} = %s" for name in exact)
    rare_values = f"(SELECT sum({equal}) FROM sample) <= {COMMON}" if exact else "FALSE"
    sql = f"""(
        WITH sample AS MATERIALIZED (
          SELECT lower({text_of("r", "char")}) AS words{columns} FROM {RECORDS} r ORDER BY r.id DESC LIMIT {SAMPLE}
        ), trigram (term) AS (VALUES {", ".join(["(%s)"] * len(trigrams))}), counted AS MATERIALIZED (
          SELECT term, (SELECT sum(instr(words, lower(term)) > 0) FROM sample) AS records FROM trigram
        ), rare AS (
          SELECT term FROM counted WHERE records <= {COMMON} ORDER BY records LIMIT {RAREST}
        )
        SELECT coalesce(
          (SELECT group_concat('"' || replace(term, '"', '""') || '"', ' ') FROM rare),
          CASE WHEN {rare_values} THEN '' ELSE '"' || %s || '"' END
        )
    )"""
    return sql, [*trigrams, *exact.values(), text.replace('"', '""')]


# --- PostgreSQL ----------------------------------------------------------------------------------


def on_postgresql(filters: Mapping[str, Any], limit: int | None, before: int | None, after: int | None) -> Condition:
    """Return the SQL for the ids, and its parameters.

    How often several conditions hold together cannot be known, and the planner's estimate can be off by a thousand
    times. So the newest candidates of one filter are scanned first, and only if these are not enough, everything is
    looked up in the combined index. Frequent matches are never looked up, and the table is never scanned for rare ones.
    """
    asked: list[Condition] = [
        (f"s.{name} = ANY(%s)", [values]) if len(values) > 1 else (f"s.{name} = %s", [*values])
        for name in EXACT
        if name in filters and (values := group(name, filters[name]))
    ]
    first, rest = asked[:1], asked[1:]
    if "q" in filters:
        rest.append(("s.text LIKE upper(%s)", [pattern(filters["q"])]))
    time_range = in_time(filters, "s.created_at")
    ends = lowest(filters, after, "s.id"), highest(filters, before, "s.id")
    if limit is None or not (rest or all(ends)):
        where, parameters = joined([*ends[0], *ends[1], *time_range, *first, *rest])
        return f"SELECT s.id FROM {INDEX} s WHERE {where}{ending('s.id', limit, after)}", parameters
    begin, end = ends if after is not None else ends[::-1]
    walked, walked_parameters = joined([*first, *begin])
    wanted, wanted_parameters = joined([*end, *time_range, *rest])
    # Keep the planner from the primary key when a text is looked up: it takes unknown bounds for narrow ones.
    number = "s.id + 0" if "q" in filters else "s.id"
    between = [*lowest(filters, after, number), *highest(filters, before, number)]
    every, every_parameters = joined([*between, *time_range, *first, *rest])
    # Ordering by an expression keeps the planner from scanning in id order here.
    looked_up = (
        f"SELECT s.id FROM {INDEX} s WHERE (SELECT coalesce(sum(1), 0) FROM near) < {limit:d} AND {every}"
        f"{ending('s.id + 0', limit, after)}"
    )
    sql = (
        f"WITH near AS MATERIALIZED (SELECT s.id FROM (SELECT * FROM {INDEX} s WHERE {walked}"
        f"{ending('s.id', TRIED * limit, after)}) s WHERE {wanted}{ending('s.id', limit, after)}) "
        f"SELECT id FROM (SELECT id FROM near UNION SELECT id FROM ({looked_up}) far) found{ending('id', limit, after)}"
    )
    return sql, [*walked_parameters, *wanted_parameters, *every_parameters]
