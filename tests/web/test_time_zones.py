"""Times in UTC and in the viewer's zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.support.attempts import record
from tests.support.html import read

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 11, 22, 20, 5, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User) -> None:
    """Sign a viewer in."""
    client.force_login(viewer)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Berlin", "(21:05:31 CET)"),
        ("Asia%2FKolkata", "(2026-11-23 01:35:31 IST)"),
        ("America/Sao_Paulo", "(17:05:31 UTC-03)"),
    ],
)
def test_a_record_has_utc_and_local_time(client: Client, zone: str, words: str) -> None:
    client.cookies["timezone"] = zone

    page = read(client.get(record(created_at=EVENING, settled_at=EVENING).get_absolute_url()))

    assert f"2026-11-22 20:05:31 UTC {words}" in page.text


@pytest.mark.parametrize(
    "zone", ["", "UTC", "Europe/London", "Nowhere/Town", "../../etc/passwd", "x" * 4_000, "<b>", "\u00e9"]
)
def test_without_a_valid_zone_it_is_utc_alone(client: Client, zone: str) -> None:
    client.cookies["timezone"] = zone

    response = client.get(record(created_at=EVENING, settled_at=EVENING).get_absolute_url())

    assert response.status_code == 200
    assert "20:05:31 UTC" in read(response).text
    assert read(response).classed("local") == []


def test_exports_and_filters_stay_in_utc(client: Client) -> None:
    record(created_at=EVENING, settled_at=EVENING)
    client.cookies["timezone"] = "Asia/Kolkata"

    response = client.get("/history/export/?format=jsonl&since=2026-11-22&until=2026-11-22")

    [line] = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]  # it streams
    assert json.loads(line)["created_at"] == "2026-11-22T20:05:31Z"
    assert "1 attempt" in read(client.get("/history/?since=2026-11-22&until=2026-11-22")).text


def test_a_zone_does_not_outlive_its_request(client: Client) -> None:
    client.cookies["timezone"] = "Asia/Kolkata"
    client.get("/history/")

    assert timezone.get_current_timezone_name() == "UTC"
