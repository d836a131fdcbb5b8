"""Exports: the blocks they are read in, JSON Lines and CSV."""

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
from destinations_ui.history.query import export_blocks
from tests.support.attempts import new_record, record

pytestmark = pytest.mark.django_db

#: The contract, written out once more so that no one changes it by accident.
CONTRACT = [
    *("id", "created_at", "actor", "action", "outcome", "project", "environment", "kind", "name", "on", "config"),
    *("secrets", "reason", "destination_id", "status_code", "error_code", "error_message", "error_id", "duration_ms"),
    *("request_id", "submission", "settled_at", "changes"),
]
TIME = datetime.datetime(2026, 11, 23, 12, 30, 15, 250000, tzinfo=datetime.UTC)


def many(count: int, **changes: Any) -> list[int]:
    """Write a number of records and return their primary keys, newest first."""
    made = AuditRecord.objects.bulk_create([new_record(**changes) for _ in range(count)])
    return sorted((each.pk for each in made), reverse=True)


class TestExport:
    """Formats that other programs read."""

    def test_keys_and_their_order_are_the_contract(self) -> None:
        record()

        [line] = as_json_lines(export_blocks({}))
        heading = next(as_csv([]))

        assert list(EXPORT_KEYS) == CONTRACT
        assert list(json.loads(line)) == CONTRACT
        assert heading == ",".join(CONTRACT) + "\r\n"

    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
    def test_each_record_is_exported_once_whatever_the_block_size(
        self, count: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history, "EXPORT_BLOCK", 10)
        expected = many(count, kind="segment")
        many(5)

        uuids = [row[0] for block in export_blocks({"kind": "segment"}) for row in block]
        assert [AuditRecord.objects.get(uuid=each).pk for each in uuids] == expected

    def test_blocks_are_queried_when_they_are_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "EXPORT_BLOCK", 10)
        many(30)

        with CaptureQueriesContext(connection) as queries:
            rows = export_blocks({})
            assert len(queries) == 0
            assert len(next(rows)) == 10
            assert len(queries) == 1
            next(rows)
            assert len(queries) == 2

    def test_json_lines_keep_the_type_of_every_value(self) -> None:
        made = record(
            created_at=TIME,
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
    def test_exported_text_equals_the_record(self, text: str) -> None:
        made = record(
            created_at=TIME.replace(microsecond=0),
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

    def test_times_are_exported_in_utc(self) -> None:
        there = datetime.timezone(datetime.timedelta(hours=-5))
        record(created_at=TIME.astimezone(there))

        with timezone.override(there):
            [line] = as_json_lines(export_blocks({}))

        assert json.loads(line)["created_at"] == "2026-11-23T12:30:15.250000Z"

    def test_csv_reads_back_to_the_same_values(self) -> None:
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

    def test_a_cell_that_begins_with_nul_is_no_formula(self) -> None:
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
    def test_no_formula_follows_a_separator_of_another_program(self, text: str, neutral: str) -> None:
        record(reason=text, config={"streamName": text})

        written = "".join(as_csv(export_blocks({})))

        [row] = csv.DictReader(io.StringIO(written, newline=""))
        assert row["reason"] == neutral
        assert json.loads(row["config"]) == {"streamName": text}
        for separator in ";\t":
            for cells in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
                assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))] == []

    @pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"], ids=ascii)
    def test_unicode_line_ends_are_escaped_in_json_lines(self, end: str) -> None:
        record(name=f"a{end}b", config={"streamName": end, end: 1})

        text = "".join(as_json_lines(export_blocks({})))

        assert len(text.splitlines()) == 1
        assert json.loads(text)["name"] == f"a{end}b"
        assert json.loads(text)["config"] == {"streamName": end, end: 1}

    @pytest.mark.parametrize("text", ["", "plain", "a=b", "'quoted", "1", "a-b", "a; b", "a\nb"])
    def test_an_ordinary_cell_is_unchanged(self, text: str) -> None:
        assert AS_CELL[str](text) == text

    def test_a_negative_number_is_no_formula(self) -> None:
        assert AS_CELL[int](-1) == "'-1"
