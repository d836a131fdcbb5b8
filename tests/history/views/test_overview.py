"""The overview, as a page and as a part of the history."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations_ui.audit.models import Outcome
from destinations_ui.history import stats
from tests.support.attempts import record
from tests.support.html import Page, read

OVERVIEW = "/history/overview/"
HTMX = {"HX-Request": "true", "HX-Target": "overview"}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign a viewer in."""
    client.force_login(viewer)


@pytest.fixture
def records() -> None:
    """Write a few records."""
    for day, outcome, kind, name, taken in (
        (1, "succeeded", "kinesis", "Clicks", 120),
        (1, "refused", "kinesis", "Views", 80),
        (5, "succeeded", "carrier-pigeon", "Post", 61_000),
        (9, "unknown", "segment", "Users", None),
    ):
        moment = datetime(2026, 11, day, 12, tzinfo=UTC)
        secret = {
            "config": {"topic": "marker-4711"},
            "secrets": {"apiKey": "marker-4711"},
            "error_message": "marker-4711",
        }
        record(outcome=outcome, kind=kind, name=name, duration_ms=taken, created_at=moment, **secret)


def bars(page: Page) -> list[str]:
    """Return what the bars with attempts say."""
    return [element.text for element in page.classed("chart__numbers")]


def total(page: Page) -> str:
    """Return the number of attempts that the page says."""
    return page.text.split(" attempt")[0].rsplit(" ", 1)[-1]


def table(page: Page) -> list[list[str]]:
    """Return the rows of the table."""
    cells = [element.text for element in page.elements if element.tag in ("th", "td")]
    width = len(page.find("th", scope="col"))
    return [cells[start : start + width] for start in range(0, len(cells), width)]


@pytest.mark.usefixtures("records")
class TestNumbers:
    """The same numbers as a chart, in words and as a table."""

    def test_numbers_are_given_in_words(self, client: Client) -> None:
        page = read(client.get(OVERVIEW))

        assert bars(page) == [
            "2026-11-01 12:00: 2 attempts (1 succeeded, 1 refused)",
            "2026-11-05 12:00: 1 attempt (1 succeeded)",
            "2026-11-09 12:00: 1 attempt (1 unknown)",
        ]
        for words in ("Succeeded 2", "Refused 1", "Unknown 1", "Amazon Kinesis 2", "carrier-pigeon 1"):
            assert words in page.text
        assert "4 attempts · 1 unresolved: check now" in page.text
        assert "/history/?outcome=unresolved" in page.links
        assert "Median 120 ms · p95 1.0 min · max 1.0 min" in page.text
        assert "By 12 hours (UTC). Peak: 2." in page.text

    def test_each_group_of_outcomes_has_its_own_shape(self, client: Client) -> None:
        for outcome in Outcome:
            record(outcome=outcome)

        page = read(client.get(f"{OVERVIEW}?since={datetime.now(UTC):%Y-%m-%d}"))

        shapes = [e.attrs["class"].split("--")[-1] for e in page.find("rect") if "y" in e.attrs]
        assert shapes == ["succeeded", "failed", "unresolved"]

    def test_an_outcome_in_the_legend_and_a_type_are_filters(self, client: Client) -> None:
        page = read(client.get(f"{OVERVIEW}?person=oskar"))

        assert {"/history/?person=oskar&outcome=refused", "/history/?person=oskar&kind=segment"} <= set(page.links)

    def test_the_table_has_the_numbers_of_the_chart(self, client: Client) -> None:
        heading, *rows = table(read(client.get(f"{OVERVIEW}?since=2026-11-01&until=2026-11-10")))

        assert heading == ["From (UTC)", "All", "Succeeded", "Refused", "Unknown"]
        assert [row for row in rows if row[1] != "0"] == [
            ["2026-11-01 12:00", "2", "1", "1", "0"],
            ["2026-11-05 12:00", "1", "1", "0", "0"],
            ["2026-11-09 12:00", "1", "0", "0", "1"],
        ]
        assert len(rows) == 20

    def test_a_bar_of_whole_days_links_to_its_attempts(self, client: Client) -> None:
        page = read(client.get(f"{OVERVIEW}?since=2026-10-20&until=2026-11-15&kind=kinesis"))

        assert "/history/?kind=kinesis&since=2026-11-01&until=2026-11-01" in page.links
        week = read(client.get(f"{OVERVIEW}?since=2026-08-04&until=2026-11-07"))
        assert "/history/?since=2026-11-02&until=2026-11-07" in week.links

    def test_a_bar_of_hours_links_to_its_day(self, client: Client) -> None:
        page = read(client.get(f"{OVERVIEW}?until=2026-11-01"))

        assert [bar.attrs["href"] for bar in page.classed("chart__bar") if "href" in bar.attrs] == [
            "/history/?until=2026-11-01&since=2026-11-01"
        ]

    def test_no_configuration_is_shown(self, client: Client) -> None:
        for headers in ({}, HTMX):
            assert "marker-4711" not in client.get(OVERVIEW, headers=headers).content.decode()

    def test_names_are_escaped(self, client: Client) -> None:
        record(kind="<img src=x>", name="x")

        page = read(client.get(OVERVIEW, {"q": "", "project": "", "person": ""}))
        filtered = read(client.get(OVERVIEW, {"q": "<img src=x>"}))

        assert page.find("img") == filtered.find("img") == []
        assert "Search: <img src=x>" in filtered.text


@pytest.mark.usefixtures("records")
class TestFilters:
    """The overview has the filters of the history."""

    @pytest.mark.parametrize(
        ("query", "number", "words"),
        [
            ("kind=kinesis", 2, "Type: Amazon Kinesis"),
            ("kind=carrier-pigeon", 1, "Type: carrier-pigeon"),
            ("outcome=succeeded", 2, "Outcome: Succeeded"),
            ("q=post", 1, "Search: post"),
            ("since=2026-11-05", 2, "From (UTC): 2026-11-05"),
            ("until=2026-11-01", 2, "To (UTC): 2026-11-01"),
            ("kind=segment&person=oskar", 1, "Person: oskar"),
            ("project=web-shop&environment=staging", 4, "Environment: staging"),
            ("since=0001-01-01&until=9999-12-31", 4, "To (UTC): 9999-12-31"),
        ],
    )
    def test_filters_apply_and_are_listed(self, client: Client, query: str, number: int, words: str) -> None:
        page = read(client.get(f"{OVERVIEW}?{query}"))

        assert f" {number} attempt" in page.text
        assert words in page.text
        assert f"/history/?{query}" in page.links
        assert len(read(client.get(f"/history/?{query}")).classed("records__name")) == number

    def test_an_invalid_filter_is_reported_with_a_link_to_fix_it(self, client: Client) -> None:
        response = client.get(f"{OVERVIEW}?since=yesterday&kind=kinesis")

        page = read(response)
        assert response.status_code == 422
        assert page.title.startswith("Error: ")
        assert "Invalid filters were ignored" in page.text
        assert "Invalid date. Enter it like 2026-11-23." in page.text
        assert total(page) == "2"
        [mend] = [link for link in page.links if link.endswith("#id_since")]
        mending = read(client.get(mend))
        assert mending.form()["since"] == "yesterday"
        assert mending.find("input", id="id_since")

    def test_without_a_match_filters_can_be_cleared(self, client: Client) -> None:
        page = read(client.get(f"{OVERVIEW}?q=nothing-is-called-that"))

        assert "Nothing matches these filters" in page.text
        assert OVERVIEW in page.links
        assert page.classed("chart") == []
        assert read(client.get("/history/?q=nothing-is-called-that")).find(id="overview") == []

    def test_a_capped_overview_says_so(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stats, "MOST_RECORDS", 3)
        assert "3+ attempts" in read(client.get(OVERVIEW)).text


class TestWithoutRecords:
    """Before the first attempt."""

    def test_an_empty_overview_links_to_the_form_for_operators(self, client: Client, operator: User) -> None:
        assert "No attempts yet" in read(client.get(OVERVIEW)).text
        assert "/destinations/new/" not in read(client.get(OVERVIEW)).links
        client.force_login(operator)
        assert "/destinations/new/" in read(client.get(OVERVIEW)).links

    def test_an_empty_history_loads_no_overview(self, client: Client) -> None:
        assert read(client.get("/history/")).find(id="overview") == []


@pytest.mark.usefixtures("records")
class TestPart:
    """The part that the history's page loads."""

    def test_the_history_loads_its_part_with_its_filters(self, client: Client) -> None:
        history = read(client.get("/history/?kind=kinesis"))
        [place] = history.find("div", id="overview")
        assert place.attrs["hx-get"] == f"{OVERVIEW}?kind=kinesis"
        assert place.attrs["hx-trigger"] == "load"
        assert f"{OVERVIEW}?kind=kinesis" in history.links

        part = read(client.get(place.attrs["hx-get"], headers=HTMX))

        assert part.find("html") == part.find("h1") == []
        assert total(part) == "2"
        assert part.find(id="total")[0].attrs["hx-swap-oob"] == "true"
        assert [e for e in part.elements if e.attrs.get("role") in ("status", "alert") or "aria-live" in e.attrs] == []

    def test_an_invalid_filter_is_not_sent_again(self, client: Client) -> None:
        history = read(client.get("/history/?kind=kinesis&since=yesterday"))

        assert history.find("div", id="overview")[0].attrs["hx-get"] == f"{OVERVIEW}?kind=kinesis"

    def test_the_overview_takes_few_queries(self, client: Client) -> None:
        for address, most in ((OVERVIEW, 1), (f"{OVERVIEW}?q=post", 3), ("/history/", 1)):
            with CaptureQueriesContext(connection) as taken:
                client.get(address)
            assert len([query for query in taken if "auditrecord" in query["sql"]]) <= most


class TestPermissions:
    """Permissions."""

    def test_the_overview_needs_the_view_permission(self, client: Client, nobody: User) -> None:
        client.force_login(nobody)

        assert client.get(OVERVIEW).status_code == 403
        assert client.get(OVERVIEW, headers=HTMX).status_code == 403

    def test_the_overview_needs_sign_in(self) -> None:
        assert Client().get(OVERVIEW).headers["Location"] == f"/login/?next={OVERVIEW}"
        assert Client().get(OVERVIEW, headers=HTMX).status_code == 401

    def test_the_overview_takes_only_get_and_head(self, client: Client) -> None:
        assert client.post(OVERVIEW).status_code == 405
        assert client.head(OVERVIEW).status_code == 200
