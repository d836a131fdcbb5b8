"""LaunchDarkly's lists as pages use them: kept for a while, honest about their age, and never waited for long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from pytest_django import Settings

from destinations_ui.destinations import inventory as catalogue
from destinations_ui.destinations.inventory import FRESH, CachedList, cache_key
from destinations_ui.launchdarkly.resources import Project
from destinations_ui.sandbox import Drop, Hang, Request, SandboxServer, Status
from tests.support.attempts import record

PROJECTS = "/api/v2/projects"
DESTINATIONS = "/api/v2/destinations"

pytestmark = pytest.mark.django_db


def keys() -> list[str]:
    """Return the keys of the projects, as far as they are known."""
    return [project.key for project in catalogue.projects().items]


def remember(age: timedelta, *keys: str) -> None:
    """Put a list of projects of some age into the cache."""
    known = tuple(Project(key=key, name=key) for key in keys)
    cache.set(cache_key("projects"), CachedList(known, datetime.now(UTC) - age))


class TestKeeping:
    """A list is asked for once, until there is a reason to ask again."""

    def test_a_list_is_kept_for_a_while(self, sandbox: SandboxServer) -> None:
        first, second = catalogue.projects(), catalogue.projects()

        assert first == second
        assert first.current
        assert sandbox.count("GET", PROJECTS) == 1

    def test_an_old_list_is_asked_for_again(self, sandbox: SandboxServer) -> None:
        remember(FRESH - timedelta(seconds=5), "young")
        assert keys() == ["young"]
        remember(FRESH + timedelta(seconds=5), "old")
        assert "web-shop" in keys()

    def test_someone_who_asks_for_it_gets_a_fresh_list(self, sandbox: SandboxServer) -> None:
        catalogue.projects()
        sandbox.add_project("brand-new", "Brand new")

        assert "brand-new" not in keys()
        assert "brand-new" in [project.key for project in catalogue.projects(fresh=True).items]
        assert "brand-new" in keys()

    @pytest.mark.parametrize("fresh", [False, True])
    def test_many_who_ask_at_once_are_answered_by_one_list_or_by_the_next(
        self, sandbox: SandboxServer, fresh: bool
    ) -> None:
        everybody = threading.Barrier(8)
        there = threading.Event()

        def wait(request: Request) -> None:
            there.wait(10)

        def ask(number: int) -> list[str]:
            everybody.wait(10)
            if number == 7:
                there.set()
            return [project.key for project in catalogue.projects(fresh=fresh).items]

        sandbox.script("GET", PROJECTS, wait)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))

        assert all("web-shop" in answer for answer in answers)
        assert sandbox.count("GET", PROJECTS) <= (2 if fresh else 1)

    def test_while_one_list_is_read_another_project_s_is_read_too(self, sandbox: SandboxServer) -> None:
        both = threading.Barrier(2)

        def meet(request: Request) -> None:
            both.wait(3)

        sandbox.script("GET", f"{PROJECTS}/web-shop/environments", meet)
        sandbox.script("GET", f"{PROJECTS}/mobile-app/environments", meet)
        with ThreadPoolExecutor(2) as pool:
            lists = list(pool.map(catalogue.environments, ("web-shop", "mobile-app")))

        assert all(each.current for each in lists)

    def test_after_our_own_creation_the_destinations_are_asked_for_again(self, sandbox: SandboxServer) -> None:
        catalogue.destinations()
        record(outcome="refused")
        catalogue.destinations()
        assert sandbox.count("GET", DESTINATIONS) == 1

        record(outcome="succeeded")
        catalogue.destinations()
        catalogue.destinations()

        assert sandbox.count("GET", DESTINATIONS) == 2

    def test_each_project_has_a_list_of_environments_of_its_own(self, sandbox: SandboxServer) -> None:
        web, mobile = (catalogue.environments(key) for key in ("web-shop", "mobile-app"))

        assert web.items[0].key == "production"
        assert {environment.key for environment in web.items} == {"production", "staging", "test", "development"}
        assert {environment.key for environment in mobile.items} == {"production", "staging", "development"}

    @pytest.mark.parametrize("key", ["", "../x", "a/b", "a b", "x" * 257])
    def test_what_is_no_key_is_not_asked_about(self, sandbox: SandboxServer, key: str) -> None:
        found = catalogue.environments(key)

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

        found = catalogue.projects()

        assert not found.known
        assert not found.current
        assert "does not allow our access token" in found.problem
        assert list(found.items) == []

    def test_an_old_list_is_shown_with_the_reason(self, sandbox: SandboxServer) -> None:
        remember(timedelta(hours=1), "old")
        sandbox.script("GET", PROJECTS, Status(500), times=None)

        found = catalogue.projects()

        assert [project.key for project in found.items] == ["old"]
        assert found.known
        assert not found.current
        assert found.problem

    def test_after_a_failure_launchdarkly_is_left_alone_for_a_moment(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Status(403), times=None)

        problems = {catalogue.projects().problem for _ in range(3)}
        asked = sandbox.count("GET", PROJECTS)
        impatient = catalogue.projects(fresh=True).problem

        assert asked == sandbox.count("GET", PROJECTS) == 1
        assert problems == {impatient} != {""}

    def test_someone_who_asks_again_a_little_later_is_not_put_off(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sandbox.script("GET", PROJECTS, Status(403))
        assert catalogue.projects().problem
        monkeypatch.setattr(catalogue, "MOMENT", timedelta(0))

        assert catalogue.projects().problem
        assert catalogue.projects(fresh=True).problem == ""
        assert catalogue.projects().current

    def test_when_there_is_no_answer_no_other_list_is_asked_for_either(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Drop(), times=None)

        problem = catalogue.projects().problem

        assert catalogue.destinations().problem == catalogue.environments("web-shop").problem == problem
        assert sandbox.count("GET", DESTINATIONS) == sandbox.count("GET", f"{PROJECTS}/web-shop") == 0

    def test_a_bad_answer_concerns_its_own_list_alone(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", PROJECTS, Status(403))

        assert catalogue.projects().problem
        assert catalogue.destinations().current
        assert catalogue.environments("web-shop").current

    def test_a_silent_launchdarkly_is_not_waited_for_long(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(catalogue, "PATIENCE", 0.2)
        sandbox.script("GET", PROJECTS, Hang(60), times=None)

        began = time.monotonic()
        found = catalogue.projects()

        assert time.monotonic() - began < 1.5
        assert "did not answer in time" in found.problem

    def test_a_project_that_is_gone_has_no_environments_and_says_why(self, sandbox: SandboxServer) -> None:
        found = catalogue.places("nowhere")

        assert list(found.items) == []
        assert "no such project" in found.problem


class TestPlaces:
    """An environment, and what it has."""

    def test_each_environment_comes_with_its_destinations(self, sandbox: SandboxServer) -> None:
        sandbox.add_destination("web-shop", "staging", name="Second", kind="carrier-pigeon")
        sandbox.add_destination("web-shop", "staging", name="Third")
        sandbox.add_destination("mobile-app", "staging", name="Elsewhere")

        found = {place.environment.key: place for place in catalogue.places("web-shop").items}

        assert [destination.name for destination in found["staging"].destinations] == ["Second", "Third"]
        assert found["staging"].destinations[0].kind == "carrier-pigeon"
        assert list(found["test"].destinations) == []
        assert found["production"].environment.critical

    def test_when_only_the_destinations_are_missing_the_environments_are_there(self, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(403))

        found = catalogue.places("web-shop")

        assert len(found.items) == 4
        assert "does not allow our access token" in found.problem


def test_the_cache_holds_no_configuration(sandbox: SandboxServer) -> None:
    sandbox.add_destination("web-shop", "test", kind="segment", config={"writeKey": "wri****key", "marker": "seen"})

    [found] = [item for item in catalogue.destinations(fresh=True).items if item.environment == "test"]
    [kept] = [item for item in catalogue.destinations().items if item.environment == "test"]
    assert found.config == kept.config == {}
