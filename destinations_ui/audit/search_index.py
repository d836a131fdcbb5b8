"""An index of the records by all that they can be found by, which the database itself keeps in step.

Of each record it holds the values that it can be filtered by, and its free text as trigrams, the pieces of three
characters, so that any part of a word is found.

- On SQLite it is a full-text table (FTS5). Each value of a filter is a symbol that looks like one more trigram, so that
  whatever is asked for is one expression, whose lists of record numbers the database runs through together.
- On PostgreSQL it is a table with an index of each filter in the order of the numbers, and one of all together (GIN,
  with the extensions ``pg_trgm`` and ``btree_gin``).

The records of a day need not follow each other, since clocks can jump. So each day keeps its lowest and its highest
number: what happened on some days lies between these.

Triggers keep all of it in step. They are installed by a migration, and like the guards they have to be made anew when a
migration changes the table of records: see ``guards``.
"""
# ruff: noqa: S608  # nothing but our own names is put into the SQL

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

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
#: Where free text is looked for.
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
#: Between two columns of the text: nobody can search for it, so nothing is found across.
SEPARATOR = 31
#: So many records are put in at once where others may be writing: who changes one of them waits a moment.
BATCH = 10_000
#: What happens to a record → the trigger that follows.
SQLITE_TRIGGERS = ("added", "moved", "deleted")
POSTGRESQL_TRIGGERS = (*SQLITE_TRIGGERS, "emptied")


def text_of(row: str, character: str) -> str:
    """Return the SQL of a row's text; ``character`` is the name of the function that makes one from its number.

    It ends with two separators, so that each of its own characters begins a trigram.
    """
    separator = f"{character}({SEPARATOR})"
    return f" || {separator} || ".join([*(f"{row}.{column}" for column in SEARCHED), separator])


def sqlite() -> Iterator[str]:
    """Yield the SQL that makes the index on SQLite, and fills it."""
    names = [*EXACT, "text"]
    listed = ", ".join(names)

    def values(row: str) -> list[str]:
        """Return the SQL of what the index says of a row."""
        symbols = f"(SELECT symbol FROM {SYMBOLS} WHERE field = '{{}}' AND value = {row}.{{}})"
        return [*(symbols.format(*each) for each in EXACT.items()), text_of(row, "char")]

    # Three characters that nobody writes, from Unicode's private planes.
    symbol = "char(983040 + id % 4096, 987136 + id / 4096 % 4096, 991232 + id / 16777216)"
    yield f"CREATE TABLE {DAYS} (day TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL)"
    yield (
        f"CREATE TABLE {SYMBOLS} (id INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, "
        f"symbol TEXT AS ({symbol}) VIRTUAL, UNIQUE (field, value))"
    )
    columns = ", ".join(f"{value} AS {name}" for name, value in zip(names, values("r"), strict=True))
    yield f"CREATE VIEW {SOURCE} AS SELECT r.id AS id, {columns} FROM {RECORDS} r"
    options = f"content='{SOURCE}', content_rowid='id', tokenize='trigram'"
    yield f"CREATE VIRTUAL TABLE {INDEX} USING fts5({listed}, {options})"
    yield f"CREATE VIRTUAL TABLE {TRIGRAMS} USING fts5vocab({INDEX}, 'row')"
    for name, column in EXACT.items():
        yield f"INSERT INTO {SYMBOLS} (field, value) SELECT DISTINCT '{name}', {column} FROM {RECORDS}"
    yield f"INSERT INTO {DAYS} SELECT date(created_at), min(id), max(id) FROM {RECORDS} GROUP BY 1"
    yield f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')"
    # No ON CONFLICT in a trigger: that of the statement which set it off would hold instead.
    learn = "".join(
        f"INSERT INTO {SYMBOLS} (field, value) SELECT '{name}', NEW.{column} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {SYMBOLS} WHERE field = '{name}' AND value = NEW.{column}); "
        for name, column in EXACT.items()
    )
    add = f"INSERT INTO {INDEX} (rowid, {listed}) SELECT NEW.id, {', '.join(values('NEW'))}; "
    forget = f"INSERT INTO {INDEX} ({INDEX}, rowid, {listed}) SELECT 'delete', OLD.id, {', '.join(values('OLD'))}; "
    note = (
        f"INSERT INTO {DAYS} SELECT date(NEW.created_at), NEW.id, NEW.id "
        f"WHERE NOT EXISTS (SELECT 1 FROM {DAYS} WHERE day = date(NEW.created_at)); "
        f"UPDATE {DAYS} SET first = min(first, NEW.id), last = max(last, NEW.id) WHERE day = date(NEW.created_at); "
    )
    yield f"CREATE TRIGGER {INDEX}_added AFTER INSERT ON {RECORDS} BEGIN {learn}{add}{note}END"
    yield f"CREATE TRIGGER {INDEX}_moved AFTER UPDATE ON {RECORDS} BEGIN {forget}{learn}{add}END"
    yield f"CREATE TRIGGER {INDEX}_deleted AFTER DELETE ON {RECORDS} BEGIN {forget}END"


def postgresql(records: int, *, concurrently: bool) -> Iterator[str]:
    """Yield the SQL that makes the index on PostgreSQL, and fills it.

    Each statement may be a transaction of its own, while others write: the triggers come first, what was there before
    is put in a batch at a time, and nothing waits for an index to be built.

    Args:
        records: The highest number of a record.
        concurrently: Whether indexes are built so that others can write; not possible within a transaction.
    """
    names = [*EXACT, "text"]
    listed = ", ".join(names)

    def values(row: str) -> str:
        """Return the SQL of what the index says of a row."""
        return ", ".join([*(f"{row}.{column}" for column in EXACT.values()), f"upper({text_of(row, 'chr')})"])

    day = "({}.created_at AT TIME ZONE 'UTC')::date"
    widen = (
        "ON CONFLICT (day) DO UPDATE SET first = least(known.first, EXCLUDED.first), "
        "last = greatest(known.last, EXCLUDED.last)"
    )
    typed = ", ".join(f"{name} text NOT NULL" for name in names)
    yield "CREATE EXTENSION IF NOT EXISTS pg_trgm"
    yield "CREATE EXTENSION IF NOT EXISTS btree_gin"
    yield f"CREATE TABLE {DAYS} (day date PRIMARY KEY, first bigint NOT NULL, last bigint NOT NULL)"
    yield f"CREATE TABLE {INDEX} (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, {typed})"
    add = (
        f"INSERT INTO {INDEX} (id, created_at, {listed}) VALUES (NEW.id, NEW.created_at, {values('NEW')}) "
        f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = EXCLUDED.{name}' for name in ('created_at', *names))};"
    )
    note = f"INSERT INTO {DAYS} AS known VALUES ({day.format('NEW')}, NEW.id, NEW.id) {widen};"
    deeds = {
        "added": ("INSERT", "ROW", f"{add} {note}"),
        "moved": ("UPDATE", "ROW", add),
        "deleted": ("DELETE", "ROW", f"DELETE FROM {INDEX} WHERE id = OLD.id;"),
        "emptied": ("TRUNCATE", "STATEMENT", f"TRUNCATE {INDEX}, {DAYS};"),
    }
    for name in POSTGRESQL_TRIGGERS:
        change, each, deed = deeds[name]
        trigger = f"{INDEX}_{name}"
        yield f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {deed} RETURN NULL; END$$"
        yield f"CREATE TRIGGER {trigger} AFTER {change} ON {RECORDS} FOR EACH {each} EXECUTE FUNCTION {trigger}()"
    for start in range(0, records + 1, BATCH):
        some = f"FROM {RECORDS} r WHERE r.id > {start} AND r.id <= {start + BATCH}"
        yield (
            f"INSERT INTO {INDEX} (id, created_at, {listed}) SELECT r.id, r.created_at, {values('r')} {some} "
            "ON CONFLICT DO NOTHING"
        )
        yield f"INSERT INTO {DAYS} AS known SELECT {day.format('r')}, min(r.id), max(r.id) {some} GROUP BY 1 {widen}"
    create = f"CREATE INDEX {'CONCURRENTLY' if concurrently else ''}"
    for name in EXACT:
        yield f"{create} {INDEX}_{name} ON {INDEX} ({name}, id)"
    # Without a list of what is still to be put in, which every search would have to go through.
    together = f"{', '.join(EXACT)}, text gin_trgm_ops"
    yield f"{create} {INDEX}_together ON {INDEX} USING gin ({together}) WITH (fastupdate = off)"
    yield f"ANALYZE {INDEX}"


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the index anew, and fill it with the records that are there."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for statement in sqlite():
                cursor.execute(statement)
            return
        # To fill it takes longer than a page may.
        cursor.execute(f"SELECT current_setting('statement_timeout'), coalesce(max(id), 0) FROM {RECORDS}")
        timeout, records = cursor.fetchone()
        cursor.execute("SET statement_timeout = 0")
        for statement in postgresql(records, concurrently=not connection.in_atomic_block):
            cursor.execute(statement)
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [timeout])


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the index away."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in SQLITE_TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {INDEX}_{name}")
            cursor.execute(f"DROP TABLE IF EXISTS {TRIGRAMS}")
            cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")
            cursor.execute(f"DROP VIEW IF EXISTS {SOURCE}")
            cursor.execute(f"DROP TABLE IF EXISTS {SYMBOLS}")
        else:
            for name in POSTGRESQL_TRIGGERS:
                # Its trigger goes with it.
                cursor.execute(f"DROP FUNCTION IF EXISTS {INDEX}_{name}() CASCADE")
            cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")
        cursor.execute(f"DROP TABLE IF EXISTS {DAYS}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are not in the database, or are switched off there."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')")
        there = {name for [name] in cursor.fetchall()}
    triggers = SQLITE_TRIGGERS if connection.vendor == "sqlite" else POSTGRESQL_TRIGGERS
    return [name for name in (f"{INDEX}_{each}" for each in triggers) if name not in there]
