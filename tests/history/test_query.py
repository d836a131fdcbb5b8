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
from destinations_ui.history.export import AS_CELL, as_csv, as_json_lines
from destinations_ui.history.query import PAGE_SIZE, export_blocks, history_page, matching
from tests.support.attempts import new_record, record

pytestmark = pytest.mark.django_db

#: The contract, written out once more so that no one changes it by accident.
CONTRACT = [
    *("id", "created_at", "actor", "action", "outcome", "project", "environment", "kind", "name", "on", "config"),
    *("secrets", "reason", "destination_id", "status_code", "error_code", "error_message", "error_id", "duration_ms"),
    *("request_id", "submission", "settled_at", "changes"),
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
        found = history_page({})
        assert found.newer is None
        while True:
            seen += [each.id for each in found.lines]
            if found.older is None:
                break
            found = history_page({}, before=found.older)

        assert seen == expected
        assert len(found.lines) == 20

    def test_pages_lead_forward_again_while_records_are_added(self) -> None:
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

    def test_a_full_last_page_leads_no_further(self) -> None:
        many(PAGE_SIZE)

        found = history_page({})

        assert (len(found.lines), found.newer, found.older) == (PAGE_SIZE, None, None)

    def test_filters_hold_on_every_page(self) -> None:
        wanted: list[int] = []
        for _ in range(3):
            many(30, kind="segment")
            wanted = many(30) + wanted

        first = history_page({"kind": "kinesis"})
        second = history_page({"kind": "kinesis"}, before=first.older)

        assert [each.id for each in [*first.lines, *second.lines]] == wanted

    @pytest.mark.parametrize("cursor", ["before", "after"])
    def test_a_cursor_that_leads_nowhere_leads_to_the_newest(self, cursor: str) -> None:
        [only] = many(1)

        found = history_page({}, **{cursor: only})

        assert [each.id for each in found.lines] == [only]
        assert (found.newer, found.older) == (None, None)

    def test_without_records_there_is_an_empty_page(self) -> None:
        for found in (
            history_page({}),
            history_page({}, before=1),
            history_page({}, after=1),
            history_page({"q": "nothing"}, before=7),
        ):
            assert (found.lines, found.newer, found.older) == ([], None, None)

    @pytest.mark.parametrize("cursors", [{}, {"before": 10**6}, {"after": 0}], ids=str)
    def test_a_page_takes_one_query_that_neither_counts_nor_skips(self, cursors: dict[str, int]) -> None:
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


class TestExport:
    """Every row that matches, once, in a form that other programs read."""

    def test_the_keys_and_their_order_are_the_contract(self) -> None:
        record()

        [line] = as_json_lines(export_blocks({}))
        heading = next(as_csv([]))

        assert list(EXPORT_KEYS) == CONTRACT
        assert list(json.loads(line)) == CONTRACT
        assert heading == ",".join(CONTRACT) + "\r\n"

    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
    def test_every_row_is_exported_once_however_it_is_read(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "EXPORT_BLOCK", 10)
        expected = many(count, kind="segment")
        many(5)

        uuids = [row[0] for block in export_blocks({"kind": "segment"}) for row in block]
        assert [AuditRecord.objects.get(uuid=each).pk for each in uuids] == expected

    def test_rows_are_read_as_they_are_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "EXPORT_BLOCK", 10)
        many(30)

        with CaptureQueriesContext(connection) as queries:
            rows = export_blocks({})
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
            changes={"name": ["Before", "After"]},
        )

        text = "".join(as_json_lines(export_blocks({})))

        assert len(text.splitlines()) == 1
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
            "changes": {"name": ["Before", "After"]},
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
        [line] = as_json_lines(export_blocks({}))
        [row] = csv.DictReader(io.StringIO("".join(as_csv(export_blocks({}))), newline=""), strict=True)

        told = exported(AuditRecord.objects.get(pk=made.pk))
        expected = json.dumps(told, ensure_ascii=False).replace("\u2028", "\\u2028")
        assert line == f"{expected}\n"
        assert (row["name"], json.loads(row["config"])) == (text, made.config)

    def test_a_moment_is_exported_in_utc_wherever_it_was_noted(self) -> None:
        there = datetime.timezone(datetime.timedelta(hours=-5))
        record(created_at=MOMENT.astimezone(there))

        with timezone.override(there):
            [line] = as_json_lines(export_blocks({}))

        assert json.loads(line)["created_at"] == "2026-11-23T12:30:15.250000Z"

    def test_csv_can_be_read_back(self) -> None:
        awkward = 'comma, "quote"; line\r\nbreak\nand ünïcode'
        made = record(name="a, b", reason=awkward, status_code=None, on=True, config={"region": "us-east-1"})

        text = "".join(as_csv(export_blocks({})))

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

        [row] = csv.DictReader(io.StringIO("".join(as_csv(export_blocks({}))), newline=""))

        assert row[field] == f"'{text}"

    def test_a_cell_that_begins_with_nul_is_no_formula_either(self) -> None:
        # PostgreSQL stores no NUL, so this is asked of the cell alone.
        assert AS_CELL[str]("\0=1+1") == "'\0=1+1"

    @pytest.mark.parametrize(
        ("text", "neutral"),
        [
            ("a;=1+1", "a;'=1+1"),
            ('a; "=1+1";-2', "a; \"'=1+1\";'-2"),
            ("a\t@SUM(A1)", "a\t'@SUM(A1)"),
            ("first line\r\n=1+1", "first line\r\n'=1+1"),
            ("\t=1+1", "'\t'=1+1"),
            (";＝1", ";'＝1"),
            ("a;'=1+1", "a;'=1+1"),
        ],
    )
    def test_no_formula_begins_where_another_program_separates_cells(self, text: str, neutral: str) -> None:
        record(reason=text, config={"streamName": text})

        written = "".join(as_csv(export_blocks({})))

        [row] = csv.DictReader(io.StringIO(written, newline=""))
        assert row["reason"] == neutral
        assert json.loads(row["config"]) == {"streamName": text}
        for separator in ";\t":
            for cells in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
                assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))] == []

    @pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"], ids=ascii)
    def test_a_json_line_has_no_other_line_end_in_it(self, end: str) -> None:
        record(name=f"a{end}b", config={"streamName": end, end: 1})

        text = "".join(as_json_lines(export_blocks({})))

        assert len(text.splitlines()) == 1
        assert json.loads(text)["name"] == f"a{end}b"
        assert json.loads(text)["config"] == {"streamName": end, end: 1}

    @pytest.mark.parametrize("text", ["", "plain", "a=b", "'quoted", "1", "a-b", "a; b", "a\nb"])
    def test_an_ordinary_cell_is_left_as_it_is(self, text: str) -> None:
        assert AS_CELL[str](text) == text

    def test_a_number_in_a_cell_is_no_formula(self) -> None:
        assert AS_CELL[int](-1) == "'-1"
