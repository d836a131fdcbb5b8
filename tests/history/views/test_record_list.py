"""The history in the browser: the list, a record's own page, and the export."""

from __future__ import annotations

import csv
import datetime
import io
import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.audit.serialization import EXPORT_KEYS
from destinations_ui.history.query import PAGE_SIZE
from tests.support.attempts import new_record, record
from tests.support.html import Page, read

HTMX = {"HX-Request": "true", "HX-Target": "record"}
WORDS = dict(Outcome.choices)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign the viewer in."""
    client.force_login(viewer)


def listed(page: Page) -> list[str]:
    """Return the names of the records on a page, in its order."""
    return [element.text for element in page.classed("records__name")]


def pager(page: Page) -> dict[str, str]:
    """Return where the pager leads, by the direction."""
    return {element.attrs["rel"]: element.attrs["href"] for element in page.find("a") if "rel" in element.attrs}


def exported(client: Client, query: str = "", file_format: str = "jsonl") -> list[dict[str, Any]]:
    """Return the exported rows."""
    answer = client.get(f"/history/export/?format={file_format}{query}")
    assert isinstance(answer, StreamingHttpResponse)
    text = answer.getvalue().decode()
    if file_format == "csv":
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    return [json.loads(line) for line in text.splitlines()]


class TestList:
    """Every attempt in a line, newest first."""

    def test_each_attempt_says_when_who_what_where_why_and_what_came_of_it(self, client: Client) -> None:
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

    def test_the_newest_stands_first(self, client: Client) -> None:
        for name in ("first", "second", "third"):
            record(name=name)

        assert listed(read(client.get("/history/"))) == ["third", "second", "first"]

    @pytest.mark.parametrize("outcome", Outcome.values)
    def test_every_outcome_has_its_word_and_its_icon(self, client: Client, outcome: str) -> None:
        record(outcome=outcome)

        page = read(client.get("/history/"))

        [badge] = page.classed(f"outcome--{outcome}")
        assert badge.text == WORDS[outcome]
        assert f'outcome--{outcome}"><svg' in page.html

    def test_without_records_it_says_what_will_be_here(self, client: Client) -> None:
        page = read(client.get("/history/"))

        assert "No destinations created yet" in page.text
        assert listed(page) == []

    def test_a_kind_that_was_removed_is_still_listed_and_can_be_asked_for(self, client: Client) -> None:
        record(kind="carrier-pigeon", name="Old")
        record(name="New")

        assert "carrier-pigeon" in read(client.get("/history/")).text
        assert listed(read(client.get("/history/?kind=carrier-pigeon"))) == ["Old"]

    def test_names_and_reasons_are_text_and_never_html(self, client: Client) -> None:
        record(name="<script>alert(1)</script>", reason="{{ 7|add:7 }}<img src=x onerror=alert(1)>", actor="<b>o</b>")
        made = AuditRecord.objects.get()

        for address in ("/history/", made.get_absolute_url(), "/history/?q=%3Cscript%3E"):
            page = read(client.get(address))
            assert page.find("img") == page.find("b") == []
            assert [element for element in page.find("script") if "src" not in element.attrs] == []
            assert "<script>alert(1)</script>" in page.text
            assert "{{ 7|add:7 }}" in page.text

    def test_htmx_may_ask_for_it_as_well(self, client: Client) -> None:
        record(name="Only")

        assert listed(read(client.get("/history/", headers={"HX-Request": "true"}))) == ["Only"]


class TestFilters:
    """The filters are in the address, and stay in the form."""

    @pytest.mark.parametrize(
        "query",
        [
            *("kind=segment", "outcome=refused", "project=mobile-app", "environment=test", "person=olga"),
            *("since=2026-11-02", "q=needle", "q=NEEDLE&kind=segment&outcome=refused&person=olga"),
        ],
    )
    def test_what_is_asked_for_is_shown_alone(self, client: Client, query: str) -> None:
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

    def test_nothing_found_says_so_and_leads_back(self, client: Client) -> None:
        record()

        page = read(client.get("/history/?q=nothing"))

        assert "Nothing matches these filters" in page.text
        assert "/history/" in page.links

    @pytest.mark.parametrize("text", ["%", "_", "%25", "'", '"', "\\", "' OR 1=1 --", "{{ q }}", "<b>", "NEAR(", "*"])
    def test_a_search_means_its_characters_and_is_shown_again(self, client: Client, text: str) -> None:
        record(name=f"with {text} in it")
        record(name="without")

        page = read(client.get("/history/", {"q": text}))

        assert listed(page) == [f"with {text} in it"]
        assert page.form()["q"] == text

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("since=never", "Enter the first day as a date. Example: 2026-11-23"),
            ("until=2026-02-30", "Enter the last day as a date. Example: 2026-11-23"),
            ("since=2026-11-02&until=2026-11-01", "The last day is before the first"),
            ("outcome=lost", "not one of the available choices"),
            ("kind=%00", "not one of the available choices"),
            ("person=a%00b", "a control character"),
        ],
    )
    def test_a_wrong_filter_is_said_where_it_can_be_seen(self, client: Client, query: str, words: str) -> None:
        answer = client.get(f"/history/?{query}")

        page = read(answer)
        assert answer.status_code == 422
        assert page.title.startswith("Error: ")
        assert words in page.text
        [folded] = page.classed("filters__more")
        assert "open" in folded.attrs

    @pytest.mark.parametrize("text", ["x" * 10_000, "a\0b"], ids=["10 kB", "nul"])
    def test_a_search_that_cannot_be_one_is_said_where_it_can_be_seen(self, client: Client, text: str) -> None:
        record()

        answer = client.get("/history/", {"q": text})

        page = read(answer)
        assert answer.status_code == 422
        [field] = [element for element in page.classed("field") if "Search" in element.text]
        assert "Error:" in field.text

    @pytest.mark.parametrize(
        "query", ["before=x", "after=-1", "before=%00", "after=" + "9" * 400, "before=²", "page=7"]
    )
    def test_an_address_that_was_tampered_with_leads_to_the_first_page(self, client: Client, query: str) -> None:
        record(name="only")

        answer = client.get(f"/history/?{query}")

        assert answer.status_code == 200
        assert listed(read(answer)) == ["only"]


class TestPages:
    """Page by page, at a price that does not grow with the history."""

    def test_the_pager_leads_to_the_end_and_back_with_the_filters(self, client: Client) -> None:
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

    def test_it_takes_few_queries_however_many_records_there_are(self, client: Client) -> None:
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


class TestRecord:
    """All that is kept of one attempt."""

    def test_it_shows_everything_that_is_kept(self, client: Client) -> None:
        made = record(
            kind="mparticle",
            config={"environment": "development", "userIdentities": [{"ldContextKind": "user"}]},
            secrets={"apiKey": "0123456789ab", "secret": "ba9876543210"},
            outcome="refused",
            status_code=400,
            error_code="invalid_request",
            error_message="No such thing",
            error_id="e-4711",
            destination_id="5f2c",
            duration_ms=1234,
            explanation="LaunchDarkly did not accept the values.",
            on=False,
            reason="first line\nsecond line",
        )

        page = read(client.get(made.get_absolute_url()))

        for words in (
            *(
                "Web shop events",
                "mParticle",
                "web-shop",
                "staging",
                "oskar",
                "Refused",
                "Off",
                "first line second line",
            ),
            *("mParticle environment", "development", '[{"ldContextKind": "user"}]'),
            *("API key", "fingerprint 0123456789ab", "API secret", "fingerprint ba9876543210"),
            *("400", "invalid_request", "No such thing", "e-4711", "5f2c", "after 1234 ms"),
            *("LaunchDarkly did not accept the values.", str(made.uuid), str(made.request_id), str(made.submission)),
            *(f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (made.created_at, made.settled_at) if moment),
        ):
            assert words in page.text, words
        assert any(link.endswith("/settings/integrations") for link in page.links)

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [
            ("succeeded", "LaunchDarkly created the destination"),
            ("refused", "LaunchDarkly refused; nothing was created"),
            ("not_sent", "Nothing was sent"),
            ("absent", "The destination was not created"),
        ],
    )
    def test_each_outcome_says_what_it_means_and_is_not_asked_for_again(
        self, client: Client, outcome: str, words: str
    ) -> None:
        page = read(client.get(record(outcome=outcome).get_absolute_url()))

        assert words in page.text
        assert [element for element in page.elements if "hx-trigger" in element.attrs] == []

    def test_a_success_that_launchdarkly_does_not_document_is_said(self, client: Client) -> None:
        assert "status 200 instead of 201" in read(client.get(record(status_code=200).get_absolute_url())).text
        assert "instead of 201" not in read(client.get(record().get_absolute_url())).text

    def test_a_pending_attempt_is_followed_until_it_is_settled(self, client: Client) -> None:
        made = record(outcome="pending", settled_at=None, duration_ms=None, status_code=None)
        address = made.get_absolute_url()

        whole = read(client.get(address))
        part = read(client.get(address, headers=HTMX))
        assert AuditRecord.objects.move(
            made.pk, since=Outcome.PENDING, outcome="succeeded", settled_at=timezone.now(), status_code=201
        )
        settled = read(client.get(address, headers=HTMX))

        for page in (whole, part):
            [follower] = page.find("div", id="record")
            assert follower.attrs["hx-get"] == address
            assert follower.attrs["hx-trigger"] == "every 2s"
            assert "Being sent to LaunchDarkly" in page.text
        assert whole.find("html")
        assert part.find("html") == []
        [still] = settled.find("div", id="record")
        assert "hx-trigger" not in still.attrs
        assert "LaunchDarkly created the destination" in settled.text

    def test_a_record_of_a_kind_that_was_removed_is_shown(self, client: Client, operator: User) -> None:
        made = record(kind="carrier-pigeon", config={"loft": "north"}, secrets={"ring": "0123456789ab"})
        client.force_login(operator)

        answer = client.get(made.get_absolute_url())

        page = read(answer)
        assert answer.status_code == 200
        for words in ("carrier-pigeon", "loft", "north", "ring", "fingerprint 0123456789ab"):
            assert words in page.text

    def test_only_those_who_may_create_are_led_on_to_the_form(self, client: Client, operator: User) -> None:
        seen = record()
        address, form = seen.get_absolute_url(), f"/destinations/new/kinesis/?from={seen.uuid}"

        assert form not in read(client.get(address)).links
        client.force_login(operator)
        assert form in read(client.get(address)).links

    def test_a_record_that_is_not_there_is_not_found(self, client: Client) -> None:
        assert client.get(f"/history/{uuid.uuid4()}/").status_code == 404
        assert client.get("/history/1/").status_code == 404


class TestExport:
    """Exactly the rows that match, streamed."""

    @pytest.mark.parametrize(
        ("file_format", "content_type"),
        [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl; charset=utf-8")],
    )
    def test_it_is_a_stream_to_be_saved_under_a_name_of_its_own(
        self, client: Client, file_format: str, content_type: str
    ) -> None:
        record()

        with CaptureQueriesContext(connection) as before:
            answer = client.get(f"/history/export/?format={file_format}")

        assert answer.status_code == 200
        assert answer.streaming
        assert not any("auditrecord" in query["sql"].lower() for query in before if "SELECT" in query["sql"][:6])
        assert answer.headers["Content-Type"] == content_type
        name = answer.headers["Content-Disposition"]
        assert name.startswith('attachment; filename="destinations-2')
        assert name.endswith(f'Z.{file_format}"')
        assert "Content-Length" not in answer.headers

    @pytest.mark.parametrize("file_format", ["csv", "jsonl"])
    def test_it_has_every_row_that_matches_and_no_other(self, client: Client, file_format: str) -> None:
        AuditRecord.objects.bulk_create(
            new_record(name=f"n{number}", outcome="refused" if number % 3 else "unknown") for number in range(200)
        )

        everything = exported(client, "", file_format)
        some = exported(client, "&outcome=unknown&q=n1", file_format)

        assert [row["name"] for row in everything] == [f"n{number}" for number in range(199, -1, -1)]
        assert [row["name"] for row in some] == [
            f"n{number}" for number in range(199, -1, -1) if number % 3 == 0 and str(number)[0] == "1"
        ]
        assert list(everything[0]) == list(EXPORT_KEYS)

    def test_no_cell_is_a_formula(self, client: Client) -> None:
        record(name="=1+1", reason="@SUM(A1)", error_message="-2+3", actor="+oskar", project="\tx")

        [row] = exported(client, "", "csv")
        [line] = exported(client)

        assert (row["name"], row["reason"], row["error_message"]) == ("'=1+1", "'@SUM(A1)", "'-2+3")
        assert (row["actor"], row["project"]) == ("'+oskar", "'\tx")
        assert line["name"] == "=1+1"

    def test_without_records_there_is_a_heading_alone(self, client: Client) -> None:
        assert exported(client, "", "csv") == exported(client) == []

    @pytest.mark.parametrize("query", ["", "?format=", "?format=xml", "?format=%00", "?format=csv&since=never"])
    def test_what_cannot_be_exported_is_refused_and_leads_back(self, client: Client, query: str) -> None:
        record(name="not to be exported")

        answer = client.get(f"/history/export/{query}")

        page = read(answer)
        assert answer.status_code == 400
        assert "Nothing was exported" in page.text
        assert "not to be exported" not in page.text
        assert "/history/" in page.links
