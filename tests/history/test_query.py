"""Queries for the history: filters, pages and blocks for the export."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from destinations_ui.audit.models import AuditRecord
from destinations_ui.history import query
from destinations_ui.history.query import PAGE_SIZE, history_page, matching
from tests.support.attempts import new_record, record

pytestmark = pytest.mark.django_db


def names(filters: dict[str, Any]) -> list[str]:
    """Return the names of the records that match, newest first."""
    return list(matching(filters).order_by("-pk").values_list("name", flat=True))


def many(count: int, **changes: Any) -> list[int]:
    """Write a number of records and return their primary keys, newest first."""
    made = AuditRecord.objects.bulk_create([new_record(**changes) for _ in range(count)])
    return sorted((each.pk for each in made), reverse=True)


class TestFilters:
    """Filters alone and together."""

    @pytest.fixture(autouse=True)
    def records(self) -> None:
        """Write three records that differ in everything."""
        record(name="one", created_at=datetime.datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=datetime.UTC))
        record(
            name="two",
            kind="segment",
            outcome="refused",
            project="mobile-app",
            environment="test",
            actor="olga",
            created_at=datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC),
        )
        record(
            name="three",
            outcome="unknown",
            environment="production",
            created_at=datetime.datetime(2026, 11, 3, tzinfo=datetime.UTC),
        )

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["three", "two", "one"]),
            ({"kind": "kinesis"}, ["three", "one"]),
            ({"outcome": "refused"}, ["two"]),
            ({"outcome": "unresolved"}, ["three"]),
            ({"outcome": "unresolved", "kind": "segment"}, []),
            ({"project": "web-shop"}, ["three", "one"]),
            ({"environment": "production"}, ["three"]),
            ({"person": "olga"}, ["two"]),
            ({"since": datetime.date(2026, 11, 2)}, ["three", "two"]),
            ({"until": datetime.date(2026, 11, 1)}, ["one"]),
            ({"until": datetime.date(2026, 11, 2)}, ["two", "one"]),
            ({"since": datetime.date.min, "until": datetime.date.max}, ["three", "two", "one"]),
            ({"since": datetime.date(2026, 11, 2), "until": datetime.date(2026, 11, 2)}, ["two"]),
            ({"q": "THREE"}, ["three"]),
            ({"kind": "kinesis", "outcome": "unknown"}, ["three"]),
            ({"kind": "segment", "project": "web-shop"}, []),
            ({"project": "web-shop", "environment": "staging"}, ["one"]),
            ({"person": "oskar", "until": datetime.date(2026, 11, 2)}, ["one"]),
            ({"q": "web-shop", "outcome": "succeeded"}, ["one"]),
            ({"person": "osk"}, []),
            ({"kind": "carrier-pigeon"}, []),
        ],
        ids=str,
    )
    def test_records_that_pass_every_filter_are_returned(self, filters: dict[str, Any], expected: list[str]) -> None:
        assert names(filters) == expected


class TestFreeText:
    """A search matches its exact characters."""

    @pytest.mark.parametrize(
        "field",
        [
            *("name", "project", "environment", "actor", "reason"),
            *("destination_id", "error_code", "error_message", "error_id"),
        ],
    )
    def test_search_covers_every_identifying_field(self, field: str) -> None:
        record(name="other")
        record(**{"name": "found"} | {field: "a needle-4711 in it"})

        assert matching({"q": "NEEDLE-4711"}).count() == 1

    @pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "100%_'\"\\;--", "ünïcode", "😀"])
    def test_wildcards_are_ordinary_characters(self, text: str) -> None:
        record(name="plain")
        record(name=f"with {text} in it")

        assert names({"q": text}) == [f"with {text} in it"]

    def test_text_in_no_record_returns_nothing(self) -> None:
        record()

        assert names({"q": "x" * 10_000}) == []


class TestPages:
    """Pages in both directions, without a gap or a repeat."""

    def test_older_pages_have_no_gap_and_no_repeat(self) -> None:
        expected = many(2 * PAGE_SIZE + 20)

        seen: list[int] = []
        found = history_page({})
        assert found.newer is None
        while True:
            seen += [each.id for each in found.lines]
            if found.older is None:
                break
            found = history_page({}, before=found.older)

        assert seen == expected
        assert len(found.lines) == 20

    def test_newer_pages_are_stable_while_records_are_added(self) -> None:
        expected = many(2 * PAGE_SIZE + 20)
        first = history_page({})
        second = history_page({}, before=first.older)
        added = many(3)
        third = history_page({}, before=second.older)
        added = many(2) + added

        back_to_second = history_page({}, after=third.newer)
        back_to_first = history_page({}, after=back_to_second.newer)
        newest = history_page({}, after=back_to_first.newer)

        assert [each.id for each in third.lines] == expected[2 * PAGE_SIZE :]
        assert back_to_second.lines == second.lines
        assert back_to_first.lines == first.lines
        assert [each.id for each in newest.lines] == added
        assert newest.newer is None
        assert history_page({}, before=newest.older).lines == first.lines

    def test_a_full_last_page_has_no_older_page(self) -> None:
        many(PAGE_SIZE)

        found = history_page({})

        assert (len(found.lines), found.newer, found.older) == (PAGE_SIZE, None, None)

    def test_filters_apply_to_every_page(self) -> None:
        wanted: list[int] = []
        for _ in range(3):
            many(30, kind="segment")
            wanted = many(30) + wanted

        first = history_page({"kind": "kinesis"})
        second = history_page({"kind": "kinesis"}, before=first.older)

        assert [each.id for each in [*first.lines, *second.lines]] == wanted

    @pytest.mark.parametrize("cursor", ["before", "after"])
    def test_a_cursor_without_records_shows_the_newest_page(self, cursor: str) -> None:
        [only] = many(1)

        found = history_page({}, **{cursor: only})

        assert [each.id for each in found.lines] == [only]
        assert (found.newer, found.older) == (None, None)

    def test_an_empty_history_has_one_empty_page(self) -> None:
        for found in (
            history_page({}),
            history_page({}, before=1),
            history_page({}, after=1),
            history_page({"q": "nothing"}, before=7),
        ):
            assert (found.lines, found.newer, found.older) == ([], None, None)

    @pytest.mark.parametrize("cursors", [{}, {"before": 10**6}, {"after": 0}], ids=str)
    def test_a_page_takes_one_query_without_count_or_offset(self, cursors: dict[str, int]) -> None:
        many(120)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            history_page({"kind": "kinesis", "q": "shop"}, **cursors)

        assert len(queries) == 1
        sql = queries[0]["sql"].upper()
        assert "COUNT(" not in sql
        assert "OFFSET" not in sql
        assert f"LIMIT {PAGE_SIZE + 1}" in sql


class TestSuggestions:
    """Values to choose from for the filters."""

    def test_each_value_is_suggested_once_in_order(self) -> None:
        record(actor="vera", project="web-shop", environment="test")
        record(actor="olga", project="web-shop", environment="")

        assert query.suggestions() == {
            "people": ["olga", "vera"],
            "projects": ["web-shop"],
            "environments": ["test"],
        }

    def test_an_empty_history_suggests_nothing(self) -> None:
        assert query.suggestions() == {"people": [], "projects": [], "environments": []}

    def test_only_the_newest_records_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(query, "SUGGESTED_FROM", 1)
        record(actor="vera")
        record(actor="olga")

        assert query.suggestions()["people"] == ["olga"]
