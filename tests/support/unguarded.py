"""The database without its guards, for what the product itself never does: empty it, or tamper with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from destinations_ui.audit import triggers

execute_sql_flush = BaseDatabaseOperations.execute_sql_flush


@contextmanager
def unguarded() -> Iterator[None]:
    """Take the guards away, and bring them back. If what happens in between fails, it is taken back, too."""
    with transaction.atomic():
        triggers.remove(connection)
        yield
        triggers.install(connection)


def restored(contents: str) -> Callable[[BaseDatabaseOperations, Sequence[str]], None]:
    """Return what Django runs to empty all tables, so that it leaves the contents that the migrations gave them."""

    def flush(operations: BaseDatabaseOperations, sql: Sequence[str]) -> None:
        with unguarded():
            execute_sql_flush(operations, sql)
            connection.creation.deserialize_db_from_string(contents)

    return flush
