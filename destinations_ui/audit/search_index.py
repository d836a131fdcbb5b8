"""The search index of the records, which triggers keep in step with them.

Of each record it holds the values that it can be filtered by, and its free text as trigrams, the pieces of three
characters, so that any part of a word is found.

- On SQLite it is a full-text table (FTS5). Each value of a filter is a symbol that looks like one more trigram, so that
  any combination of filters is one expression, whose lists of record ids SQLite intersects.
- On PostgreSQL it is a table with an index of each filter in the order of the ids, and one of all together (GIN,
  with the extensions ``pg_trgm`` and ``btree_gin``).

The ids of a day need not be consecutive, since clocks can jump. So each day keeps its lowest and its highest id.

A migration creates the index: its SQL is ``0003_search_index`` and ``0003_search_triggers``.
"""
# ruff: noqa: S608  # nothing but our own names is put into the SQL

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from destinations_ui.audit.schema import Script
from destinations_ui.audit.triggers import SEARCH

SCRIPT = Script("0003_search_index")

RECORDS = "destinations_ui_auditrecord"
INDEX = "destinations_ui_search"
DAYS = "destinations_ui_day"
#: On SQLite: what the index is made of, and the symbol of each value.
SOURCE = "destinations_ui_searched"
SYMBOLS = "destinations_ui_symbol"
#: On SQLite: the trigrams that the index holds.
TRIGRAMS = "destinations_ui_trigram"

#: Filter → the column that has to have its value. The one that leaves the fewest records, as a rule, comes first.
EXACT = {
    "person": "actor",
    "outcome": "outcome",
    "project": "project",
    "environment": "environment",
    "kind": "kind",
}
#: The columns of free text.
SEARCHED = (
    "name",
    "project",
    "environment",
    "actor",
    "reason",
    "destination_id",
    "error_code",
    "error_message",
    "error_id",
)
#: Between two columns of the text: nobody can search for it, so nothing is found across columns.
SEPARATOR = 31
#: This many records are indexed in one transaction on PostgreSQL. A change to one of them waits for its end.
BATCH = 10_000
COLUMNS = (*EXACT, "text")


def text_of(row: str, character: str) -> str:
    """Return the SQL of a row's text; ``character`` is the name of the function that makes one from its number.

    It ends with two separators, so that each of its own characters begins a trigram.
    """
    separator = f"{character}({SEPARATOR})"
    return f" || {separator} || ".join([*(f"{row}.{column}" for column in SEARCHED), separator])


def rebuild(connection: BaseDatabaseWrapper) -> None:
    """Drop the index and its triggers, create them, and index the records that are there.

    On PostgreSQL outside a transaction, others go on reading and writing; searches find all records only at the end.
    """
    together = connection.vendor == "sqlite" or connection.in_atomic_block
    with transaction.atomic() if together else nullcontext():
        with transaction.atomic():
            SEARCH.drop(connection)
            SCRIPT.drop(connection)
            SCRIPT.create(connection)
            SEARCH.create(connection)
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                for statement in filled_on_sqlite():
                    cursor.execute(statement)
                return
            # It takes longer than a statement of a page may.
            cursor.execute(f"SELECT current_setting('statement_timeout'), coalesce(max(id), 0) FROM {RECORDS}")
            timeout, last = cursor.fetchone()
            cursor.execute("SET statement_timeout = 0")
            for statement in filled_on_postgresql(last):
                cursor.execute(statement)
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [timeout])


def filled_on_sqlite() -> Iterator[str]:
    """Yield the SQL that fills an empty index."""
    for name, column in EXACT.items():
        yield f"INSERT INTO {SYMBOLS} (field, value) SELECT DISTINCT '{name}', {column} FROM {RECORDS}"
    yield f"INSERT INTO {DAYS} SELECT date(created_at), min(id), max(id) FROM {RECORDS} GROUP BY 1"
    yield f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')"


def filled_on_postgresql(last: int) -> Iterator[str]:
    """Yield the SQL that fills the index with the records up to an id. Each statement may be a transaction."""
    for start in range(0, last, BATCH):
        batch = f"FROM {RECORDS} r WHERE r.id > {start} AND r.id <= {start + BATCH}"
        yield (
            f"INSERT INTO {INDEX} (id, created_at, {', '.join(COLUMNS)}) SELECT {indexed_on_postgresql()} {batch} "
            "ON CONFLICT DO NOTHING"
        )
        yield (
            f"INSERT INTO {DAYS} AS known SELECT {day_of('postgresql')}, min(r.id), max(r.id) {batch} GROUP BY 1 "
            "ON CONFLICT (day) DO UPDATE SET first = least(known.first, EXCLUDED.first), "
            "last = greatest(known.last, EXCLUDED.last)"
        )
    yield f"ANALYZE {INDEX}"


def indexed_on_postgresql() -> str:
    """Return the SQL of what the index holds of a record ``r``."""
    return ", ".join(
        ["r.id", "r.created_at", *(f"r.{column}::text" for column in EXACT.values()), f"upper({text_of('r', 'chr')})"]
    )


def day_of(vendor: str) -> str:
    """Return the SQL of the day of a record ``r``, in UTC."""
    return "date(r.created_at)" if vendor == "sqlite" else "(r.created_at AT TIME ZONE 'UTC')::date"


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what is wrong with the index, in sentences: it has to hold each record as it is, and nothing else.

    Call it in a snapshot: it writes nothing but temporary tables.
    """
    try:
        # In PostgreSQL's transaction, a savepoint keeps what follows an error readable.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return [*differing_ids(connection)] or [*differing_days(connection), *differing_values(connection)]
    except DatabaseError as error:
        return [f"The search index cannot be read: {error}"]


def differing_ids(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield which records are not in the index, and which entries are no records."""
    entries = f"{INDEX}_docsize" if connection.vendor == "sqlite" else INDEX
    for table, other, what in (
        (RECORDS, entries, "is missing from the search index"),
        (entries, RECORDS, "is in the search index and not in the history"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), min(id) FROM {table} a WHERE NOT EXISTS (SELECT 1 FROM {other} b WHERE b.id = a.id)"
            )
            count, lowest = cursor.fetchone()
        if count:
            yield f"Record number {lowest} {what}{and_more(count)}."


def and_more(count: int) -> str:
    """Return the words for those after the first."""
    return f", and {count - 1} more" if count > 1 else ""


def differing_days(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield the first day whose range of ids is not that of its records."""
    with connection.cursor() as cursor:
        cursor.execute(f"""
            WITH there AS (
              SELECT {day_of(connection.vendor)} AS day, min(r.id) AS first, max(r.id) AS last
              FROM {RECORDS} r GROUP BY 1
            ), kept AS (SELECT day, first, last FROM {DAYS})
            SELECT min(day) FROM (
              SELECT * FROM (SELECT * FROM there EXCEPT SELECT * FROM kept) AS not_kept
              UNION ALL SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM there) AS not_there
            ) AS differing
        """)
        [day] = cursor.fetchone()
    if day is not None:
        yield f"The search index names other records for {day} than there are."


def differing_values(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield what is wrong with the content of the index's entries."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            held = ", ".join(f"s.{name}" for name in ("id", "created_at", *COLUMNS))
            cursor.execute(
                f"SELECT count(*), min(r.id) FROM {RECORDS} r JOIN {INDEX} s ON s.id = r.id "
                f"WHERE ({held}) IS DISTINCT FROM ({indexed_on_postgresql()})"
            )
            count, lowest = cursor.fetchone()
        if count:
            more = and_more(count)
            yield f"Record number {lowest} is in the search index with other values than in the history{more}."
    elif not same_on_sqlite(connection):
        yield "The search index has other values than the records."


def same_on_sqlite(connection: BaseDatabaseWrapper) -> bool:
    """Return whether FTS5 finds its index to be that of the records.

    FTS5's own check is an INSERT, for which SQLite locks out all writers. So a temporary copy is checked.
    """
    options = f"content='{SOURCE}_now', content_rowid='id', tokenize='trigram'"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY VIEW {SOURCE}_now AS SELECT * FROM main.{SOURCE}")
        cursor.execute(f"CREATE VIRTUAL TABLE temp.{INDEX}_now USING fts5({', '.join(COLUMNS)}, {options})")
        try:
            for part in ("data", "idx", "docsize", "config"):
                cursor.execute(f"DELETE FROM temp.{INDEX}_now_{part}")
                cursor.execute(f"INSERT INTO temp.{INDEX}_now_{part} SELECT * FROM main.{INDEX}_{part}")
            cursor.execute(f"INSERT INTO temp.{INDEX}_now ({INDEX}_now, rank) VALUES ('integrity-check', 1)")
        except DatabaseError as error:
            if "malformed" not in str(error):
                raise
            return False
        finally:
            cursor.execute(f"DROP TABLE temp.{INDEX}_now")
            cursor.execute(f"DROP VIEW temp.{SOURCE}_now")
    return True
