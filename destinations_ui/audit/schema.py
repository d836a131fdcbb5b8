"""Triggers and the search index as SQL text, and schema changes around which they are dropped and recreated.

The SQL stands beside the migrations, a file for each database. Statements are separated by blank lines. A file that
was released is never edited: a later migration brings a new one. This module imports nothing of ours, so that old
migrations keep working.

To change one of the history's tables, write a migration whose operations are ``schema_change(..., before=...,
after=...)``: see ``0005_changes``. On SQLite, Django copies a table to change it, which drops the table's triggers and
fails while a view reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunPython
from django.db.migrations.operations.base import Operation

FOLDER = Path(__file__).resolve().parents[1] / "migrations" / "sql"

CREATED = re.compile(r'CREATE (?:VIRTUAL )?(TABLE|VIEW|TRIGGER|FUNCTION) "?(\w+)')
COMMENT = re.compile(r"\A(?:--.*\n)+")


@dataclass(frozen=True, slots=True)
class Script:
    """A file of SQL for each database.

    Attributes:
        name: The file's name up to the database: ``<name>.sqlite.sql``.
    """

    name: str

    def statements(self, connection: BaseDatabaseWrapper) -> list[str]:
        """Return the statements for a database. On PostgreSQL, ``:schema`` is the schema of the tables."""
        text = (FOLDER / f"{self.name}.{connection.vendor}.sql").read_text(encoding="utf-8")
        if ":schema" in text:
            with connection.cursor() as cursor:
                cursor.execute("SELECT quote_ident(current_schema())")
                [schema] = cursor.fetchone()
            text = text.replace(":schema", schema)
        return [COMMENT.sub("", statement).rstrip().removesuffix(";") for statement in text.split("\n\n")]

    def create(self, connection: BaseDatabaseWrapper) -> None:
        """Run the statements."""
        with connection.cursor() as cursor:
            for statement in self.statements(connection):
                cursor.execute(statement)

    def drop(self, connection: BaseDatabaseWrapper) -> None:
        """Drop what :meth:`create` created, as far as it is there."""
        found = [CREATED.match(statement) for statement in self.statements(connection)]
        with connection.cursor() as cursor:
            for kind, name in reversed([match.groups() for match in found if match]):
                if connection.vendor == "sqlite":
                    cursor.execute(f'DROP {kind} IF EXISTS "{name}"')
                elif kind == "FUNCTION":
                    # Its trigger goes with it.
                    cursor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
                elif kind != "TRIGGER":
                    cursor.execute(f"DROP {kind} IF EXISTS {name}")


def create(*scripts: Script) -> RunPython:
    """Return the operation that runs scripts; reversed, it drops what they created."""

    def forwards(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for script in scripts:
            script.create(schema_editor.connection)

    def backwards(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for script in reversed(scripts):
            script.drop(schema_editor.connection)

    return RunPython(forwards, backwards)


def drop(*scripts: Script) -> RunPython:
    """Return the operation that drops what scripts created; reversed, it runs them."""
    opposite = create(*scripts)
    assert opposite.reverse_code  # noqa: S101  # for mypy
    return RunPython(opposite.reverse_code, opposite.code)


def schema_change(*operations: Operation, before: Sequence[Script], after: Sequence[Script]) -> list[Operation]:
    """Return operations on the history's tables, without triggers and views in their way.

    Args:
        operations: Such as ``AddField``.
        before: What the migrations before created on the tables.
        after: What is to be there afterwards.
    """
    return [drop(*before), *operations, create(*after)]
