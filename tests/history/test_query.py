"""The records as they are read: filtered, page by page, and exported, each row exactly once."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from destinations_ui.audit.models import AuditRecord
from destinations_ui.audit.serialization import EXPORT_KEYS, exported
from destinations_ui.history import query as history
from destinations_ui.history.export import as_csv, as_json_lines, cell
from destinations_ui.history.query import PAGE_SIZE, all_matching, matching, page
from tests.support.attempts import new_record, record

pytestmark = pytest.mark.django_db

#: The contract, written out once more so that no one changes it by accident.
CONTRACT = [
    *("id", "created_at", "actor", "action", "outcome", "project", "environment", "kind", "name", "on", "config"),
    *("secrets", "reason", "destination_id", "status_code", "error_code", "error_message", "error_id", "duration_ms"),
    *("request_id", "submission", "settled_at"),
]
MOMENT = datetime.datetime(2026, 11, 23, 12, 30, 15, 250000, tzinfo=datetime.UTC)


def names(filters: dict[str, Any]) -> list[str]:
    """Return the names of the records that match, newest first."""
    return list(matching(filters).order_by("-pk").values_list("name", flat=True))


def many(count: int, **changes: Any) -> list[int]:
    """Write so many records; return their numbers, newest first."""
    made = AuditRecord.objects.bulk_create([new_record(**changes) for _ in range(count)])
    return sorted((each.pk for each in made), reverse=True)


class TestFilters:
    """Each filter alone, and filters together."""

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
    def test_only_what_passes_every_filter_is_found(self, filters: dict[str, Any], expected: list[str]) -> None:
        assert names(filters) == expected


class TestFreeText:
    """What is typed is looked for as it is typed."""

    @pytest.mark.parametrize(
        "field",
        [
            *("name", "project", "environment", "actor", "reason"),
            *("destination_id", "error_code", "error_message", "error_id"),
        ],
    )
    def test_every_text_that_identifies_an_attempt_is_searched(self, field: str) -> None:
        record(name="other")
        record(**{"name": "found"} | {field: "a needle-4711 in it"})

        assert matching({"q": "NEEDLE-4711"}).count() == 1

    @pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "100%_'\"\\;--", "ünïcode", "😀"])
    def test_no_character_means_anything_else(self, text: str) -> None:
        record(name="plain")
        record(name=f"with {text} in it")

        assert names({"q": text}) == [f"with {text} in it"]

    def test_what_is_not_there_is_not_found(self) -> None:
        record()

        assert names({"q": "x" * 10_000}) == []


class TestPages:
    """Page by page there and back, without a gap or a repeat, at a price that does not grow."""

    def test_pages_lead_back_in_time_without_gap_or_repeat(self) -> None:
        expected = many(2 * PAGE_SIZE + 20)

        seen: list[int] = []
        found = page({})
        assert found.newer is None
        while True:
            seen += [each.id for each in found.records]
            if found.older is None:
                break
            found = page({}, before=found.older)

        assert seen == expected
        assert len(found.records) == 20

    def test_pages_lead_forward_again_while_records_are_added(self) -> None:
        expected = many(2 * PAGE_SIZE + 20)
        first = page({})
        second = page({}, before=first.older)
        added = many(3)
        third = page({}, before=second.older)
        added = many(2) + added

        back_to_second = page({}, after=third.newer)
        back_to_first = page({}, after=back_to_second.newer)
        newest = page({}, after=back_to_first.newer)

        assert [each.id for each in third.records] == expected[2 * PAGE_SIZE :]
        assert back_to_second.records == second.records
        assert back_to_first.records == first.records
        assert [each.id for each in newest.records] == added
        assert newest.newer is None
        assert page({}, before=newest.older).records == first.records

    def test_a_full_last_page_leads_no_further(self) -> None:
        many(PAGE_SIZE)

        found = page({})

        assert (len(found.records), found.newer, found.older) == (PAGE_SIZE, None, None)

    def test_filters_hold_on_every_page(self) -> None:
        wanted: list[int] = []
        for _ in range(3):
            many(30, kind="segment")
            wanted = many(30) + wanted

        first = page({"kind": "kinesis"})
        second = page({"kind": "kinesis"}, before=first.older)

        assert [each.id for each in [*first.records, *second.records]] == wanted

    @pytest.mark.parametrize("cursor", ["before", "after"])
    def test_a_cursor_that_leads_nowhere_leads_to_the_newest(self, cursor: str) -> None:
        [only] = many(1)

        found = page({}, **{cursor: only})

        assert [each.id for each in found.records] == [only]
        assert (found.newer, found.older) == (None, None)

    def test_without_records_there_is_an_empty_page(self) -> None:
        for found in (page({}), page({}, before=1), page({}, after=1), page({"q": "nothing"}, before=7)):
            assert (found.records, found.newer, found.older) == ([], None, None)

    @pytest.mark.parametrize("cursors", [{}, {"before": 10**6}, {"after": 0}], ids=str)
    def test_a_page_takes_one_query_that_neither_counts_nor_skips(self, cursors: dict[str, int]) -> None:
        many(120)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            page({"kind": "kinesis", "q": "shop"}, **cursors)

        assert len(queries) == 1
        sql = queries[0]["sql"].upper()
        assert "COUNT(" not in sql
        assert "OFFSET" not in sql
        assert f"LIMIT {PAGE_SIZE + 1}" in sql


class TestExport:
    """Every row that matches, once, in a form that other programs read."""

    def test_the_keys_and_their_order_are_the_contract(self) -> None:
        record()

        [line] = as_json_lines(all_matching({}))
        heading = next(as_csv([]))

        assert list(EXPORT_KEYS) == CONTRACT
        assert list(json.loads(line)) == CONTRACT
        assert heading == ",".join(CONTRACT) + "\r\n"

    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
    def test_every_row_is_exported_once_however_it_is_read(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "EXPORT_CHUNK", 10)
        expected = many(count, kind="segment")
        many(5)

        uuids = [row[0] for block in all_matching({"kind": "segment"}) for row in block]
        assert [AuditRecord.objects.get(uuid=each).pk for each in uuids] == expected

    def test_rows_are_read_as_they_are_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "EXPORT_CHUNK", 10)
        many(30)

        with CaptureQueriesContext(connection) as queries:
            rows = all_matching({})
            assert len(queries) == 0
            assert len(next(rows)) == 10
            assert len(queries) == 1
            next(rows)
            assert len(queries) == 2

    def test_json_lines_hold_every_value_in_its_own_type(self) -> None:
        made = record(
            created_at=MOMENT,
            settled_at=None,
            status_code=None,
            on=False,
            name="Größe “L”\u2028\n<b>",
            config={"userIdentities": [{"ldContextKind": "user"}]},
            secrets={"apiKey": "0123456789ab"},
        )

        text = "".join(as_json_lines(all_matching({})))

        assert text.count("\n") == 1
        assert json.loads(text) == {
            "id": str(made.uuid),
            "created_at": "2026-11-23T12:30:15.250000Z",
            "actor": "oskar",
            "action": "destination.create",
            "outcome": "succeeded",
            "project": "web-shop",
            "environment": "staging",
            "kind": "kinesis",
            "name": "Größe “L”\u2028\n<b>",
            "on": False,
            "config": {"userIdentities": [{"ldContextKind": "user"}]},
            "secrets": {"apiKey": "0123456789ab"},
            "reason": "OPS-1: to see them arrive",
            "destination_id": "",
            "status_code": None,
            "error_code": "",
            "error_message": "",
            "error_id": "",
            "duration_ms": 120,
            "request_id": str(made.request_id),
            "submission": str(made.submission),
            "settled_at": None,
        }

    @pytest.mark.parametrize(
        "text", ["plain", "ünï 漢字 😀", "a\\b", 'a"b', "a\nb\tc", "\u2028", "%s {0}", "</script>"]
    )
    def test_what_is_read_as_text_is_what_the_record_says(self, text: str) -> None:
        made = record(
            created_at=MOMENT.replace(microsecond=0),
            name=text,
            reason=text,
            config={"streamName": text, "more": {text: [1, True, None, 1.5]}},
            outcome="refused",
            error_message=text,
        )
        [line] = as_json_lines(all_matching({}))
        [row] = csv.DictReader(io.StringIO("".join(as_csv(all_matching({}))), newline=""), strict=True)

        told = exported(AuditRecord.objects.get(pk=made.pk))
        assert line == json.dumps(told, ensure_ascii=False) + "\n"
        assert (row["name"], json.loads(row["config"])) == (text, made.config)

    def test_a_moment_is_exported_in_utc_wherever_it_was_noted(self) -> None:
        there = datetime.timezone(datetime.timedelta(hours=-5))
        record(created_at=MOMENT.astimezone(there))

        with timezone.override(there):
            [line] = as_json_lines(all_matching({}))

        assert json.loads(line)["created_at"] == "2026-11-23T12:30:15.250000Z"

    def test_csv_can_be_read_back(self) -> None:
        awkward = 'comma, "quote"; line\r\nbreak\nand ünïcode'
        made = record(name="a, b", reason=awkward, status_code=None, on=True, config={"region": "us-east-1"})

        text = "".join(as_csv(all_matching({})))

        [row] = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        assert row["name"] == "a, b"
        assert row["reason"] == awkward
        assert row["id"] == str(made.uuid)
        assert row["on"] == "true"
        assert row["status_code"] == ""
        assert json.loads(row["config"]) == {"region": "us-east-1"}
        assert text.endswith("\r\n")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"], ids=ascii)
    @pytest.mark.parametrize("field", ["name", "reason", "error_message", "actor", "project"])
    def test_no_cell_is_a_formula(self, field: str, start: str) -> None:
        text = f"{start}cmd|'/c calc'!A1"
        record(**{field: text})

        [row] = csv.DictReader(io.StringIO("".join(as_csv(all_matching({}))), newline=""))

        assert row[field] == f"'{text}"

    def test_a_cell_that_begins_with_nul_is_no_formula_either(self) -> None:
        # PostgreSQL stores no NUL, so this is asked of the cell alone.
        assert cell("\0=1+1") == "'\0=1+1"

    @pytest.mark.parametrize("text", ["", "plain", "a=b", "'quoted", "1", "a-b"])
    def test_an_ordinary_cell_is_left_as_it_is(self, text: str) -> None:
        assert cell(text) == text

    def test_a_number_in_a_cell_is_no_formula(self) -> None:
        assert cell(-1) == "'-1"
