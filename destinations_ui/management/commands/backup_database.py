"""``manage.py backup_database``: copy an SQLite database while it is in use."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from destinations_ui.conf.atomic_file import new_file


class Command(BaseCommand):
    """Back the database up."""

    help = "Copy the SQLite database to a file, while the server runs. On PostgreSQL, print the command that does."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the option."""
        parser.add_argument(
            "--to", type=Path, required=True, metavar="FILE", help="write it to FILE, which must not exist yet"
        )

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        """Copy the database, and check the copy."""
        if connection.vendor != "sqlite":
            raise CommandError(f"This is for SQLite. On PostgreSQL: {pg_dump(to)}")
        try:
            with new_file(to) as path:
                copy(path)
        except FileExistsError as error:
            raise CommandError(f"{to} already exists, and is not overwritten.") from error
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        except (sqlite3.Error, DatabaseError) as error:
            raise CommandError(f"The backup failed, and {to} was not written: {error}") from error
        self.stdout.write(f"The database is copied to {to}. It holds password hashes and sessions: keep it safe.")


def copy(path: Path) -> None:
    """Copy the database to an empty file.

    Raises:
        sqlite3.Error: when it cannot be read or written, or the copy is damaged.
        django.db.DatabaseError: when it cannot even be opened.
    """
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as target:
        # All pages in one step: a consistent copy, which does not start over when others write.
        connection.connection.backup(target, pages=-1)
        # The copy is one file. The server turns the write-ahead log on again.
        target.execute("PRAGMA journal_mode = DELETE")
        [problem] = target.execute("PRAGMA integrity_check(1)").fetchone()
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)


def pg_dump(to: Path) -> str:
    """Return the command that copies a PostgreSQL database, without a password: ``~/.pgpass`` is for that."""
    given = connection.settings_dict
    options = {"host": given["HOST"], "port": given["PORT"], "username": given["USER"], "file": to}
    words = [f"--{name}={value}" for name, value in options.items() if value]
    return shlex.join(["pg_dump", "--format=custom", *words, str(given["NAME"])])
