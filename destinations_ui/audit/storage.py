"""Whether the SQLite file that is written to is the file at its path.

A file that was deleted or replaced stays open, and what is written to it is gone after a restart. So this is checked
before an event is committed: nothing is sent whose record would be lost. PostgreSQL has no such file.
"""

from __future__ import annotations

from django.db import OperationalError, connections

from destinations_ui.conf.sqlite3.base import DatabaseWrapper, inode_at

#: When the first migration was applied, to the microsecond. An inode can be used again; this cannot.
GENERATION = "SELECT min(applied) FROM django_migrations"


class StorageReplaced(OperationalError):
    """The database file was deleted or replaced while this process was running."""


def check(alias: str = "default") -> None:
    """Make sure that the database file is the one that this process has used from its start.

    Raises:
        StorageReplaced: when it is not. It stays so until the process is restarted.
        django.db.DatabaseError: when the file cannot be read.
    """
    database = connections[alias]
    if not isinstance(database, DatabaseWrapper) or database.is_in_memory_db():
        return
    with database.cursor() as cursor:
        cursor.execute(GENERATION)
        [generation] = cursor.fetchone()
    first = database.inodes[database.path]
    same_file = first is not None and first == database.inode == inode_at(database.path)
    if not same_file or database.generations.setdefault(database.path, generation) != generation:
        raise StorageReplaced(f"{database.path} was deleted or replaced. Restart every process.")
