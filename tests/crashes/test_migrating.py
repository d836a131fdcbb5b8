"""The history of an older release is sealed by its migration while processes of that release still run."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from tests.crashes.scene import Scene
from tests.crashes.storage import RECORDS, Storage
from tests.support.product import wait_until

MANY = 2_000
COLUMNS = (
    "uuid submission request_id created_at actor actor_pk action outcome project environment kind name "
    '"on" config secrets reason destination_id error_code error_message error_id explanation'
)
#: What the older release's processes ask of the database. What takes longer than a second fails.
READ = f"SELECT * FROM {RECORDS} ORDER BY id DESC LIMIT 51"  # noqa: S608  # our own name


def insert(rows: int) -> str:
    """Return the statement by which the older release adds records, as one."""
    said = [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", "oskar", "1", "destination.create", "pending"]
    said += ["web-shop", "staging", "kinesis", "Old"]
    kept = "true, '{{}}', '{{}}', '', '', '', '', '', ''"
    one = "('{}', '{}', '{}', " + ", ".join(f"'{text}'" for text in said) + f", {kept})"
    values = (one.format(*(uuid.uuid4().hex for _ in range(3))) for _ in range(rows))
    return f"INSERT INTO {RECORDS} ({', '.join(COLUMNS.split())}) VALUES {', '.join(values)}"  # noqa: S608  # as above


@pytest.fixture
def old(scene: Scene) -> Iterator[Storage]:
    """Give a test the database of a release that had no events."""
    storage = scene.storage.another()
    # What belongs to others is as it is now.
    scene.product.manage("migrate", "--verbosity=0", "destinations_ui", "0002", DATABASE_URL=storage.url)
    yield storage
    storage.remove()


def test_while_many_records_are_sealed_the_history_stays_up_and_nothing_is_lost(scene: Scene, old: Storage) -> None:
    for _ in range(MANY // 500):
        old.query(insert(500))
    written: list[bool] = []
    migration = scene.product.command("migrate", "--verbosity=0", DATABASE_URL=old.url)

    def ask() -> bool:
        assert len(old.query(READ, seconds=1)) == 51
        try:
            old.query(insert(1), seconds=1)
            written.append(True)
        except (psycopg.Error, sqlite3.Error):
            # Then the older release sends nothing.
            written.append(False)
        return migration.poll() is not None

    wait_until(ask, "the migration", scene.product.log, seconds=60)
    migration.communicate()

    assert migration.returncode == 0
    assert old.query(f"SELECT count(*) FROM {RECORDS}") == [(MANY + sum(written),)]  # noqa: S608  # as above


def test_a_record_that_the_older_release_adds_after_the_migration_is_found_out(scene: Scene, old: Storage) -> None:
    """The older release has to be stopped before; should it run on, its records are not taken for the history."""
    scene.product.manage("migrate", "--verbosity=0", DATABASE_URL=old.url)
    scene.product.manage("verify_history", DATABASE_URL=old.url)
    old.query(insert(1))

    verification = scene.product.command("verify_history", DATABASE_URL=old.url)
    verification.communicate()
    assert verification.returncode == 1
    assert "has no events" in scene.product.log.read_text()
