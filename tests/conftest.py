"""What the tests share: people, the sandbox in place of LaunchDarkly, and the running product."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from hypothesis import settings as hypothesis
from pytest_django import DjangoDbBlocker, Settings
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from destinations_ui.demo.preparation import static_files_are_current
from destinations_ui.destinations import inventory
from destinations_ui.launchdarkly import throttling
from destinations_ui.sandbox import SandboxServer
from tests.support import unguarded
from tests.support.product import Product

# How long an example takes is the machine's affair: speed is measured in a benchmark.
hypothesis.register_profile("unhurried", deadline=None)
hypothesis.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Collect the static files, as a deployment does: once, before the workers start."""
    if not hasattr(config, "workerinput") and not static_files_are_current():
        call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Let SQLite be a file, as in production: in memory it has no write-ahead log and no locks."""
    database = connection.settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let Django empty the tables after a test, past the triggers, and leave what the migrations wrote.

    So a test with transactions of its own can run before any other test.
    """
    with django_db_blocker.unblock():
        contents = connection.creation.serialize_db_to_string()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", unguarded.restored(contents))
        yield


@pytest.fixture(scope="session", autouse=True)
def folders_read_once() -> Iterator[None]:
    """Read the static files once for all clients, or they take half the time of a test."""
    read = WhiteNoiseMiddleware.update_files_dictionary
    found: dict[tuple[str, str], dict[str, StaticFile]] = {}

    def update(whitenoise: WhiteNoiseMiddleware, root: str, prefix: str) -> None:
        if (root, prefix) not in found:
            read(whitenoise, root, prefix)
            found[root, prefix] = dict(whitenoise.files)
        whitenoise.files.update(found[root, prefix])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "update_files_dictionary", update)
        yield


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxServer]:
    """Run one sandbox for all tests."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox: SandboxServer, settings: Settings) -> Iterator[SandboxServer]:
    """Give a test a sandbox as new, to which the product is connected."""
    running_sandbox.reset()
    settings.LAUNCHDARKLY_URL = running_sandbox.url
    yield running_sandbox
    running_sandbox.reset()


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Let no test find what another one read."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def forgotten_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test read LaunchDarkly anew, whatever another one has read, and however it failed."""
    throttling.PROCESS.breaker.close()
    monkeypatch.setattr(inventory, "REFRESH_INTERVAL", timedelta(0))
    monkeypatch.setattr(inventory, "LIVE", 0.0)


@pytest.fixture(autouse=True)
def quick_hashes(settings: Settings) -> None:
    """Hash passwords quickly."""
    settings.PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher"]


def person(name: str, group: str = "") -> User:
    """Make someone, in a group or in none."""
    made = User.objects.create_user(name, password="correct-horse-battery")
    if group:
        made.groups.add(Group.objects.get(name=group))
    return made


@pytest.fixture
def viewer(db: None) -> User:
    """Someone who may look."""
    return person("vera", "Viewers")


@pytest.fixture
def operator(db: None) -> User:
    """Someone who may also create."""
    return person("oskar", "Operators")


@pytest.fixture
def administrator(db: None) -> User:
    """Someone who may also administer people."""
    return person("ada", "Administrators")


@pytest.fixture
def nobody(db: None) -> User:
    """Someone who may sign in, and nothing else."""
    return person("nils")


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, running_sandbox: SandboxServer) -> Iterator[Product]:
    """Run the product as it is deployed: gunicorn, two processes, a database of its own."""
    with Product(tmp_path_factory.mktemp("product"), running_sandbox.url) as running:
        yield running
