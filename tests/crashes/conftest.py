"""A product that can be killed, on a database that can fail."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from destinations_ui.sandbox import SandboxServer
from tests.crashes.disk import small_disk
from tests.crashes.scene import KIND, Scene
from tests.crashes.storage import PostgreSQL, SQLite, Storage
from tests.support import postgresql
from tests.support.product import Product, signed_in, token


@pytest.fixture(scope="session")
def storage() -> Iterator[Storage]:
    """Give the product a database: on a PostgreSQL server of its own if the tests run on one, else an SQLite file."""
    with ExitStack() as until_the_end:
        # Not in pytest's folder: the server runs as somebody else, who has to come as far as the disk.
        disk = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="destinations-ui-disk-")))
        if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
            until_the_end.enter_context(small_disk(disk, megabytes=64))
            yield SQLite(disk)
            return
        programs = postgresql.find()
        if programs is None:
            pytest.skip(
                "CRASHES ARE NOT TRIED: PostgreSQL's programs are not here, and no other server may be stopped."
            )
        server = until_the_end.enter_context(postgresql.server(programs))
        if until_the_end.enter_context(small_disk(disk, megabytes=4)) and postgresql.unprivileged():
            shutil.chown(disk, postgresql.unprivileged())
        yield PostgreSQL(server, disk)


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, running_sandbox: SandboxServer, storage: Storage
) -> Iterator[Scene]:
    """Run the product, with a person who has signed in. It waits long for LaunchDarkly: nothing ends by itself."""
    product = Product(tmp_path_factory.mktemp("crashes"), running_sandbox.url, database_url=storage.url)
    product.environment |= {"LAUNCHDARKLY_TIMEOUT": "15", "RECONCILE_GRACE": "60"}
    # It starts some twenty times: gunicorn loads it once for both workers.
    product.environment["GUNICORN_CMD_ARGS"] = "--preload"
    with product, ThreadPoolExecutor(32) as people:
        session = signed_in(product)
        csrf = token(session, f"{product.url}/destinations/new/{KIND.slug}/")
        yield Scene(product, running_sandbox, storage, session, csrf, people)


@pytest.fixture(scope="module")
def verified(running: Scene) -> Iterator[None]:
    """Have the history verified after everything that a module does to it.

    Raises:
        RuntimeError: when it does not hold.
    """
    yield
    running.product.manage("verify_history")


@pytest.fixture
def scene(running: Scene, verified: None) -> Iterator[Scene]:
    """Reset the sandbox, and ensure that the product runs before and after a test."""
    running.sandbox.reset()
    yield running
    running.sandbox.reset()
    if running.product.process.poll() is not None:
        running.product.start()
