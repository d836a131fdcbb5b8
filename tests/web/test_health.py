"""Health checks."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_both_respond_without_sign_in(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
    assert client.get("/readyz").content == b"ok\n"


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["192.0.2.7", "192.0.2.7:8000", "[2001:db8::1]", "elsewhere.example"])
@pytest.mark.parametrize("https_only", [False, True])
def test_load_balancers_may_send_any_host(client: Client, settings: Settings, host: str, https_only: bool) -> None:
    settings.SECURE_SSL_REDIRECT = https_only

    assert client.get("/healthz", headers={"Host": host}).content == b"ok\n"
    assert client.get("/readyz", headers={"Host": host}).content == b"ok\n"
    assert client.get("/login/", headers={"Host": host}).status_code == 400


@pytest.mark.django_db
def test_readyz_is_503_without_a_database(client: Client) -> None:
    def gone(execute: object, sql: str, params: object, many: bool, context: object) -> None:
        from django.db import OperationalError

        raise OperationalError("The database is gone: password=marker")

    with connection.execute_wrapper(gone):
        ready, alive = client.get("/readyz"), client.get("/healthz")

    assert ready.status_code == 503
    assert "does not respond" in ready.content.decode()
    assert "marker" not in ready.content.decode()
    assert alive.status_code == 200
