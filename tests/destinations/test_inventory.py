"""LaunchDarkly's lists as pages use them: kept for a while, honest about their age, and never waited for long."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.core.cache import cache
from pytest_django import Settings

from destinations_ui.destinations import inventory
from destinations_ui.destinations.inventory import FRESH, StoredList, cache_key
from destinations_ui.launchdarkly.resources import Project
from destinations_ui.launchdarkly.throttling import PROCESS, READ_CONCURRENCY, READ_QUEUE
from destinations_ui.sandbox import Drop, Hang, Request, SandboxServer, Status
from tests.support.attempts import record

PROJECTS = "/api/v2/projects"
DESTINATIONS = "/api/v2/destinations"

pytestmark = pytest.mark.django_db


def keys() -> list[str]:
    """Return the keys of the projects, as far as they are known."""
    return [project.key for project in inventory.projects().items]


def remember(age: timedelta, *keys: str) -> None:
    """Put a list of projects of some age into the cache."""
    known = tuple(Project(key=key, name=key) for key in keys)
    stored = StoredList(datetime.now(UTC) - age, known)
    cache.set(cache_key("projects"), msgspec.json.encode(stored).decode())


class TestKeeping:
    """A list is asked for once, until there is a reason to ask again."""

    def test_a_list_is_kept_for_a_while(self, sandbox: SandboxServer) -> None:
        first, second = inventory.projects(), inventory.projects()

        assert first == second
        assert first.current
        assert sandbox.count("GET", PROJECTS) == 1

    def test_an_old_list_is_asked_for_again(self, sandbox: SandboxServer) -> None:
        remember(FRESH - timedelta(seconds=5), "young")
        assert keys() == ["young"]
        remember(FRESH + timedelta(seconds=5), "old")
        assert "web-shop" in keys()

    def test_a_refresh_reads_the_list_again(self, sandbox: SandboxServer) -> None:
        inventory.projects()
        sandbox.add_project("brand-new", "Brand new")

        assert "brand-new" not in keys()
        assert "brand-new" in [project.key for project in inventory.projects(refresh=True).items]
        assert "brand-new" in keys()

    @pytest.mark.parametrize("refresh", [False, True])
    def test_simultaneous_readers_share_one_request_or_the_next(self, sandbox: SandboxServer, refresh: bool) -> None:
        everybody = threading.Barrier(8)
        there = threading.Event()

        def wait(request: Request) -> None:
            there.wait(10)

        def ask(number: int) -> list[str]:
            everybody.wait(10)
            if number == 7:
                there.set()
            return [project.key for project in inventory.projects(refresh=refresh).items]

        sandbox.script("GET", PROJECTS, wait)
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(ask, range(8)))

        assert all("web-shop" in response for response in responses)
        assert sandbox.count("GET", PROJECTS) <= (2 if refresh else 1)

    def test_while_one_thread_refreshes_a_list_the_others_use_the_old_one(self, sandbox: SandboxServer) -> None:
        remember(timedelta(minutes=5), "old")
        released = threading.Event()

        def hold(request: Request) -> None:
            released.wait(10)

        sandbox.script("GET", PROJECTS, hold)
        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(inventory.projects)
            assert sandbox.wait_for("GET", PROJECTS)
            others = [inventory.projects() for _ in range(50)]
            released.set()
            found = reader.result(10)

        assert {tuple(project.key for project in each.items) for each in others} == {("old",)}
        assert not any(each.current or each.problem for each in others)
        assert found.current
        assert "web-shop" in keys()
        assert sandbox.count("GET", PROJECTS) == 1

    def test_refreshes_beyond_the_limit_return_at_once(self, sandbox: SandboxServer) -> None:
        remember(timedelta(minutes=5), "old")
        released = threading.Event()

        def hold(request: Request) -> None:
            released.wait(10)

        sandbox.script("GET", PROJECTS, hold, times=None)
        with ThreadPoolExecutor(READ_CONCURRENCY + READ_QUEUE + 30) as pool:
            begun = [pool.submit(inventory.projects, refresh=True) for _ in range(READ_CONCURRENCY + READ_QUEUE + 30)]
            done = as_completed(begun)
            told = [next(done).result() for _ in range(30)]
            assert sandbox.count("GET", PROJECTS) == 1
            released.set()

        assert all([project.key for project in each.items] == ["old"] for each in told)
        assert all("Too many pages are waiting" in each.problem for each in told)

    def test_a_refresh_right_after_another_reads_nothing(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inventory, "REFRESH_INTERVAL", timedelta(hours=1))
        for _ in range(5):
            assert inventory.projects(refresh=True).current
        assert sandbox.count("GET", PROJECTS) == 1

    def test_being_busy_is_not_remembered_as_a_failure(self, sandbox: SandboxServer) -> None:
        with ExitStack() as slots:
            for _ in range(READ_CONCURRENCY):
                slots.enter_context(PROCESS.read(0))
            assert inventory.projects().problem
        assert inventory.projects().current

    def test_a_list_from_the_future_is_read_again(self, sandbox: SandboxServer) -> None:
        remember(-timedelta(hours=1), "future")

        assert "web-shop" in keys()

    def test_live_destinations_are_read_once_for_everybody(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inventory, "LIVE", 3600)
        monkeypatch.setattr(inventory, "LIVE_DESTINATIONS", inventory.Live())
        with ThreadPoolExecutor(READ_QUEUE) as pool:
            found = list(pool.map(lambda _: inventory.live_destinations(), range(20)))
        assert all(each is found[0] for each in found)
        assert sandbox.count("GET", DESTINATIONS) == 1

    def test_while_one_list_is_read_another_project_s_is_read_too(self, sandbox: SandboxServer) -> None:
        both = threading.Barrier(2)

        def meet(request: Request) -> None:
            both.wait(3)

        sandbox.script("GET", f"{PROJECTS}/web-shop/environments", meet)
        sandbox.script("GET", f"{PROJECTS}/mobile-app/environments", meet)
        with ThreadPoolExecutor(2) as pool:
            lists = list(pool.map(inventory.environments, ("web-shop", "mobile-app")))

        assert all(each.current for each in lists)

    def test_after_our_own_creation_the_destinations_are_asked_for_again(self, sandbox: SandboxServer) -> None:
        inventory.destinations()
        record(outcome="refused")
        inventory.destinations()
        assert sandbox.count("GET", DESTINATIONS) == 1

        record(outcome="succeeded")
        inventory.destinations()
        inventory.destinations()

        assert sandbox.count("GET", DESTINATIONS) == 2

    def test_each_project_has_a_list_of_environments_of_its_own(self, sandbox: SandboxServer) -> None:
        web, mobile = (inventory.environments(key) for key in ("web-shop", "mobile-app"))

        assert web.items[0].key == "production"
        assert {environment.key for environment in web.items} == {"production", "staging", "test", "development"}
        assert {environment.key for environment in mobile.items} == {"production", "staging", "development"}

    @pytest.mark.parametrize("key", ["", "../x", "a/b", "a b", "x" * 257])
    def test_what_is_no_key_is_not_asked_about(self, sandbox: SandboxServer, key: str) -> None:
        found = inventory.environments(key)

        assert not found.known
        assert sandbox.requests == []

    def test_another_installation_on_the_same_cache_has_lists_of_its_own(self, settings: Settings) -> None:
        ours = cache_key("projects")

        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:10"
        theirs = cache_key("projects")
        settings.SECRET_KEY = "another-secret-key-0123456789-0123456789"

        assert len({ours, theirs, cache_key("projects")}) == 3


class TestFailing:
    """When LaunchDarkly does not answer, an old list is better than none, and nobody waits long."""

    def test_without_any_list_the_reason_is_said(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Status(403), times=None)

        found = inventory.projects()

        assert not found.known
        assert not found.current
        assert "access token lacks permission" in found.problem
        assert list(found.items) == []

    def test_an_old_list_is_shown_with_the_reason(self, sandbox: SandboxServer) -> None:
        remember(timedelta(hours=1), "old")
        sandbox.script("GET", PROJECTS, Status(500), times=None)

        found = inventory.projects()

        assert [project.key for project in found.items] == ["old"]
        assert found.known
        assert not found.current
        assert found.problem

    def test_after_a_failure_launchdarkly_is_left_alone_for_a_moment(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Status(403), times=None)

        problems = {inventory.projects().problem for _ in range(3)}
        asked = sandbox.count("GET", PROJECTS)
        impatient = inventory.projects(refresh=True).problem

        assert asked == sandbox.count("GET", PROJECTS) == 1
        assert problems == {impatient} != {""}

    def test_a_refresh_soon_after_a_failure_reads_again(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox.script("GET", PROJECTS, Status(403))
        assert inventory.projects().problem
        monkeypatch.setattr(inventory, "REFRESH_RESPITE", timedelta(0))

        assert inventory.projects().problem
        assert inventory.projects(refresh=True).problem == ""
        assert inventory.projects().current

    def test_without_a_connection_no_other_list_is_read_either(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Drop(), times=None)

        problem = inventory.projects().problem

        assert inventory.destinations().problem == inventory.environments("web-shop").problem == problem
        assert sandbox.count("GET", DESTINATIONS) == sandbox.count("GET", f"{PROJECTS}/web-shop") == 0

    def test_a_bad_response_is_about_its_own_list_only(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Status(403))

        assert inventory.projects().problem
        assert inventory.destinations().current
        assert inventory.environments("web-shop").current

    def test_a_silent_launchdarkly_is_not_waited_for_long(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inventory, "PATIENCE", 0.2)
        sandbox.script("GET", PROJECTS, Hang(60), times=None)

        began = time.monotonic()
        found = inventory.projects()

        assert time.monotonic() - began < 1.5
        assert "did not respond in time" in found.problem

    def test_a_project_that_is_gone_has_no_environments_and_says_why(self, sandbox: SandboxServer) -> None:
        found = inventory.environment_slots("nowhere")

        assert list(found.items) == []
        assert "no such project" in found.problem


class TestPlaces:
    """An environment, and what it has."""

    def test_each_environment_comes_with_its_destinations(self, sandbox: SandboxServer) -> None:
        sandbox.add_destination("web-shop", "staging", name="Second", kind="carrier-pigeon")
        sandbox.add_destination("web-shop", "staging", name="Third")
        sandbox.add_destination("mobile-app", "staging", name="Elsewhere")

        found = {place.environment.key: place for place in inventory.environment_slots("web-shop").items}

        assert [destination.name for destination in found["staging"].destinations] == ["Second", "Third"]
        assert found["staging"].destinations[0].kind == "carrier-pigeon"
        assert list(found["test"].destinations) == []
        assert found["production"].environment.critical

    def test_when_only_the_destinations_are_missing_the_environments_are_there(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(403))

        found = inventory.environment_slots("web-shop")

        assert len(found.items) == 4
        assert "access token lacks permission" in found.problem


class TestCacheOfOthers:
    """A shared cache can be written by others: only our own JSON is read from it, and nothing is unpickled."""

    @pytest.mark.parametrize(
        "value",
        [
            7,
            b"{}",
            "",
            "null",
            "{}",
            "[" * 100_000,
            '{"read_at": "2026-11-24T10:00:00", "items": []}',
            '{"read_at": "soon", "items": []}',
            '{"read_at": "NOW", "items": {}}',
            '{"read_at": "NOW", "items": [{"key": 5, "name": "x"}]}',
            '{"read_at": "NOW", "items": [{"name": "x"}]}',
            '{"read_at": "NOW", "items": [{"key": "x", "name": "x", "total": "many"}]}',
            '{"read_at": "NOW", "items": [{"key": "\\ud800", "name": "x"}]}',
            ["foreign"],
            {"read_at": "NOW", "items": []},
        ],
        ids=range(15),
    )
    def test_a_foreign_value_counts_as_absent(self, value: object, sandbox: SandboxServer) -> None:
        if isinstance(value, str):
            value = value.replace("NOW", datetime.now(UTC).isoformat())
        cache.set(cache_key("projects"), value)
        cache.set_many(dict.fromkeys(inventory.problem_keys(cache_key("projects")), value))

        found = inventory.projects()

        assert "web-shop" in [project.key for project in found.items]
        assert found.current
        assert sandbox.count("GET", PROJECTS) == 1

    def test_only_text_is_stored(self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        stored: list[object] = []
        monkeypatch.setattr(cache, "set", lambda key, value, timeout: stored.append(value))
        sandbox.script("GET", PROJECTS, Status(403))

        inventory.projects()
        inventory.destinations()
        inventory.environments("web-shop")

        assert len(stored) == 3
        assert all(isinstance(json.loads(str(value)), dict) for value in stored)


def test_the_cache_holds_no_configuration(sandbox: SandboxServer) -> None:
    sandbox.add_destination("web-shop", "test", kind="segment", config={"writeKey": "wri****key", "marker": "seen"})

    [found] = [item for item in inventory.destinations(refresh=True).items if item.environment == "test"]
    [kept] = [item for item in inventory.destinations().items if item.environment == "test"]
    assert found.config == kept.config == {}


#: Sixteen threads of a new process read each list from the cache for the first time.
FIRST_READS = """
import sys, threading
import django
django.setup()
from destinations_ui.destinations import inventory
from destinations_ui.launchdarkly.resources import Destination, Environment, Project
inventory.cache.set("list", '{"read_at": "2026-01-01T00:00:00Z", "items": []}')
start = threading.Barrier(16)
def read():
    start.wait()
    for item in (Project, Environment, Destination):
        assert inventory.load_list("list", item).known
threads = [threading.Thread(target=read) for _ in range(16)]
sys.setswitchinterval(1e-6)
[thread.start() for thread in threads], [thread.join() for thread in threads]
"""


def test_the_first_pages_of_a_process_may_read_lists_at_once() -> None:
    subprocess.run([sys.executable, "-c", FIRST_READS], check=True)  # noqa: S603  # our own code
