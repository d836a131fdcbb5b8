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
    """Make a backup."""

    help = "Copy the SQLite database to a file, while the server runs. On PostgreSQL, say which command does that."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file."""
        parser.add_argument(
            "--to", type=Path, required=True, metavar="FILE", help="write it to FILE, which must not exist yet"
        )

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        """Copy the database as it is at one moment, and check the copy."""
        if connection.vendor != "sqlite":
            raise CommandError(f"This is for SQLite. On PostgreSQL: {pg_dump(to)}")
        try:
            with new_file(to) as path:
                copy(path)
        except FileExistsError as error:
            raise CommandError(f"{to} is there already, and is not overwritten.") from error
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        except (sqlite3.Error, DatabaseError) as error:
            raise CommandError(f"The backup failed, and there is no {to}: {error}") from error
        self.stdout.write(f"The database is copied to {to}. It holds password hashes and sessions: keep it safe.")


def copy(path: Path) -> None:
    """Copy the database to an empty file.

    Raises:
        sqlite3.Error: when it cannot be read or written, or the copy is damaged.
        django.db.DatabaseError: when it cannot even be opened.
    """
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as target:
        # All pages at once: one moment of the database, which is not begun again when others write.
        connection.connection.backup(target, pages=-1)
        # The copy is one file. The product turns its log on again.
        target.execute("PRAGMA journal_mode = DELETE")
        [found] = target.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)


def pg_dump(to: Path) -> str:
    """Return the command that copies a PostgreSQL database. It has no password in it: ``~/.pgpass`` is for that."""
    given = connection.settings_dict
    options = {"host": given["HOST"], "port": given["PORT"], "username": given["USER"], "file": to}
    words = [f"--{name}={value}" for name, value in options.items() if value]
    return shlex.join(["pg_dump", "--format=custom", *words, str(given["NAME"])])
