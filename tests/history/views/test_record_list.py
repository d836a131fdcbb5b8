"""The history's list of records."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.history.query import PAGE_SIZE
from tests.support.attempts import new_record, record
from tests.support.html import Page, read

WORDS = dict(Outcome.choices)
HTMX = {"HX-Request": "true", "HX-Target": "results"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign the viewer in."""
    client.force_login(viewer)


def listed(page: Page) -> list[str]:
    """Return the names of the records on a page, in its order."""
    return [element.text for element in page.classed("records__name")]


def pager(page: Page) -> dict[str, str]:
    """Return the pager's links, by direction."""
    return {element.attrs["rel"]: element.attrs["href"] for element in page.find("a") if "rel" in element.attrs}


def exported(client: Client, query: str = "", file_format: str = "jsonl") -> list[dict[str, Any]]:
    """Return the exported rows."""
    response = client.get(f"/history/export/?format={file_format}{query}")
    assert isinstance(response, StreamingHttpResponse)
    text = response.getvalue().decode()
    if file_format == "csv":
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    return [json.loads(line) for line in text.splitlines()]


class TestList:
    """Rows of the history."""

    def test_each_row_has_time_user_kind_place_reason_and_outcome(self, client: Client) -> None:
        record(
            created_at=datetime.datetime(2026, 11, 23, 23, 30, 15, tzinfo=datetime.UTC),
            actor="olga",
            name="Orders",
            kind="segment",
            project="mobile-app",
            environment="test",
            outcome="refused",
            reason="OPS-7",
        )

        page = read(client.get("/history/"))

        [row] = [element.text for element in page.find("tr") if "Orders" in element.text]
        for words in ("2026-11-23 23:30:15 UTC", "olga", "Segment", "mobile-app", "test", "Refused", "OPS-7"):
            assert words in row
        assert AuditRecord.objects.get().get_absolute_url() in page.links

    @pytest.mark.parametrize("query", ["", "?q=needle", "?kind=kinesis&person=oskar&since=2026-11-01", "?before={}"])
    def test_a_page_takes_five_queries(self, client: Client, query: str) -> None:
        AuditRecord.objects.bulk_create([new_record(name=f"needle {number}") for number in range(20)])
        newest = AuditRecord.objects.latest("pk").pk
        client.get("/history/")

        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/history/{query.format(newest)}").status_code == 200

        assert len(queries) <= 5

    def test_the_newest_record_is_first(self, client: Client) -> None:
        for name in ("first", "second", "third"):
            record(name=name)

        assert listed(read(client.get("/history/"))) == ["third", "second", "first"]

    @pytest.mark.parametrize("outcome", Outcome.values)
    def test_each_outcome_has_a_word_and_an_icon(self, client: Client, outcome: str) -> None:
        record(outcome=outcome)

        page = read(client.get("/history/"))

        [badge] = page.classed(f"outcome--{outcome}")
        assert badge.text == WORDS[outcome]
        assert f'outcome--{outcome}"><svg' in page.html

    def test_an_empty_history_says_what_will_be_listed(self, client: Client) -> None:
        page = read(client.get("/history/"))

        assert "No attempts yet" in page.text
        assert listed(page) == []

    def test_a_removed_kind_is_listed_and_can_be_filtered(self, client: Client) -> None:
        record(kind="carrier-pigeon", name="Old")
        record(name="New")

        assert "carrier-pigeon" in read(client.get("/history/")).text
        assert listed(read(client.get("/history/?kind=carrier-pigeon"))) == ["Old"]

    def test_names_and_reasons_are_escaped(self, client: Client) -> None:
        record(name="<script>alert(1)</script>", reason="{{ 7|add:7 }}<img src=x onerror=alert(1)>", actor="<b>o</b>")
        made = AuditRecord.objects.get()

        for address in ("/history/", made.get_absolute_url(), "/history/?q=%3Cscript%3E"):
            page = read(client.get(address))
            assert page.find("img") == page.find("b") == []
            assert [element for element in page.find("script") if "src" not in element.attrs] == []
            assert "<script>alert(1)</script>" in page.text
            assert "{{ 7|add:7 }}" in page.text

    def test_an_empty_history_leads_each_user_on(self, client: Client, operator: User) -> None:
        assert "See environments" in read(client.get("/history/")).text

        client.force_login(operator)

        assert "/destinations/new/" in read(client.get("/history/")).links


class TestFilters:
    """Filters in the query string and in the form."""

    @pytest.mark.parametrize(
        "query",
        [
            *("kind=segment", "outcome=refused", "project=mobile-app", "environment=test", "person=olga"),
            *("since=2026-11-02", "q=needle", "q=NEEDLE&kind=segment&outcome=refused&person=olga"),
        ],
    )
    def test_page_and_exports_have_matching_records_alone(self, client: Client, query: str) -> None:
        record(name="other", created_at=datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC))
        record(
            name="needle",
            kind="segment",
            outcome="refused",
            project="mobile-app",
            environment="test",
            actor="olga",
            created_at=datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC),
        )

        page = read(client.get(f"/history/?{query}"))

        assert listed(page) == ["needle"]
        asked = dict(part.split("=") for part in query.split("&"))
        assert asked.items() <= page.form().items()
        for file_format in ("csv", "jsonl"):
            [link] = [link for link in page.links if f"format={file_format}" in link]
            assert [row["name"] for row in exported(client, f"&{link.split('?')[1]}", file_format)] == ["needle"]

    def test_without_a_match_filters_can_be_cleared(self, client: Client) -> None:
        record()

        page = read(client.get("/history/?q=nothing"))

        assert "Nothing matches these filters" in page.text
        assert "/history/" in page.links

    @pytest.mark.parametrize("text", ["%", "_", "%25", "'", '"', "\\", "' OR 1=1 --", "{{ q }}", "<b>", "NEAR(", "*"])
    def test_a_search_matches_its_characters_and_stays_in_the_form(self, client: Client, text: str) -> None:
        record(name=f"with {text} in it")
        record(name="without")

        page = read(client.get("/history/", {"q": text}))

        assert listed(page) == [f"with {text} in it"]
        assert page.form()["q"] == text

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("since=never", "From (UTC): Invalid date. Enter it like 2026-11-23."),
            ("until=2026-02-30", "To (UTC): Invalid date. Enter it like 2026-11-23."),
            ("since=2026-11-02&until=2026-11-01", "This day is before the first"),
            ("outcome=lost", "not one of the available choices"),
            ("kind=%00", "not one of the available choices"),
            ("person=a%00b", "a control character"),
        ],
    )
    def test_an_invalid_filter_is_reported_and_unfolded(self, client: Client, query: str, words: str) -> None:
        response = client.get(f"/history/?{query}")

        page = read(response)
        assert response.status_code == 422
        assert page.title.startswith("Error: ")
        assert words in page.text
        assert "Invalid filters were ignored" in page.text
        assert all("open" in folded.attrs for folded in page.find("details"))
        [name, _] = query.replace("since=2026-11-02&", "").split("=")
        [field] = [element for element in page.elements if element.attrs.get("id") == f"id_{name}"]
        assert field.attrs["aria-invalid"] == "true"
        assert f"id_{name}_error" in page.ids

    def test_an_invalid_date_leaves_the_other_filters_applied(self, client: Client) -> None:
        record(name="wanted", outcome="refused")
        record(name="other")

        page = read(client.get("/history/?since=never&outcome=refused"))

        assert listed(page) == ["wanted"]
        assert "Nothing matches" not in page.text
        assert "/history/export/?outcome=refused&format=csv" in page.links

    @pytest.mark.parametrize(
        "query", ["until=9999-12-31", "since=0001-01-01", "since=0001-01-01&until=9999-12-31&q=web"]
    )
    def test_the_ends_of_the_calendar_are_valid(self, client: Client, query: str) -> None:
        record(name="wanted")

        for address in ("/history/", "/history/overview/"):
            response = client.get(f"{address}?{query}")
            assert response.status_code == 200
            assert "Nothing matches" not in read(response).text
        assert [row["name"] for row in exported(client, f"&{query}")] == ["wanted"]

    @pytest.mark.parametrize("text", ["x" * 10_000, "a\0b"], ids=["10 kB", "nul"])
    def test_an_invalid_search_is_reported_at_its_field(self, client: Client, text: str) -> None:
        record()

        response = client.get("/history/", {"q": text})

        page = read(response)
        assert response.status_code == 422
        [field] = [element for element in page.classed("field") if "Search" in element.text]
        assert "Error:" in field.text

    @pytest.mark.parametrize(
        "query", ["before=x", "after=-1", "before=%00", "after=" + "9" * 400, "before=²", "page=7"]
    )
    def test_an_invalid_cursor_shows_the_first_page(self, client: Client, query: str) -> None:
        record(name="only")

        response = client.get(f"/history/?{query}")

        assert response.status_code == 200
        assert listed(read(response)) == ["only"]


class TestPages:
    """The pager."""

    def test_the_pager_reaches_the_end_and_the_start_again(self, client: Client) -> None:
        AuditRecord.objects.bulk_create(
            new_record(name=f"n{number}", kind="segment" if number % 2 else "kinesis") for number in range(240)
        )
        expected = [f"n{number}" for number in range(239, 0, -2)]

        seen, address = [], "/history/?kind=segment"
        while address:
            page = read(client.get(address))
            seen.append(listed(page))
            address = f"/history/{pager(page)['next']}" if "next" in pager(page) else ""
        back, address = [seen[-1]], f"/history/{pager(page)['prev']}"
        while address:
            # Records that come meanwhile move nothing.
            record(kind="segment", name="late")
            page = read(client.get(address))
            back.append([name for name in listed(page) if name != "late"])
            address = f"/history/{pager(page)['prev']}" if "prev" in pager(page) else ""

        assert [name for names in seen for name in names] == expected
        assert [len(names) for names in seen] == [PAGE_SIZE, PAGE_SIZE, 20]
        assert [names for names in back if names] == seen[::-1]

    def test_the_number_of_queries_does_not_grow(self, client: Client) -> None:
        def queries(address: str) -> list[str]:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            return [query["sql"].upper() for query in captured]

        record()
        with_one = len(queries("/history/"))
        AuditRecord.objects.bulk_create(new_record() for _ in range(120))
        middle = AuditRecord.objects.order_by("pk")[60].pk

        for address in ("/history/", f"/history/?before={middle}", f"/history/?after={middle}&q=shop&kind=kinesis"):
            asked = queries(address)
            assert len(asked) <= with_one <= 6
            assert not any("COUNT(" in sql or "OFFSET" in sql for sql in asked)


class TestChangingFilters:
    """What the filters get when they change: the results, and the URL to show."""

    def test_a_changed_filter_gets_only_the_results(self, client: Client) -> None:
        record(name="wanted", kind="segment")
        record(name="other")

        page = read(client.get("/history/?kind=segment", headers=HTMX))

        assert listed(page) == ["wanted"]
        assert page.find("html") == page.find("form") == []
        for oob in ("summary", "announcement"):
            assert "hx-swap-oob" in page.find(id=oob)[0].attrs
        assert page.find(id="announcement")[0].text == "1 attempt"
        assert {"/history/export/?kind=segment&format=csv", "/history/"} <= set(page.links)
        assert "" not in page.links

    @pytest.mark.parametrize(
        ("query", "url"),
        [
            ("q=&kind=&outcome=&project=&person=", "/history/"),
            ("q=&kind=segment&since=2026-11-01&until=", "/history/?kind=segment&since=2026-11-01"),
            ("q=a%26b%0D%0AX: y&kind=", "/history/?q=a%26b%0D%0AX%3A+y"),
        ],
    )
    def test_the_url_has_no_empty_parameters(self, client: Client, query: str, url: str) -> None:
        response = client.get(f"/history/?{query}", headers=HTMX)

        assert response.headers.get("HX-Replace-Url", response.headers.get("HX-Redirect")) == url

    def test_an_invalid_filter_loads_the_page_that_says_so(self, client: Client) -> None:
        response = client.get("/history/?since=2026-11-02&until=2026-11-01&q=", headers=HTMX)

        assert response.headers["HX-Redirect"] == "/history/?since=2026-11-02&until=2026-11-01"

    def test_no_match_is_announced(self, client: Client) -> None:
        page = read(client.get("/history/?q=nothing", headers=HTMX))

        assert page.find(id="announcement")[0].text == "Nothing matches these filters"

    def test_a_page_of_the_browsers_history_is_whole(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

        assert read(client.get("/history/", headers=headers)).find("html")


class TestQuickFilters:
    """Presets and chips."""

    def test_each_active_filter_has_a_chip_and_all_can_be_cleared(self, client: Client) -> None:
        record(outcome="refused")

        page = read(client.get("/history/?outcome=refused&person=oskar"))

        assert [chip.text for chip in page.classed("chip") if "chip--preset" not in chip.attrs["class"]] == [
            "Remove Outcome: Refused",
            "Remove Person: oskar",
            "Clear all",
        ]
        assert {"/history/", "/history/?person=oskar", "/history/?outcome=refused"} <= set(page.links)

    def test_my_attempts_are_those_of_the_user(self, client: Client, viewer: User) -> None:
        record(actor=viewer.username, name="mine")
        record(actor="someone", name="not mine")

        [mine] = [link for link in read(client.get("/history/")).classed("chip--preset") if link.text == "My attempts"]

        page = read(client.get(mine.attrs["href"]))
        assert listed(page) == ["mine"]
        assert [link.text for link in page.find("a", aria_current="true")] == ["My attempts"]

    def test_unresolved_attempts_are_unknown_and_pending_ones(self, client: Client) -> None:
        for outcome in Outcome.values:
            record(outcome=outcome, name=outcome)

        assert listed(read(client.get("/history/?outcome=unresolved"))) == ["unknown", "pending"]
        assert {row["name"] for row in exported(client, "&outcome=unresolved")} == {"unknown", "pending"}


class TestSuggestions:
    """The datalists of the filters."""

    def test_inputs_suggest_people_projects_and_environments(self, client: Client) -> None:
        record(actor="vera", project="<b>", environment="test", config={"topic": "marker-4711"})

        page = read(client.get("/history/suggestions/"))

        lists = {element.attrs["id"] for element in page.find("datalist")}
        assert [option.attrs["value"] for option in page.find("option")] == ["vera", "<b>", "test"]
        form = read(client.get("/history/"))
        assert {element.attrs["list"] for element in form.find("input") if "list" in element.attrs} == lists
        assert "marker-4711" not in page.html
