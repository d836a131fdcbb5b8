"""Nothing is sent when the SQLite file was deleted or replaced under the running product."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from pytest_django import DjangoDbBlocker

from destinations_ui.audit import storage
from destinations_ui.audit.storage import StorageReplaced
from destinations_ui.conf.sqlite3.base import DatabaseWrapper
from destinations_ui.sandbox import SandboxServer
from destinations_ui.settings import database
from tests.support.form_data import KINESIS, form_data
from tests.support.product import Product, signed_in, token

FORM = "/destinations/new/kinesis/"
POSTS = "POST", "/api/v2/destinations"


def delete(file: Path) -> None:
    """Delete the file and what belongs to it."""
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()


def replace(file: Path) -> None:
    """Put a copy in the file's place, as from a backup."""
    copy = file.with_suffix(".copy")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    delete(file)
    copy.rename(file)


def move_away(file: Path) -> None:
    """Rename the file."""
    file.rename(file.with_suffix(".away"))


FAULTS: list[Callable[[Path], None]] = [delete, replace, move_away]
each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


@pytest.fixture
def other(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[DatabaseWrapper]:
    """A connection to an SQLite file of its own, as ``migrate`` leaves it."""
    given = {"default": {}, "other": database(f"sqlite:///{tmp_path}/other.sqlite3")}
    wrapper = DatabaseWrapper(connections.configure_settings(given)["other"], "other")
    connections["other"] = wrapper
    with django_db_blocker.unblock():
        wrapper.prepare_database()
        with wrapper.cursor() as cursor:
            cursor.execute("CREATE TABLE django_migrations (applied datetime)")
            cursor.execute("INSERT INTO django_migrations VALUES ('2026-11-23 12:00:00.123456')")
        yield wrapper
        wrapper.close()
    del connections["other"]


def test_a_file_that_nobody_touched_is_the_same(other: DatabaseWrapper) -> None:
    storage.check("other")
    other.close()
    storage.check("other")


@each_fault
def test_a_deleted_or_replaced_file_is_noticed(other: DatabaseWrapper, fault: Callable[[Path], None]) -> None:
    storage.check("other")

    fault(other.path)

    with pytest.raises(StorageReplaced):
        storage.check("other")


def test_a_replaced_file_stays_refused_on_a_new_connection(other: DatabaseWrapper) -> None:
    storage.check("other")
    replace(other.path)
    other.close()

    with pytest.raises(StorageReplaced):
        storage.check("other")


def test_a_file_that_is_moved_back_is_the_same_again(other: DatabaseWrapper) -> None:
    storage.check("other")
    move_away(other.path)
    other.path.with_suffix(".away").rename(other.path)

    storage.check("other")


def test_another_database_under_the_same_inode_is_noticed(other: DatabaseWrapper) -> None:
    storage.check("other")
    other.close()
    with closing(sqlite3.connect(other.path)) as connection, connection:
        connection.execute("UPDATE django_migrations SET applied = '2026-11-24 12:00:00.123456'")

    with pytest.raises(StorageReplaced):
        storage.check("other")


def test_a_missing_file_is_not_created_by_connecting(other: DatabaseWrapper) -> None:
    other.close()
    delete(other.path)

    with pytest.raises(OperationalError):
        other.ensure_connection()

    assert not other.path.exists()


def test_only_its_owner_reads_a_file_that_migrate_created(other: DatabaseWrapper) -> None:
    assert other.path.stat().st_mode & 0o777 == 0o600


@each_fault
def test_the_product_sends_nothing_and_is_not_ready(
    tmp_path: Path, sandbox: SandboxServer, fault: Callable[[Path], None]
) -> None:
    file = tmp_path / "product.sqlite3"
    # One thread, so that the form is posted on the connection that was open before.
    one_thread = Product(tmp_path, sandbox.url, workers=1, database_url=f"sqlite:///{file}")
    one_thread.environment["GUNICORN_CMD_ARGS"] = "--threads 1"
    with one_thread as product:
        session = signed_in(product)
        form = form_data(KINESIS, name="Not to be lost", csrfmiddlewaretoken=token(session, f"{product.url}{FORM}"))

        fault(file)
        refused = session.post(f"{product.url}{FORM}", data=form, timeout=60)
        ready = product.ready()
        again = session.post(f"{product.url}{FORM}", data=form, timeout=60)

    assert [refused.status_code, again.status_code] == [503, 503]
    assert "Nothing was sent" in refused.text
    assert "Not to be lost" in refused.text
    assert not ready
    assert sandbox.count(*POSTS) == 0
