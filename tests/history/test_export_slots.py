"""Exports at once are limited: of one user, and of all."""

from __future__ import annotations

import gc
import runpy
import socket
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from destinations_ui.history.export_slots import IN_ALL, PER_USER, SLOTS, ExportStream
from tests.conftest import person
from tests.support.attempts import record
from tests.support.html import read
from tests.support.product import ROOT

EXPORT = "/history/export/?format=jsonl"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_exports() -> Iterator[None]:
    """Start without the exports of other tests, and leave none."""
    gc.collect()
    SLOTS.running.clear()
    yield
    SLOTS.running.clear()


def running(client: Client, count: int) -> list[Any]:
    """Begin exports that nobody reads."""
    return [client.get(EXPORT) for _ in range(count)]


def another_user(number: int) -> Client:
    """Sign someone in."""
    client = Client()
    client.force_login(person(f"viewer{number}", "Viewers"))
    return client


def test_a_user_with_two_exports_is_asked_to_wait(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    exports = running(client, PER_USER)

    refused = client.get(EXPORT)

    assert [export.status_code for export in exports] == [200, 200]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "30"
    assert "Too many exports are running." in read(refused).text
    assert another_user(1).get(EXPORT).status_code == 200


def test_all_users_together_have_four(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    exports = running(client, PER_USER) + [another_user(number).get(EXPORT) for number in range(IN_ALL - PER_USER)]

    refused = another_user(IN_ALL).get(EXPORT)

    assert {export.status_code for export in exports} == {200}
    assert refused.status_code == 429


@pytest.mark.parametrize("end", ["read", "forgotten"])
def test_an_export_that_ended_frees_its_slot(client: Client, viewer: User, end: str) -> None:
    record()
    client.force_login(viewer)
    exports = running(client, PER_USER)
    last = exports.pop()

    if end == "read":
        assert last.getvalue()
    else:
        del last
    gc.collect()

    assert client.get(EXPORT).status_code == 200
    assert exports[0].status_code == 200


def test_a_stream_that_is_closed_twice_frees_its_slot_once() -> None:
    SLOTS.take(1)
    SLOTS.take(1)
    stream = ExportStream(iter(["line"]), 1)

    stream.close()
    stream.close()
    del stream
    gc.collect()

    assert SLOTS.running[1] == 1


def test_an_export_that_is_refused_takes_no_slot(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    for _ in range(PER_USER + 1):
        assert client.get("/history/export/?format=xml").status_code == 400

    assert client.get(EXPORT).status_code == 200


def test_a_client_that_reads_nothing_loses_its_connection() -> None:
    configuration = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    when_ready = configuration["when_ready"]
    when_ready.__globals__["SEND_TIMEOUT"] = 1
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        when_ready(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        with closing(socket.create_connection(listener.getsockname())):
            connection, _ = listener.accept()
            connection.setblocking(True)  # As gunicorn does.
            with closing(connection), pytest.raises(BlockingIOError):
                connection.sendall(bytes(64 * 1024 * 1024))

    assert configuration["SEND_TIMEOUT"] <= 60
