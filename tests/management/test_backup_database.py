"""A backup that is taken while people work is whole, and what came after it is found when it is restored."""

from __future__ import annotations

import os
import shlex
import sqlite3
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django import Settings

from destinations_ui.audit.models import AuditRecord
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.actions import create_destination
from destinations_ui.sandbox import SandboxServer
from tests.support import postgresql
from tests.support.attempts import attempt

ROOT = Path(__file__).resolve().parents[2]
MARKER = "marker-of-the-write-key-0123456789"

#: The copy is of what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL brings its own programs.")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server.")


@contextmanager
def people_at_work(operator: User, sandbox: SandboxServer) -> Iterator[None]:
    """Create one destination after another in the background."""
    under_way, stop = threading.Event(), threading.Event()

    def work() -> None:
        try:
            for number in range(1000):
                name = f"Destination {number}"
                place = {"environment": "staging", "name": name, "values": {"write_key": Secret(MARKER)}}
                create_destination(attempt(operator, "segment", **place))
                if number == 3:
                    under_way.set()
                if stop.is_set():
                    return
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert under_way.wait(60)
        yield
    finally:
        stop.set()
        worker.join(20)


def manage(database: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ``manage.py`` with another database."""
    return subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "manage.py", *arguments],
        env=os.environ | {"DATABASE_URL": database} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_whole(database: str, at_least: int) -> None:
    """Expect a database that verifies, triggers and search index included, and can be written to."""
    found = manage(database, "verify_history")
    assert found.returncode == 0, found.stderr
    assert "The history is what was written" in found.stdout
    assert "Warning" not in found.stderr
    records = int(found.stdout.split(" records")[0].split()[-1])
    assert at_least <= records < AuditRecord.objects.count()


def assert_what_was_lost_is_found(database: str, sandbox: SandboxServer, checkpoint: Path, late: str) -> None:
    """Expect a checkpoint to show that the end is missing, and LaunchDarkly's list to show what it was."""
    found = manage(database, "verify_history", f"--checkpoint={checkpoint}")
    assert found.returncode == 1
    assert "Cut off" in found.stderr
    listed = manage(database, "reconcile", "--unrecorded", LAUNCHDARKLY_URL=sandbox.url)
    assert listed.returncode == 0, listed.stderr
    assert late in listed.stdout


def backup(to: Path) -> None:
    """Take a backup."""
    call_command("backup_database", "--to", str(to))


def refusal(to: Path) -> str:
    """Return why no backup is taken."""
    with pytest.raises(CommandError) as refused:
        backup(to)
    return str(refused.value)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "backup.sqlite3"


@on_sqlite
class TestSQLite:
    """``backup_database`` copies the file while it is in use."""

    def test_a_backup_that_is_taken_while_people_work_is_whole(
        self, operator: User, sandbox: SandboxServer, copy: Path, tmp_path: Path
    ) -> None:
        with people_at_work(operator, sandbox):
            backup(copy)
        late = create_destination(attempt(operator, name="After the backup")).record
        checkpoint = tmp_path / "checkpoint"
        call_command("checkpoint_history", "--to", str(checkpoint))

        restored = f"sqlite:///{copy.rename(tmp_path / 'restored.sqlite3')}"
        assert_whole(restored, at_least=4)
        assert_what_was_lost_is_found(restored, sandbox, checkpoint, late.destination_id)

    def test_it_is_one_file_for_its_owner_alone(self, copy: Path) -> None:
        backup(copy)

        assert list(copy.parent.iterdir()) == [copy]
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600

    def test_no_secret_is_in_it(self, operator: User, sandbox: SandboxServer, copy: Path, settings: Settings) -> None:
        create_destination(attempt(operator, "segment", values={"write_key": Secret(MARKER)}))
        backup(copy)

        for secret in (MARKER, settings.SEAL_KEY.reveal()):
            assert secret.encode() not in copy.read_bytes()

    def test_a_file_is_not_overwritten(self, copy: Path) -> None:
        copy.write_text("precious")

        assert refusal(copy) == f"{copy} already exists, and is not overwritten."
        assert copy.read_text() == "precious"

    def test_where_it_cannot_be_written_it_says_so(self, tmp_path: Path) -> None:
        assert "cannot be written: No such file" in refusal(tmp_path / "none" / "copy")

    def test_a_damaged_database_makes_no_backup(self, operator: User, copy: Path, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged.sqlite3"
        backup(damaged)
        with closing(sqlite3.connect(damaged)) as database:
            [size] = database.execute("PRAGMA page_size").fetchone()
        with damaged.open("r+b") as file:
            for page in range(2, damaged.stat().st_size // size):
                file.seek(page * size)
                file.write(b"\xff" * 8)

        failed = manage(f"sqlite:///{damaged}", "backup_database", f"--to={copy}")

        assert failed.returncode == 1
        assert f"The backup failed, and {copy} was not written: " in failed.stderr
        assert not copy.exists()


@on_postgresql
class TestPostgreSQL:
    """``backup_database`` names the program that does it, and that program does."""

    def test_a_backup_that_is_taken_while_people_work_is_whole(
        self, operator: User, sandbox: SandboxServer, tmp_path: Path
    ) -> None:
        dump, checkpoint = tmp_path / "backup.dump", tmp_path / "checkpoint"
        line = refusal(dump).removeprefix("This is for SQLite. On PostgreSQL: ")
        with people_at_work(operator, sandbox):
            run(shlex.split(line))
        late = create_destination(attempt(operator, name="After the backup")).record
        call_command("checkpoint_history", "--to", str(checkpoint))

        with second_database() as restored:
            run(["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={restored}", str(dump)])
            assert_whole(restored, at_least=4)
            assert_what_was_lost_is_found(restored, sandbox, checkpoint, late.destination_id)

    def test_no_secret_is_in_it(
        self, operator: User, sandbox: SandboxServer, tmp_path: Path, settings: Settings
    ) -> None:
        create_destination(attempt(operator, "segment", values={"write_key": Secret(MARKER)}))
        dump = tmp_path / "backup.sql"
        words = shlex.split(refusal(dump).removeprefix("This is for SQLite. On PostgreSQL: "))
        run([word.replace("=custom", "=plain") for word in words])

        text = dump.read_text()
        assert "Web shop events" in text
        assert MARKER not in text
        assert settings.SEAL_KEY.reveal() not in text

    def test_the_line_has_no_password_in_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(connection.settings_dict, "PASSWORD", "marker-of-the-password")

        assert "marker-of-the-password" not in refusal(tmp_path / "backup.dump")


def run(words: list[str]) -> None:
    """Run one of PostgreSQL's programs."""
    found = postgresql.find()
    assert found
    program = (found / "initdb").resolve().with_name(words[0])
    subprocess.run([program, *words[1:]], check=True)  # noqa: S603  # the tests' own command


@contextmanager
def second_database() -> Iterator[str]:
    """Make another, empty database on the server; yield its address."""
    name = f"restored_{uuid.uuid4().hex}"
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {name}".encode())
        yield f"{server.rsplit('/', 1)[0]}/{name}"
        administrator.execute(f"DROP DATABASE {name}".encode())
