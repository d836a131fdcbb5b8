"""The export's view."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations_ui.audit.models import AuditRecord
from destinations_ui.audit.serialization import EXPORT_KEYS
from tests.support.attempts import new_record, record
from tests.support.html import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign the viewer in."""
    client.force_login(viewer)


def exported(client: Client, query: str = "", file_format: str = "jsonl") -> list[dict[str, Any]]:
    """Return the exported rows."""
    response = client.get(f"/history/export/?format={file_format}{query}")
    assert isinstance(response, StreamingHttpResponse)
    text = response.getvalue().decode()
    if file_format == "csv":
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    return [json.loads(line) for line in text.splitlines()]


class TestExport:
    """Exports."""

    @pytest.mark.parametrize(
        ("file_format", "content_type"),
        [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl; charset=utf-8")],
    )
    def test_an_export_is_a_streamed_attachment(self, client: Client, file_format: str, content_type: str) -> None:
        record()

        with CaptureQueriesContext(connection) as before:
            response = client.get(f"/history/export/?format={file_format}")

        assert response.status_code == 200
        assert response.streaming
        assert not any("auditrecord" in query["sql"].lower() for query in before if "SELECT" in query["sql"][:6])
        assert response.headers["Content-Type"] == content_type
        name = response.headers["Content-Disposition"]
        assert name.startswith('attachment; filename="destinations-2')
        assert name.endswith(f'Z.{file_format}"')
        assert "Content-Length" not in response.headers

    @pytest.mark.parametrize("file_format", ["csv", "jsonl"])
    def test_an_export_has_exactly_the_matching_records(self, client: Client, file_format: str) -> None:
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

    def test_an_export_without_records_has_a_header_alone(self, client: Client) -> None:
        assert exported(client, "", "csv") == exported(client) == []

    @pytest.mark.parametrize("query", ["", "?format=", "?format=xml", "?format=%00", "?format=csv&since=never"])
    def test_an_invalid_export_is_refused_with_a_link_back(self, client: Client, query: str) -> None:
        record(name="not to be exported")

        response = client.get(f"/history/export/{query}")

        page = read(response)
        assert response.status_code == 400
        assert "Nothing was exported" in page.text
        assert "not to be exported" not in page.text
        assert "/history/" in page.links
