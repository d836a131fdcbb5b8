"""Triggers: those that keep the history append-only for every user, and those that keep the search index in step.

Migrations create them from the SQL beside them. ``docs/database.md`` is for operators.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from destinations_ui.audit.schema import Script

#: What the newest migration created.
APPEND_ONLY = Script("0005_append_only")
SEARCH = Script("0003_search_triggers")

SQLITE = re.compile(r'CREATE (?:TRIGGER|VIEW) "(\w+)"')
POSTGRESQL = re.compile(r"CREATE TRIGGER (\w+) .* EXECUTE FUNCTION (\w+)\(\)")
FUNCTION = re.compile(
    r"CREATE FUNCTION (?P<name>\w+)\(\) RETURNS trigger LANGUAGE plpgsql(?P<definer> SECURITY DEFINER)?\s"
    r"SET search_path = (?P<path>.+) AS \$\$(?P<body>.*)\$\$",
    re.DOTALL,
)


def required(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return the definition of each trigger by its name, as :func:`installed` does."""
    statements = [statement for script in (APPEND_ONLY, SEARCH) for statement in script.statements(connection)]
    if connection.vendor == "sqlite":
        return {match[1]: match.string for match in map(SQLITE.match, statements) if match}
    functions = {
        match["name"]: (match["body"], bool(match["definer"]), [f"search_path={match['path']}"])
        for match in map(FUNCTION.match, statements)
        if match
    }
    return {match[1]: (match.string, *functions[match[2]]) for match in map(POSTGRESQL.match, statements) if match}


def installed(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return the definition of each trigger in the database by its name, and of rules on PostgreSQL."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' OR name = 'destinations_ui_searched'"
            )
            return dict(cursor.fetchall())
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(t.oid, true), prosrc, prosecdef, proconfig, tgenabled IN ('O', 'A') "
            "FROM pg_trigger t JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        )
        found = {name: tuple(definition) if enabled else None for name, *definition, enabled in cursor.fetchall()}
        cursor.execute("SELECT rulename, definition FROM pg_rules WHERE schemaname = current_schema()")
        return found | dict(cursor.fetchall())


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that are not in the database, are disabled or were changed."""
    found = installed(connection)
    return [name for name, definition in required(connection).items() if found.get(name) != definition]


def unknown(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers, and of rules, that are not ours."""
    return sorted(installed(connection).keys() - required(connection).keys())
