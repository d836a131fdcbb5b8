"""A row that was damaged in the database breaks no page: each says so, and shows the rest."""

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

from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.audit.serialization import EXPORT_KEYS
from destinations_ui.sandbox import SandboxServer
from tests.support import history_faults
from tests.support.attempts import record, unknown
from tests.support.html import read
from tests.support.unguarded import unguarded

#: Values in SQL that both databases can store, by column.
ANYWHERE = [
    ("config", "'[1, 2]'"),
    ("config", "'null'"),
    ("config", "'\"=1+1\"'"),
    ("secrets", "'null'"),
    ("changes", "'[1]'"),
    ("outcome", "'lost'"),
    ("action", "''"),
]
#: Values that only SQLite stores.
SQLITE = [
    ("config", "'not json'"),
    ("config", "'{\"region\": NaN}'"),
    ("config", '\'{"region": "\\ud800"}\''),
    ("config", "x'ff00'"),
    ("config", f"'{'[' * 100_000}'"),
    ("outcome", "x'ff'"),
    ("created_at", "'yesterday'"),
    ("created_at", "'2026-13-45 99:99:99'"),
    ("created_at", "x'00ff'"),
    ("settled_at", "'never'"),
    ("uuid", "'not-a-uuid'"),
    ("uuid", "x'ffff'"),
    ("submission", "''"),
    ("name", "x'ff41'"),
    ("name", "CAST(x'ff41' AS TEXT)"),
    ("kind", "x'ff'"),
    ('"on"', "'maybe'"),
    ("duration_ms", "'slow'"),
    ("status_code", "2.5"),
]
#: Values that only PostgreSQL stores.
POSTGRESQL = [
    ("created_at", "'infinity'"),
    ("settled_at", "'-infinity'"),
]

pytestmark = pytest.mark.django_db


def stored(cases: list[tuple[str, str]], *, vendor: str) -> list[Any]:
    """Return the cases, skipped on other databases."""
    skip = pytest.mark.skipif(f"connection.vendor != {vendor!r}", reason=f"Only {vendor} stores this.")
    return [pytest.param(*case, marks=skip) for case in cases]


each_damage = pytest.mark.parametrize(
    ("column", "value"),
    [*ANYWHERE, *stored(SQLITE, vendor="sqlite"), *stored(POSTGRESQL, vendor="postgresql")],
    ids=lambda text: text[:24],
)


def spoil(damaged: AuditRecord, column: str, value: str) -> None:
    """Write a value into a record's row past triggers and constraints."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        with unguarded():
            sql = f"UPDATE {history_faults.RECORDS} SET {column} = {value} WHERE id = {damaged.pk}"  # noqa: S608  # our own
            cursor.execute(sql)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.fixture
def sound(operator: User, client: Client, sandbox: SandboxServer) -> AuditRecord:
    """A record that nobody damaged, and a user who is signed in."""
    client.force_login(operator)
    return record(name="Sound record")


@pytest.fixture
def damaged(sound: AuditRecord, sandbox: SandboxServer) -> AuditRecord:
    """A record to damage, of a destination that LaunchDarkly has."""
    made = sandbox.add_destination("web-shop", "test", name="Made here")
    return record(name="Damaged record", config={"region": "us-east-1"}, destination_id=made)


@each_damage
def test_the_history_lists_it_and_the_others(client: Client, damaged: AuditRecord, column: str, value: str) -> None:
    spoil(damaged, column, value)

    response = client.get("/history/")

    page = read(response)
    assert response.status_code == 200
    assert len(page.classed("records__name")) == 2
    assert "Sound record" in page.text
    if column in {"config", "secrets", "changes", "outcome", "created_at", "uuid", "name", "kind"}:
        assert page.text.count("This record is damaged.") == 1


@each_damage
def test_the_overview_counts_the_others(client: Client, damaged: AuditRecord, column: str, value: str) -> None:
    spoil(damaged, column, value)

    for headers in ({}, {"HX-Request": "true"}):
        response = client.get("/history/overview/", headers=headers)

        page = read(response)
        assert response.status_code == 200
        counted = column in {"outcome", "created_at", "kind", "duration_ms"}
        assert ("1 damaged record not counted" in page.text) == counted


@each_damage
def test_its_own_page_names_what_cannot_be_read(client: Client, damaged: AuditRecord, column: str, value: str) -> None:
    spoil(damaged, column, value)

    response = client.get(damaged.get_absolute_url())

    if column == "uuid":
        assert response.status_code == 404
        return
    page = read(response)
    assert response.status_code == 200
    assert ("This record is damaged" in page.text) == (column != "action")
    assert "web-shop" in page.text


@each_damage
def test_the_start_page_shows_every_destination(client: Client, damaged: AuditRecord, column: str, value: str) -> None:
    before = len(read(client.get("/")).classed("environment--taken"))
    spoil(damaged, column, value)

    response = client.get("/")

    assert response.status_code == 200
    assert len(read(response).classed("environment--taken")) == before


@each_damage
def test_a_duplicate_is_filled_with_what_can_be_read(
    client: Client, damaged: AuditRecord, column: str, value: str
) -> None:
    spoil(damaged, column, value)

    for path in ("", "bulk/"):
        response = client.get(f"/destinations/new/kinesis/{path}?from={damaged.uuid}")

        page = read(response)
        assert response.status_code == 200
        if not path and column not in {"uuid", "action"}:
            assert "record is damaged, so some of its values are missing." in page.text


@each_damage
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_an_export_has_it_as_far_as_it_can_be_read(
    client: Client, damaged: AuditRecord, column: str, value: str, file_format: str
) -> None:
    after = record(name="Exported before it")
    spoil(damaged, column, value)

    response = client.get(f"/history/export/?format={file_format}")
    assert isinstance(response, StreamingHttpResponse)
    text = response.getvalue().decode()

    if file_format == "csv":
        rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    else:
        rows = [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
    assert [row["name"] for row in rows[::2]] == [after.name, "Sound record"]
    assert all(list(row) == list(EXPORT_KEYS) for row in rows)
    assert rows[1]["project"] == "web-shop"


@each_damage
def test_no_receipt_is_signed_for_it(client: Client, damaged: AuditRecord, column: str, value: str) -> None:
    spoil(damaged, column, value)

    assert client.get(f"/history/{damaged.uuid}/receipt/").status_code == (404 if column == "uuid" else 409)


@each_damage
def test_the_form_of_its_environment_can_be_filled(client: Client, sound: AuditRecord, column: str, value: str) -> None:
    spoil(unknown(project="web-shop", environment="staging"), column, value)

    response = client.get("/destinations/new/kinesis/?project=web-shop&environment=staging")

    assert response.status_code == 200


@each_damage
def test_it_is_not_matched_to_a_destination(client: Client, sound: AuditRecord, column: str, value: str) -> None:
    lost = unknown()
    spoil(lost, column, value)
    if column == "uuid":
        return
    posted: dict[str, str]
    for action, posted in (("reconcile", {}), ("decide", {"destination_id": "none", "reason": "Because"})):
        response = client.post(f"/history/{lost.uuid}/{action}/", posted, headers={"HX-Request": "true"})
        assert response.status_code < 500
    if column != "action":
        assert Event.objects.filter(record=lost.uuid, type=EventType.RESOLVED).count() == 0


@each_damage
def test_the_admin_lists_it_and_opens_its_page(
    admin_client: Client, damaged: AuditRecord, column: str, value: str
) -> None:
    spoil(damaged, column, value)

    for path in ("", f"{damaged.pk}/change/"):
        response = admin_client.get(f"/admin/destinations_ui/auditrecord/{path}")
        assert response.status_code == 200


def test_odd_values_in_a_configuration_are_shown_as_they_are(client: Client, sound: AuditRecord) -> None:
    odd: dict[str, Any] = {
        "region": {"a": [1]},
        "roleArn": None,
        "streamName": 5,
        "userIdentities": "text",
        "unknown": [[]],
    }
    for kind in ("kinesis", "mparticle", "carrier-pigeon"):
        made = record(kind=kind, config=odd, secrets={"apiKey": [None]}, outcome=Outcome.REFUSED)
        for url in (made.get_absolute_url(), f"/destinations/new/kinesis/?from={made.uuid}", "/history/"):
            assert client.get(url).status_code == 200
        assert client.get(f"/destinations/new/mparticle/?from={made.uuid}").status_code == 200


@pytest.mark.parametrize("body", ["not json", "[]", '{"set": 5}', '{"set": {"outcome": []}, "delivery": 1}', "{}"])
def test_a_damaged_event_is_shown_beside_the_others(client: Client, sound: AuditRecord, body: str) -> None:
    lost = unknown()
    for event_type in (EventType.INTENT, EventType.SETTLED):
        with unguarded(), connection.cursor() as cursor:
            sql = f"UPDATE {history_faults.EVENTS} SET body = %s WHERE type = %s"  # noqa: S608  # our own names
            cursor.execute(sql, [body, event_type.value])
        response = client.get(lost.get_absolute_url())
        assert response.status_code == 200
        assert len(read(response).classed("timeline__event")) == 2
