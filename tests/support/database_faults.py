"""Ways in which a database stops taking writes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from destinations_ui.audit.models import AuditRecord, Event

TABLE = AuditRecord._meta.db_table
#: Everything that is written.
TABLES = ", ".join(model._meta.db_table for model in (AuditRecord, Event))
#: How long a test waits for a lock, in milliseconds.
PATIENCE = 50


class Blocker:
    """Another connection that keeps everyone else from writing. It may be used from any thread."""

    def __init__(self) -> None:
        self._other: BaseDatabaseWrapper = connection.copy()
        self._other.inc_thread_sharing()

    def block(self) -> None:
        """Take the lock: on SQLite the database's, elsewhere the tables'. Readers go on."""
        self._other.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        if connection.vendor != "sqlite":
            with self._other.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {TABLES} IN EXCLUSIVE MODE")

    def release(self) -> None:
        """Release the lock."""
        self._other.close()


@contextmanager
def impatient() -> Iterator[Blocker]:
    """Let this thread's connection wait only a moment for a lock; yield a blocker, released at the end."""
    given = connection.settings_dict["OPTIONS"]
    short = (
        {"timeout": PATIENCE / 1000} if connection.vendor == "sqlite" else {"options": f"-c lock_timeout={PATIENCE}"}
    )
    blocker = Blocker()
    connection.close()
    connection.settings_dict["OPTIONS"] = given | short
    try:
        yield blocker
    finally:
        blocker.release()
        connection.close()
        connection.settings_dict["OPTIONS"] = given


@contextmanager
def locked() -> Iterator[None]:
    """Let another connection hold the lock."""
    with impatient() as blocker:
        blocker.block()
        yield


@contextmanager
def read_only() -> Iterator[None]:
    """Let the connection only read."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON" if sqlite else "SET default_transaction_read_only = on")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def without_table() -> Iterator[None]:
    """Take the records' table away, as a deployment does that forgot to migrate."""
    rename("destinations_ui_away", TABLE)
    try:
        yield
    finally:
        rename(TABLE, "destinations_ui_away")


def rename(to: str, table: str) -> None:
    """Give a table another name."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {to}")
