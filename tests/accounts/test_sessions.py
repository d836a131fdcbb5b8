"""A session ends by idling and after half a day; a form in progress survives both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from destinations_ui import kinds
from destinations_ui.accounts import sessions
from destinations_ui.accounts.models import UserSession
from destinations_ui.sandbox import SandboxServer
from tests.support.form_data import form_data

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the time of day, as hours and minutes after the sign-in."""

    def at(hours: float, minutes: float = 0) -> None:
        monkeypatch.setattr(timezone, "now", lambda: MORNING + timedelta(hours=hours, minutes=minutes))

    at(0)
    return at


@pytest.fixture(autouse=True)
def signed_in(client: Client, viewer: User, clock: Callable[..., None]) -> None:
    """Sign in by the page."""
    client.post("/login/", {"username": "vera", "password": "correct-horse-battery"})


def test_two_hours_without_a_request_end_it(client: Client, clock: Callable[..., None]) -> None:
    for hours, minutes in ((1, 50), (3, 40), (5, 30)):
        clock(hours, minutes)
        assert client.get("/history/").status_code == 200

    clock(7, 31)
    assert client.get("/history/").headers["Location"] == "/login/?next=/history/"


def test_twelve_hours_end_it_however_busy(client: Client, clock: Callable[..., None]) -> None:
    for hours in range(1, 12):
        clock(hours, 50)
        assert client.get("/history/").status_code == 200

    clock(12, 1)
    assert client.get("/history/").status_code == 302


def test_the_browser_forgets_it_at_the_same_time(client: Client, clock: Callable[..., None]) -> None:
    assert client.cookies["sessionid"]["max-age"] == 7200
    clock(1)
    assert client.get("/history/").cookies["sessionid"]["max-age"] == 7200


def test_it_is_written_every_few_minutes_only(client: Client, clock: Callable[..., None]) -> None:
    def writes() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/history/").status_code == 200
        return [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]

    clock(0, 4)
    assert writes() == []
    clock(0, 6)
    assert len(writes()) == 1
    clock(0, 10)
    assert writes() == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login/", "/nowhere/"])
def test_what_needs_no_session_does_not_extend_it(client: Client, clock: Callable[..., None], path: str) -> None:
    before = UserSession.objects.get().expire_date
    clock(1)

    client.get(path)

    assert UserSession.objects.get().expire_date == before


def test_one_of_an_older_release_ends(client: Client) -> None:
    session = client.session
    del session[sessions.SIGNED_IN_AT]
    session.save()

    assert client.get("/history/").status_code == 200
    assert client.get("/history/").status_code == 302


def test_a_clock_that_jumped_ahead_and_back_leaves_no_long_session(client: Client, clock: Callable[..., None]) -> None:
    clock(1.9)
    client.get("/history/")
    clock(0)
    client.get("/history/")

    clock(2, 1)
    assert client.get("/history/").status_code == 302


def test_a_form_in_progress_loses_nothing(client: Client, clock: Callable[..., None], sandbox: SandboxServer) -> None:
    kind = kinds.registry()["kinesis"]
    clock(3)

    response = client.post("/destinations/new/kinesis/", form_data(kind))

    assert response.status_code == 401
    page = response.content.decode()
    assert "You have been signed out" in page
    assert form_data(kind)["config-stream_name"] in page
    assert sandbox.count("POST") == 0


def test_a_response_stands_when_the_session_ends_meanwhile(client: Client, clock: Callable[..., None]) -> None:
    def sign_out(execute: Any, sql: str, *arguments: Any) -> Any:
        """Sign out in another tab, once the user is loaded."""
        if "auth_user" in sql:
            with connection.execute_wrapper(lambda execute, *arguments: execute(*arguments)):
                UserSession.objects.all().delete()
        return execute(sql, *arguments)

    clock(1)
    with connection.execute_wrapper(sign_out):
        response = client.get("/history/")

    assert response.status_code == 200
    assert client.get("/history/").status_code == 302
