"""The map: projects and environments, what each has, who made it, and what is free."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.sandbox import SandboxServer, Status
from tests.support.attempts import record
from tests.support.form_data import form_data
from tests.support.html import Element, Page, read

DESTINATIONS = "/api/v2/destinations"
PROJECTS = "/api/v2/projects"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


def open_map(client: Client, query: str = "") -> Page:
    """Return the map's page."""
    answer = client.get(f"/{query}")
    assert answer.status_code == 200
    return read(answer)


def projects(page: Page) -> dict[str, Element]:
    """Return the projects on a map by the words of their heading."""
    ids = {element.attrs["id"]: element.text for element in page.find("h2") if "id" in element.attrs}
    return {ids[element.attrs["aria-labelledby"]]: element for element in page.classed("project")}


def environments(page: Page) -> list[str]:
    """Return the environments on a map, each with all its words."""
    return [element.text for element in page.classed("environment")]


class TestWhatIsThere:
    """Everything that LaunchDarkly lists is on the map, known to us or not."""

    def test_every_project_is_shown_with_its_environments(self, client: Client) -> None:
        page = open_map(client)

        found = projects(page)
        assert list(found) == ["Faults (each environment misbehaves)", "Mobile app", "Web shop"]
        for words in ("Production production", "Staging staging", "Test test", "Development development"):
            assert words in found["Web shop"].text
        assert "3 projects, as of 2" in page.text

    def test_a_critical_environment_is_marked(self, client: Client) -> None:
        marked = [words for words in environments(open_map(client, "?q=web-shop")) if "Critical" in words]

        assert [words.split()[0] for words in marked] == ["Production"]

    def test_a_destination_is_shown_with_its_name_kind_and_state(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.add_destination("mobile-app", "staging", name="Quiet", kind="segment", on=False)

        found = projects(open_map(client))["Mobile app"].text

        assert "Development events Amazon Kinesis On not made here" in found
        assert "Quiet Segment Off not made here" in found

    def test_what_was_made_here_leads_to_who_made_it(self, client: Client, sandbox: SandboxServer) -> None:
        client.post("/destinations/new/kinesis/", form_data(kinds.registry()["kinesis"], name="Ours"))

        page = open_map(client)

        [words] = [words for words in environments(page) if "Ours" in words]
        assert "made by oskar here" in words
        assert AuditRecord.objects.get().get_absolute_url() in page.links

    def test_only_a_success_counts_as_made(self, client: Client, sandbox: SandboxServer) -> None:
        record(destination_id=sandbox.add_destination("web-shop", "test", name="Theirs"), outcome="unknown")

        [words] = [words for words in environments(open_map(client)) if "Theirs" in words]

        assert "not made here" in words

    def test_an_unknown_kind_and_a_second_destination_are_shown(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.add_destination("web-shop", "test", name="Coo", kind="carrier-pigeon")
        sandbox.add_destination("web-shop", "test", name="Second", kind="databricks")

        [words] = [words for words in environments(open_map(client)) if "Coo" in words]

        assert "Coo carrier-pigeon" in words
        assert "Second databricks" in words

    def test_each_kind_has_its_mark_and_an_unknown_kind_a_neutral_one(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        sandbox.add_destination("mobile-app", "staging", kind="segment")
        sandbox.add_destination("web-shop", "test", kind="<carrier-pigeon>")

        page = open_map(client, "?q=p")

        assert [mark.text for mark in page.find("svg", **{"class": "kind-mark"})] == ["Sg", "Ki", "?"]
        assert page.find("carrier-pigeon") == []

    @pytest.mark.parametrize(
        "item",
        [
            {"_id": "5f2c", "name": "Lost", "kind": "kinesis"},
            {"_id": "5f2c", "_links": {"self": {"href": "/somewhere/else"}}, "on": "yes", "kind": 7, "name": None},
            {"_id": "5f2c", "_links": {"self": {"href": "/api/v2/destinations/gone/production/5f2c"}}, "kind": "x"},
            {"_id": None, "_links": {"self": {"href": "/api/v2/destinations/gone/production/5f2c"}}},
        ],
    )
    def test_a_destination_that_says_little_about_itself_breaks_nothing(
        self, client: Client, sandbox: SandboxServer, item: dict[str, Any]
    ) -> None:
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [item, "nonsense", None]}))

        page = open_map(client)

        [elsewhere] = [element for element in page.classed("project") if "In no listed project" in element.text]
        assert "not made here" in elsewhere.text
        assert "Web shop" in page.text

    def test_what_says_nothing_about_itself_is_ignored(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [{}, {"_id": None, "_links": None}]}))

        assert "In no listed project" not in projects(open_map(client))

    @pytest.mark.parametrize(
        "items",
        [
            [{}] * 300_000,
            [{"_id": str(number)} for number in range(100_000)],
            [{"_id": str(number), "name": "n" * 700} for number in range(10_000)],
            [{"_links": {"self": {"href": f"/api/v2/destinations/web-shop/e{n}/5f2c"}}} for n in range(10_000)],
            [{"_links": {"self": {"href": "/api/v2/destinations/web-shop/test/5f2c"}}}] * 10_000,
        ],
        ids=["empty objects", "ids", "long names", "environments", "one environment"],
    )
    def test_a_huge_list_makes_no_large_page(
        self, items: list[dict[str, Any]], client: Client, sandbox: SandboxServer
    ) -> None:
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": items}), times=None)

        for create_url in ("/", "/?q=web-shop"):
            response = client.get(create_url)
            assert response.status_code == 200
            assert len(response.content) < 300_000
            assert "Web shop" in read(response).text

    def test_a_huge_number_of_environments_breaks_nothing(self, client: Client, sandbox: SandboxServer) -> None:
        environments = {"items": [{"key": "test"}], "totalCount": 10**400}
        sandbox.script("GET", PROJECTS, Status(200, {"items": [{"key": "web", "environments": environments}]}))

        assert "web" in projects(open_map(client))

    def test_a_destination_in_no_listed_project_still_leads_to_who_made_it(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        made = record(destination_id="5f2c")
        create_url = "/api/v2/destinations/gone/production/5f2c"
        item = {"_id": "5f2c", "name": "Ours", "kind": "kinesis", "_links": {"self": {"href": create_url}}}
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [item]}))

        page = open_map(client)

        assert "Ours Amazon Kinesis made by oskar here" in projects(page)["In no listed project"].text
        assert made.get_absolute_url() in page.links

    def test_a_destination_in_an_environment_that_is_not_listed_is_shown(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        create_url = "/api/v2/destinations/web-shop/archived/5f2c"
        item = {"_id": "5f2c", "name": "Hidden", "kind": "kinesis", "_links": {"self": {"href": create_url}}}
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [item]}))

        assert "archived archived Hidden Amazon Kinesis" in projects(open_map(client))["Web shop"].text

    def test_names_are_text_and_never_html(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.add_project("odd", "<b>{{ 7|add:7 }}</b>")
        sandbox.add_environment("odd", "odd", "<img src=x>")
        sandbox.add_destination("odd", "odd", name="<script>alert(1)</script>", kind="<i>")

        page = open_map(client)

        assert page.find("b") == page.find("img") == page.find("i") == []
        assert "<b>{{ 7|add:7 }}</b>" in page.text
        assert "<script>alert(1)</script> <i>" in page.text


class TestWhatIsFree:
    """Creation starts from a free environment, for those who may."""

    def test_a_free_environment_leads_to_its_form(self, client: Client) -> None:
        page = open_map(client)

        assert "/destinations/new/?project=web-shop&environment=staging" in page.links
        assert "/destinations/new/?project=mobile-app&environment=development" not in page.links
        chosen = read(client.get("/destinations/new/?project=web-shop&environment=staging"))
        assert "/destinations/new/segment/?project=web-shop&environment=staging" in chosen.links

    def test_who_may_not_create_is_not_offered_to(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        page = open_map(client)

        assert "No destination" in page.text
        assert not any("/destinations/new/" in link for link in page.links)

    def test_what_was_just_created_is_not_free_any_more(self, client: Client) -> None:
        open_map(client)
        client.post("/destinations/new/kinesis/", form_data(kinds.registry()["kinesis"]))

        assert "/destinations/new/?project=web-shop&environment=staging" not in open_map(client).links


class TestManyProjects:
    """However many there are, each can be found."""

    @pytest.fixture
    def many(self, sandbox: SandboxServer) -> None:
        """Add 45 projects to the three that there are."""
        for number in range(45):
            sandbox.add_project(f"project-{number:02}", f"Number {number:02}")
            sandbox.add_environment(f"project-{number:02}", "production", "Production")

    @pytest.mark.usefixtures("many")
    def test_they_come_in_pages_without_gap_or_repeat(self, client: Client) -> None:
        seen, query = [], ""
        for _ in range(10):
            page = open_map(client, query)
            seen.append(list(projects(page)))
            following = [element.attrs["href"] for element in page.find("a", rel="next")]
            if not following:
                break
            query = following[0]

        assert [len(names) for names in seen] == [20, 20, 8]
        assert len({name for names in seen for name in names}) == 48

    @pytest.mark.usefixtures("many")
    def test_a_search_finds_names_and_keys_and_stays_over_the_pages(self, client: Client) -> None:
        assert list(projects(open_map(client, "?q=NUMBER+07"))) == ["Number 07"]
        assert list(projects(open_map(client, "?q=mobile-app"))) == ["Mobile app"]
        page = open_map(client, "?q=number")
        assert "45 projects matching “number”" in page.text
        assert [element.attrs["href"] for element in page.find("a", rel="next")] == ["?q=number&page=2"]
        assert len(projects(open_map(client, "?q=number&page=3"))) == 5

    @pytest.mark.usefixtures("many")
    @pytest.mark.parametrize("page", ["0", "-1", "99", "x", "", "²", "9" * 400])
    def test_a_page_that_there_is_not_leads_to_one_that_there_is(self, client: Client, page: str) -> None:
        assert projects(open_map(client, f"?page={page}"))

    @pytest.mark.parametrize("text", ["nothing", "<b>", "%", "{{ q }}", "x" * 500, "\0"], ids=lambda text: text[:10])
    def test_nothing_found_says_so(self, client: Client, text: str) -> None:
        answer = client.get("/", {"q": text})

        page = read(answer)
        assert answer.status_code == 200
        assert "No project matches" in page.text
        assert page.find("b") == []

    @pytest.mark.usefixtures("many")
    def test_it_takes_few_queries(
        self, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, sandbox: SandboxServer
    ) -> None:
        for number in range(20):
            made = sandbox.add_destination(f"project-{number:02}", "production")
            record(destination_id=made)
        open_map(client)

        with django_assert_max_num_queries(6):
            open_map(client)


class TestManyEnvironments:
    """A project shows as many environments as came along, and the rest behind a link."""

    @pytest.fixture(autouse=True)
    def large(self, sandbox: SandboxServer) -> None:
        """Add a project with thirty environments."""
        sandbox.add_project("large", "Large")
        for number in range(30):
            sandbox.add_environment("large", f"number-{number}", f"Environment {number}")

    def shown(self, page: Page) -> int:
        """Return how many of its environments a page shows."""
        return len([words for words in environments(page) if words.startswith("Environment ")])

    def test_the_rest_is_behind_a_link(self, client: Client) -> None:
        page = open_map(client)

        assert 0 < self.shown(page) < 30
        [link] = page.classed("project__count")
        assert link.text == f"and {30 - self.shown(page)} more environments"
        assert self.shown(open_map(client, link.attrs["href"])) == 30

    def test_also_when_another_project_has_the_same_letters(self, client: Client, sandbox: SandboxServer) -> None:
        for number in range(25):
            sandbox.add_project(f"also-large-{number}", f"Also {number}")

        page = open_map(client, "?q=large")

        assert next(iter(projects(page))) == "Large"
        assert self.shown(page) == 30


class TestWithoutLaunchDarkly:
    """The map says what it knows and how old it is; the rest of the product goes on."""

    def test_without_any_list_it_says_so_and_what_can_be_done(self, client: Client, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        page = open_map(client)

        assert "LaunchDarkly does not answer" in page.text
        assert "could not be reached" in page.text
        assert "The map needs LaunchDarkly’s lists" in page.text
        assert "?refresh=yes" in page.links

    def test_an_old_list_is_shown_with_the_reason(self, client: Client, sandbox: SandboxServer) -> None:
        open_map(client)
        sandbox.script("GET", "/api/v2/projects", Status(403))

        page = open_map(client, "?refresh=yes")

        assert "LaunchDarkly does not answer" in page.text
        assert "Web shop" in page.text

    def test_when_only_the_destinations_are_missing_it_says_so(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(403))

        page = open_map(client)

        assert "does not allow our access token" in page.text
        assert "Web shop" in page.text

    def test_an_account_without_projects_says_so(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", "/api/v2/projects", Status(200, {"items": [], "totalCount": 0}))

        assert "LaunchDarkly lists no projects" in open_map(client).text

    def test_refreshing_shows_what_is_new(self, client: Client, sandbox: SandboxServer) -> None:
        open_map(client)
        sandbox.add_project("brand-new", "Brand new")

        assert "Brand new" not in open_map(client).text
        assert "Brand new" in open_map(client, "?refresh=yes").text
