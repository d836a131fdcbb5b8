"""The start page: projects and environments, the destination of each, who created it, and what is free."""

from __future__ import annotations

import gzip
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


def open_page(client: Client, query: str = "") -> Page:
    """Return the start page."""
    answer = client.get(f"/{query}")
    assert answer.status_code == 200
    return read(answer)


def projects(page: Page) -> dict[str, Element]:
    """Return the projects on a page by the words of their heading."""
    ids = {element.attrs["id"]: element.text for element in page.find("h2") if "id" in element.attrs}
    return {ids[element.attrs["aria-labelledby"]]: element for element in page.classed("project")}


def environments(page: Page) -> list[str]:
    """Return the environments on a page, each with all its words."""
    return [element.text for element in page.classed("environment")]


class TestWhatIsThere:
    """Everything that LaunchDarkly lists is on the page, known to us or not."""

    def test_every_project_is_shown_with_its_environments(self, client: Client) -> None:
        page = open_page(client)

        found = projects(page)
        assert list(found) == ["Mobile app", "Web shop", "Faults (each environment misbehaves)"]
        for words in ("Production production", "Staging staging", "Test test", "Development development"):
            assert words in found["Web shop"].text
        assert "1 of 17 environments exports events, in 3 projects. As of " in page.text

    def test_a_critical_environment_is_marked(self, client: Client) -> None:
        marked = [words for words in environments(open_page(client, "?q=web-shop")) if "Critical" in words]

        assert [words.split()[0] for words in marked] == ["Production"]

    def test_a_destination_is_shown_with_its_name_kind_and_state(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.add_destination("mobile-app", "staging", name="Quiet", kind="segment", on=False)

        found = projects(open_page(client))["Mobile app"].text

        assert "Development events in LaunchDarkly Amazon Kinesis On Created outside this tool" in found
        assert "Quiet in LaunchDarkly Segment Off Created outside this tool" in found

    def test_what_was_made_here_leads_to_who_made_it(self, client: Client, sandbox: SandboxServer) -> None:
        client.post("/destinations/new/kinesis/", form_data(kinds.registry()["kinesis"], name="Ours"))

        page = open_page(client)

        [words] = [words for words in environments(page) if "Ours" in words]
        assert "Created by oskar" in words
        assert AuditRecord.objects.get().get_absolute_url() in page.links

    def test_what_was_created_elsewhere_leads_to_launchdarkly(self, client: Client, sandbox: SandboxServer) -> None:
        [link] = open_page(client).classed("destination__name")

        assert link.text == "Development events in LaunchDarkly"
        assert link.attrs["href"] == f"{sandbox.url}/settings/integrations"

    def test_only_a_success_counts_as_made(self, client: Client, sandbox: SandboxServer) -> None:
        record(destination_id=sandbox.add_destination("web-shop", "test", name="Theirs"), outcome="unknown")

        [words] = [words for words in environments(open_page(client)) if "Theirs" in words]

        assert "Created outside this tool" in words

    def test_an_unknown_kind_and_a_second_destination_are_shown(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.add_destination("web-shop", "test", name="Coo", kind="carrier-pigeon")
        sandbox.add_destination("web-shop", "test", name="Second", kind="databricks")

        [words] = [words for words in environments(open_page(client)) if "Coo" in words]

        assert "Coo in LaunchDarkly carrier-pigeon" in words
        assert "Second in LaunchDarkly databricks" in words

    def test_each_kind_has_its_mark_and_an_unknown_kind_a_neutral_one(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        sandbox.add_destination("mobile-app", "staging", kind="segment")
        sandbox.add_destination("web-shop", "test", kind="<carrier-pigeon>")

        page = open_page(client, "?q=p")

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

        page = open_page(client)

        [elsewhere] = [
            element for element in page.classed("project") if "In projects this token can’t see" in element.text
        ]
        assert "Created outside this tool" in elsewhere.text
        assert "Web shop" in page.text

    def test_what_says_nothing_about_itself_is_ignored(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [{}, {"_id": None, "_links": None}]}))

        assert "In projects this token can’t see" not in projects(open_page(client))

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

        assert "web" in projects(open_page(client))

    def test_a_destination_in_no_listed_project_still_leads_to_who_made_it(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        made = record(destination_id="5f2c")
        create_url = "/api/v2/destinations/gone/production/5f2c"
        item = {"_id": "5f2c", "name": "Ours", "kind": "kinesis", "_links": {"self": {"href": create_url}}}
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [item]}))

        page = open_page(client)

        assert "Ours Amazon Kinesis Created by oskar" in projects(page)["In projects this token can’t see"].text
        assert made.get_absolute_url() in page.links

    def test_a_destination_in_an_environment_that_is_not_listed_is_shown(
        self, client: Client, sandbox: SandboxServer
    ) -> None:
        create_url = "/api/v2/destinations/web-shop/archived/5f2c"
        item = {"_id": "5f2c", "name": "Hidden", "kind": "kinesis", "_links": {"self": {"href": create_url}}}
        sandbox.script("GET", DESTINATIONS, Status(200, {"items": [item]}))

        assert "archived archived Hidden in LaunchDarkly Amazon Kinesis" in projects(open_page(client))["Web shop"].text

    def test_names_are_text_and_never_html(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.add_project("odd", "<b>{{ 7|add:7 }}</b>")
        sandbox.add_environment("odd", "odd", "<img src=x>")
        sandbox.add_destination("odd", "odd", name="<script>alert(1)</script>", kind="<i>")

        page = open_page(client)

        assert page.find("b") == page.find("img") == page.find("i") == []
        assert "<b>{{ 7|add:7 }}</b>" in page.text
        assert "<script>alert(1)</script> in LaunchDarkly <i>" in page.text


class TestWhatIsFree:
    """Creation starts from a free environment, for those who may."""

    def test_a_free_environment_leads_to_its_form(self, client: Client) -> None:
        page = open_page(client)

        assert "/destinations/new/?project=web-shop&environment=staging" in page.links
        assert "/destinations/new/?project=mobile-app&environment=development" not in page.links
        chosen = read(client.get("/destinations/new/?project=web-shop&environment=staging"))
        assert "/destinations/new/segment/?project=web-shop&environment=staging" in chosen.links

    def test_who_may_not_create_is_not_offered_to(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        page = open_page(client)

        assert "No destination" in page.text
        assert not any("/destinations/new/" in link for link in page.links)

    def test_what_was_just_created_is_not_free_any_more(self, client: Client) -> None:
        open_page(client)
        client.post("/destinations/new/kinesis/", form_data(kinds.registry()["kinesis"]))

        assert "/destinations/new/?project=web-shop&environment=staging" not in open_page(client).links


class TestFilters:
    """Environments are filtered together with the search for projects."""

    @pytest.fixture(autouse=True)
    def states(self, sandbox: SandboxServer) -> None:
        """Add one environment in each state; another one, Development in Mobile app, is exporting from the start."""
        sandbox.add_destination("web-shop", "test", name="Quiet", on=False)
        sandbox.add_destination("mobile-app", "staging", name="Odd", on=True)
        record(outcome="unknown", project="web-shop", environment="staging")
        record(outcome="pending", project="web-shop", environment="development", settled_at=None)
        record(outcome="refused", project="web-shop", environment="production")

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?show=exporting", ["Staging", "Development"]),
            ("?show=off", ["Test"]),
            ("?show=free&q=web-shop", ["Production", "Staging", "Development"]),
            ("?show=critical", ["Production", "Production"]),
            ("?show=unresolved", ["Staging", "Development"]),
            ("?show=exporting&q=web", []),
            ("?show=&q=web-shop", ["Production", "Staging", "Test", "Development"]),
            ("?show=nonsense&q=web-shop", ["Production", "Staging", "Test", "Development"]),
        ],
    )
    def test_each_filter_shows_its_environments(self, client: Client, query: str, names: list[str]) -> None:
        shown = open_page(client, query).classed("environment__name")

        assert [element.text.split()[0] for element in shown] == names

    def test_each_filter_counts_what_the_search_leaves(self, client: Client) -> None:
        page = open_page(client, "?q=web-shop&show=free")

        chips = page.classed("chip")
        assert [chip.text for chip in chips] == [
            "All 4",
            "Exporting 0",
            "Off 1",
            "Free 3",
            "Critical 1",
            "Unresolved 2",
        ]
        assert [chip.text for chip in chips if "aria-current" in chip.attrs] == ["Free 3"]
        assert [chip.attrs["href"] for chip in chips[:2]] == ["?q=web-shop", "?q=web-shop&show=exporting"]

    def test_a_switched_off_destination_is_no_export(self, client: Client) -> None:
        assert "0 of 4 environments export events, in 1 project matching “web”." in open_page(client, "?q=web").text

    def test_an_unresolved_attempt_leads_to_its_newest_record(self, client: Client) -> None:
        newest = record(outcome="unknown", project="web-shop", environment="staging")

        [words] = [words for words in environments(open_page(client, "?q=web")) if words.startswith("Staging")]

        assert "No destination Unresolved attempt" in words
        assert newest.get_absolute_url() in open_page(client).links

    def test_no_match_offers_all_environments(self, client: Client) -> None:
        page = open_page(client, "?q=web-shop&show=exporting")

        assert "No environment matches the filter “Exporting”" in page.text
        assert "?q=web-shop" in page.links

    def test_a_search_keeps_the_filter(self, client: Client) -> None:
        [kept] = open_page(client, "?show=free").find("input", type="hidden", name="show")

        assert kept.attrs["value"] == "free"


class TestSearchAsYouType:
    """htmx gets the results alone, and the browser's history the whole page."""

    HTMX = {"HX-Request": "true", "HX-Target": "results"}

    def test_a_fragment_has_the_results_and_the_sentence_about_them(self, client: Client) -> None:
        page = read(client.get("/?q=web", headers=self.HTMX))

        assert list(projects(page)) == ["Web shop"]
        assert page.find("h1") == page.find("form") == []
        [summary] = page.find("p", id="summary")
        assert summary.attrs["hx-swap-oob"] == "innerHTML"
        assert summary.text.startswith("0 of 4 environments export events, in 1 project matching “web”.")

    def test_a_step_back_gets_the_whole_page(self, client: Client) -> None:
        page = read(client.get("/?q=web", headers=self.HTMX | {"HX-History-Restore-Request": "true"}))

        assert len(page.find("h1")) == len(page.find("p", id="summary")) == 1

    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
    def test_no_part_of_a_configuration_is_in_it(
        self, client: Client, sandbox: SandboxServer, headers: dict[str, str]
    ) -> None:
        config = {"writeKey": "marker-key", "region": "marker-region"}
        sandbox.add_destination("web-shop", "test", kind="segment", config=config)

        assert "marker" not in client.get("/", headers=headers).content.decode()


class TestListedLast:
    """A project with the tag listed-last comes last, folded until it is looked for."""

    def test_it_is_folded_among_all_projects(self, client: Client) -> None:
        page = open_page(client)

        assert list(projects(page))[-1] == "Faults (each environment misbehaves)"
        [folded] = page.find("details")
        assert "open" not in folded.attrs
        assert "10 environments" in folded.text

    @pytest.mark.parametrize("query", ["?q=faults", "?show=free"])
    def test_a_search_or_a_filter_shows_it(self, client: Client, query: str) -> None:
        page = open_page(client, query)

        assert page.find("details") == []
        assert "Drops after write" in page.text


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
            page = open_page(client, query)
            seen.append(list(projects(page)))
            following = [element.attrs["href"] for element in page.find("a", rel="next")]
            if not following:
                break
            query = following[0]

        assert [len(names) for names in seen] == [20, 20, 8]
        assert len({name for names in seen for name in names}) == 48

    @pytest.mark.usefixtures("many")
    def test_a_search_finds_names_and_keys_and_stays_over_the_pages(self, client: Client) -> None:
        assert list(projects(open_page(client, "?q=NUMBER+07"))) == ["Number 07"]
        assert list(projects(open_page(client, "?q=mobile-app"))) == ["Mobile app"]
        page = open_page(client, "?q=number")
        assert "in 45 projects matching “number”" in page.text
        assert [element.attrs["href"] for element in page.find("a", rel="next")] == ["?q=number&page=2"]
        assert len(projects(open_page(client, "?q=number&page=3"))) == 5

    @pytest.mark.usefixtures("many")
    @pytest.mark.parametrize("page", ["0", "-1", "99", "x", "", "²", "9" * 400])
    def test_a_page_that_there_is_not_leads_to_one_that_there_is(self, client: Client, page: str) -> None:
        assert projects(open_page(client, f"?page={page}"))

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
            record(outcome="unknown", project=f"project-{number:02}", environment="production")
        open_page(client)

        with django_assert_max_num_queries(7):
            open_page(client)

    def test_a_page_of_200_environments_is_small(self, client: Client, sandbox: SandboxServer) -> None:
        for project in range(50):
            sandbox.add_project(f"project-{project:02}", f"Number {project:02}")
            for number in range(10):
                sandbox.add_environment(f"project-{project:02}", f"environment-{number}", f"Environment {number}")
            sandbox.add_destination(f"project-{project:02}", "environment-7", name=f"Events {project}")

        response = client.get("/?q=number")

        assert len(environments(read(response))) == 200
        assert "50 of 500 environments export events, in 50 projects matching “number”" in read(response).text
        assert len(gzip.compress(response.content)) < 20_000


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
        page = open_page(client)

        assert 0 < self.shown(page) < 30
        [link] = page.classed("project__count")
        assert link.text == f"and {30 - self.shown(page)} more environments"
        assert self.shown(open_page(client, link.attrs["href"])) == 30

    def test_also_when_another_project_has_the_same_letters(self, client: Client, sandbox: SandboxServer) -> None:
        for number in range(25):
            sandbox.add_project(f"also-large-{number}", f"Also {number}")

        page = open_page(client, "?q=large")

        assert next(iter(projects(page))) == "Large"
        assert self.shown(page) == 30


class TestWithoutLaunchDarkly:
    """The page shows what is known and how old it is; the rest of the product goes on."""

    def test_without_any_list_it_says_so_and_what_can_be_done(self, client: Client, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        page = open_page(client)

        assert "Couldn’t load projects" in page.text
        assert "the connection was refused. Try again soon." in page.text
        assert "othing was sent" not in page.text
        assert "?refresh=yes" in page.links

    def test_an_old_list_is_shown_with_the_reason(self, client: Client, sandbox: SandboxServer) -> None:
        open_page(client)
        sandbox.script("GET", "/api/v2/projects", Status(403))

        page = open_page(client, "?refresh=yes")

        assert "Couldn’t load the latest changes" in page.text
        assert "Web shop" in page.text

    def test_when_only_the_destinations_are_missing_it_says_so(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(403))

        page = open_page(client)

        assert "Couldn’t load destinations" in page.text
        assert "access token lacks permission" in page.text
        assert "17 environments, in 3 projects." in page.text
        assert "Production production Critical Not known Create" in projects(page)["Web shop"].text

    def test_without_destinations_nothing_is_called_free(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", DESTINATIONS, Status(403), times=None)

        page = open_page(client, "?show=free")

        assert [chip.text for chip in page.classed("chip")] == ["All 17", "Critical 2", "Unresolved 0"]
        assert "No destination" not in page.text

    def test_an_account_without_projects_says_so(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("GET", "/api/v2/projects", Status(200, {"items": [], "totalCount": 0}))

        page = open_page(client)

        assert "No projects" in page.text
        assert page.find("form", role="search") == page.classed("chip") == []

    def test_refreshing_shows_what_is_new(self, client: Client, sandbox: SandboxServer) -> None:
        open_page(client)
        sandbox.add_project("brand-new", "Brand new")

        assert "Brand new" not in open_page(client).text
        assert "Brand new" in open_page(client, "?refresh=yes").text
