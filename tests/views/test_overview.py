"""The history at a glance, as a page and as a part of the history."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.attempts import record
from tests.reading import read

OVERVIEW = "/history/overview/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign someone in who looks, where there are a few records."""
    client.force_login(viewer)
    for day, outcome, kind, name, taken in (
        (1, "succeeded", "kinesis", "Clicks", 120),
        (1, "refused", "kinesis", "Views", 80),
        (5, "succeeded", "carrier-pigeon", "Post", 61_000),
        (9, "unknown", "segment", "Users", None),
    ):
        moment = datetime(2026, 11, day, 12, tzinfo=UTC)
        record(outcome=outcome, kind=kind, name=name, duration_ms=taken, created_at=moment, config={"topic": "marker"})


def test_it_says_how_many_of_what(client: Client) -> None:
    page = read(client.get(OVERVIEW))

    assert len(page.find("svg", role="img")) == 1
    assert page.find("title", id="chart-title")[0].text.startswith("4 attempts from 2026-11-01")
    assert len([e for e in page.find("rect") if "class" in e.attrs]) == 4
    for words in ("Succeeded 2", "Refused 1", "Unknown 1", "Amazon Kinesis 2", "carrier-pigeon 1", "longest 1.0 min"):
        assert words in page.text
    assert "half within 120 ms" in page.text
    assert "marker" not in page.html


def test_the_table_says_the_same_as_the_drawing(client: Client) -> None:
    page = read(client.get(OVERVIEW))

    cells = [int(cell.text) for cell in page.find("td", data_label="All")]
    assert sum(cells) == 4


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("kind=kinesis", 2),
        ("outcome=succeeded", 2),
        ("q=post", 1),
        ("since=2026-11-05", 2),
        ("until=2026-11-01", 2),
        ("kind=segment&person=oskar", 1),
        ("project=web-shop&environment=staging", 4),
    ],
)
def test_it_follows_the_filters(client: Client, query: str, total: int) -> None:
    page = read(client.get(f"{OVERVIEW}?{query}"))

    assert page.find("title", id="chart-title")[0].text.startswith(f"{total} attempt")
    assert f"/history/?{query}" in page.links


def test_the_history_asks_for_its_part_with_its_filters(client: Client) -> None:
    history = read(client.get("/history/?kind=kinesis"))
    [region] = history.find("section", id="overview")
    assert region.attrs["hx-get"] == f"{OVERVIEW}?kind=kinesis"
    assert f"{OVERVIEW}?kind=kinesis" in history.links

    part = read(client.get(region.attrs["hx-get"], headers={"HX-Request": "true"}))

    assert part.find("html") == part.find("h1") == []
    assert part.find("svg")


def test_where_nothing_matches_it_says_so_with_one_thing_to_do(client: Client) -> None:
    page = read(client.get(f"{OVERVIEW}?q=nothing-is-called-that"))

    assert "Nothing matches these filters" in page.text
    assert page.find("svg", role="img") == []
    assert read(client.get("/history/?q=nothing-is-called-that")).find("section", id="overview") == []


def test_a_wrong_filter_is_said_and_not_applied(client: Client) -> None:
    answer = client.get(f"{OVERVIEW}?since=yesterday&kind=kinesis")

    assert answer.status_code == 422
    assert "Enter the first day as a date" in read(answer).text
    assert read(answer).find("title", id="chart-title")[0].text.startswith("2 attempts")


def test_who_may_not_see_the_history_sees_no_overview(client: Client, nobody: User) -> None:
    client.force_login(nobody)
    assert client.get(OVERVIEW).status_code == 403
    assert client.post(OVERVIEW).status_code in (403, 405)
    assert Client().get(OVERVIEW).status_code == 302


def test_it_takes_a_few_queries_and_the_history_none_for_it(client: Client) -> None:
    with CaptureQueriesContext(
        connection,
    ) as taken:
        client.get(OVERVIEW)
    assert len([query for query in taken if "auditrecord" in query["sql"]]) <= 3
    with CaptureQueriesContext(connection) as taken:
        client.get("/history/")
    assert len([query for query in taken if "auditrecord" in query["sql"]]) == 1
