"""The product's database, to be locked, blocked, filled, made read-only or removed."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg

from tests.crashes.disk import filled, require
from tests.support import postgresql
from tests.support.product import Product, wait_until

RECORDS, EVENTS = "destinations_ui_auditrecord", "destinations_ui_event"


class Storage(ABC):
    """A database for one product.

    Attributes:
        url: Its ``DATABASE_URL``.
        impatient: The same, so that nothing waits longer than a moment for a lock.
        reading: The same, so that nothing can be written.
    """

    url: str
    impatient: str
    reading: str

    @abstractmethod
    def query(self, query: str, seconds: int = 20) -> list[tuple[Any, ...]]:
        """Return the rows of a query, if it has any. It fails when it has to wait longer."""

    def recorded(self, name: str) -> bool:
        """Tell whether there is a record of a destination of this name."""
        return bool(self.query(f"SELECT 1 FROM {RECORDS} WHERE name = '{name}'"))  # noqa: S608  # our own names

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]:
        """Keep everyone else from beginning to write."""

    @abstractmethod
    def wait_for_waiting(self, product: Product) -> None:
        """Wait until the product waits for the lock."""

    @abstractmethod
    def held_up(self, event: str) -> AbstractContextManager[None]:
        """Keep transactions that add such an event from coming to their end."""

    @abstractmethod
    def wait_for_held_up(self, product: Product) -> None:
        """Wait until the product is in the middle of such a transaction."""

    @abstractmethod
    def full(self) -> AbstractContextManager[None]:
        """Let there be no room for anything more."""

    @abstractmethod
    def gone(self) -> AbstractContextManager[None]:
        """Take it away, and bring it back."""

    @abstractmethod
    def another(self) -> Storage:
        """Return an empty one beside it."""

    @abstractmethod
    def remove(self) -> None:
        """Delete it for good."""

    @abstractmethod
    def copied(self) -> str:
        """Copy it as it is now, while it is in use; return the copy's address."""


class SQLite(Storage):
    """A file on a disk of its own."""

    def __init__(self, folder: Path, name: str = "product") -> None:
        self.folder = folder
        self.file = folder / f"{name}.sqlite3"
        self.url = f"sqlite:///{self.file}"
        self.impatient = f"{self.url}?timeout=1"
        self.reading = f"{self.url}?init_command=PRAGMA%20query_only=ON"

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=5, isolation_level=None, check_same_thread=False)

    def query(self, query: str, seconds: int = 20) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
            return connection.execute(query).fetchall()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the one lock for writing."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def wait_for_waiting(self, product: Product) -> None:
        """SQLite waits by short sleeps; nothing else in the product sleeps so."""
        wait_until(lambda: asleep(product.worker_pids()), "the product to wait for the lock", product.log)

    @contextlib.contextmanager
    def held_up(self, event: str) -> Iterator[None]:
        """Let adding the event take for ever, by a trigger that counts without end."""
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        with contextlib.closing(self._connect()) as connection:
            connection.execute(
                f"CREATE TRIGGER held_up AFTER INSERT ON {EVENTS} WHEN NEW.type = '{event}' "  # noqa: S608  # our own
                f"BEGIN SELECT count(*) FROM ({numbers}); END"
            )
            try:
                yield
            finally:
                connection.execute("DROP TRIGGER held_up")

    def wait_for_held_up(self, product: Product) -> None:
        """Whoever is in the middle of writing has the lock."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            wait_until(lambda: is_locked(connection), "the product to write", product.log)

    def full(self) -> AbstractContextManager[None]:
        """Fill the disk it is on. Room that is left in the write-ahead log is given back first."""
        require(self.folder)
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        return filled(self.folder)

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Move its files away; whoever has it open goes on with them."""
        away = self.folder / "away"
        away.mkdir()
        for file in self.folder.glob(f"{self.file.name}*"):
            file.rename(away / file.name)
        # In its place stands what cannot be opened, or an empty database would be made.
        self.file.mkdir()
        try:
            yield
        finally:
            self.file.rmdir()
            for file in away.iterdir():
                file.rename(self.folder / file.name)
            away.rmdir()

    def another(self) -> Storage:
        """Return another file on the same disk."""
        return SQLite(self.folder, "another")

    def remove(self) -> None:
        """Delete its files."""
        for file in self.folder.glob(f"{self.file.name}*"):
            file.unlink()

    def copied(self) -> str:
        """Copy it page by page."""
        target = self.folder / "copy.sqlite3"
        with (
            contextlib.closing(self._connect()) as connection,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            connection.backup(copy)
        return f"sqlite:///{target}"


class PostgreSQL(Storage):
    """A database on a server of its own, with a small disk beside it."""

    def __init__(self, server: str, disk: Path, name: str = "product") -> None:
        self.server = server
        self.disk = disk
        self.url = f"{server.rsplit('/', 1)[0]}/{name}"
        self.impatient = f"{self.url}?options=-c%20lock_timeout%3D200"
        self.reading = f"{self.url}?options=-c%20default_transaction_read_only%3Don"
        self.query(f"CREATE DATABASE {name}", url=server)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    def query(self, query: str, seconds: int = 20, url: str = "") -> list[tuple[Any, ...]]:
        """Return the rows of a query, of another database if its address is given."""
        options = f"-c lock_timeout={seconds * 1000}"
        with psycopg.connect(url or self.url, autocommit=True, options=options) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def _lock(self, table: str) -> Iterator[None]:
        with self._connect() as connection, connection.transaction():
            connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
            yield

    def locked(self) -> AbstractContextManager[None]:
        """Lock the records' table."""
        return self._lock(RECORDS)

    def wait_for_waiting(self, product: Product) -> None:
        """The server knows who waits for what."""
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        wait_until(lambda: bool(self.query(waiting)), "the product to wait for the lock", product.log)

    def held_up(self, event: str) -> AbstractContextManager[None]:
        """Lock the events' table: a record that goes with the event has been written by then."""
        return self._lock(EVENTS)

    def wait_for_held_up(self, product: Product) -> None:
        """Wait until it waits for the lock."""
        self.wait_for_waiting(product)

    def full(self) -> AbstractContextManager[None]:
        """Fill the small disk."""
        require(self.disk)
        return self._full()

    @contextlib.contextmanager
    def _full(self) -> Iterator[None]:
        """Let each event need room on the small disk as well, and fill that."""
        self.query(f"CREATE TABLESPACE small LOCATION '{self.disk}'")
        self.query("CREATE TABLE room (data bytea) TABLESPACE small")
        self.query("ALTER TABLE room ALTER data SET STORAGE EXTERNAL")
        self.query(
            "CREATE FUNCTION take_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO room VALUES (decode(repeat('00', 50000), 'hex')); RETURN NEW; END $$"
        )
        self.query(f"CREATE TRIGGER take_room AFTER INSERT ON {EVENTS} FOR EACH ROW EXECUTE FUNCTION take_room()")
        try:
            with filled(self.disk):
                yield
        finally:
            self.query("DROP FUNCTION take_room CASCADE")
            self.query("DROP TABLE room")
            self.query("DROP TABLESPACE small")

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Turn it to reading, and end the connections that may still write."""
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'product'"
        self.query("ALTER DATABASE product SET default_transaction_read_only = on", url=self.server)
        self.query(end, url=self.server)
        try:
            yield
        finally:
            self.query("ALTER DATABASE product RESET default_transaction_read_only", url=self.server)
            self.query(end, url=self.server)

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Stop the server as a power cut would, and start it again."""
        [(folder,)] = self.query("SHOW data_directory")
        data = Path(str(folder))
        options = shlex.split((data / "postmaster.opts").read_text())[3:]
        self._control(data, "-m", "immediate", "stop")
        try:
            yield
        finally:
            self._control(data, "-o", shlex.join(options), "start")

    def _control(self, data: Path, *arguments: str) -> None:
        programs = postgresql.find()
        assert programs is not None
        user = postgresql.unprivileged()
        run = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        command = [*run, str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(data.parent / "log"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=data.parent)  # noqa: S603  # our own command

    def another(self) -> Storage:
        """Return another database of the same server."""
        return PostgreSQL(self.server, self.disk, "another")

    def remove(self) -> None:
        """Drop it."""
        self.query(f"DROP DATABASE {self.url.rpartition('/')[2]}", url=self.server)

    def copied(self) -> str:
        """Copy it as ``pg_dump`` sees it."""
        programs = postgresql.find()
        assert programs is not None
        self.query("CREATE DATABASE copy", url=self.server)
        target = f"{self.server.rsplit('/', 1)[0]}/copy"
        dump = subprocess.run([programs / "pg_dump", self.url], check=True, capture_output=True)  # noqa: S603  # as above
        load = [str(programs / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", target]
        subprocess.run(load, check=True, input=dump.stdout, stdout=subprocess.DEVNULL)  # noqa: S603  # as above
        return target


def asleep(pids: set[int]) -> bool:
    """Tell whether a thread of these processes sleeps for a set time."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # It may have ended in between.
                if (task / "wchan").read_text() == "hrtimer_nanosleep":
                    return True
    return False


def is_locked(connection: sqlite3.Connection) -> bool:
    """Tell whether someone else is writing."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    connection.execute("ROLLBACK")
    return False
