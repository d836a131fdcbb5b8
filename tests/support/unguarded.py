"""The database without its triggers, for what the product itself never does: empty it, or tamper with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from destinations_ui.audit import triggers

execute_sql_flush = BaseDatabaseOperations.execute_sql_flush


@contextmanager
def unguarded() -> Iterator[None]:
    """Drop the append-only triggers, and create them again. If what happens in between fails, roll all of it back."""
    with transaction.atomic():
        triggers.APPEND_ONLY.drop(connection)
        yield
        triggers.APPEND_ONLY.create(connection)


def restored(contents: str) -> Callable[[BaseDatabaseOperations, Sequence[str]], None]:
    """Return what Django runs to empty all tables, so that it leaves the contents that the migrations gave them."""

    def flush(operations: BaseDatabaseOperations, sql: Sequence[str]) -> None:
        with unguarded():
            execute_sql_flush(operations, sql)
            connection.creation.deserialize_db_from_string(contents)

    return flush
