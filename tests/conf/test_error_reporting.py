"""Error reports show names and code, but no value, also with DEBUG on."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter, technical_500_response
from pytest_django import Settings

from destinations_ui.conf.secret import Secret
from destinations_ui.sandbox import SandboxServer
from tests.support.environment import DEFAULTS, MARKER_TOKEN

POSTED = "marker-that-was-posted"
LOCAL = "marker-of-a-variable"
PASSWORD = "marker-of-a-password"
COOKIE = "marker-of-a-session"
#: Values of the tests' environment that must not be shown.
KEYS = (DEFAULTS["SECRET_KEY"], DEFAULTS["FINGERPRINT_KEY"], MARKER_TOKEN)


@pytest.fixture(params=[True, False], ids=["DEBUG", "no DEBUG"])
def debug(request: pytest.FixtureRequest, settings: Settings) -> bool:
    """With DEBUG on, and with DEBUG off."""
    settings.DEBUG = request.param
    return bool(request.param)


def posted() -> HttpRequest:
    """Return a request with the process's environment, as a development server makes it."""
    data = {"config-policy_key": POSTED, "name": f"name {POSTED}", "csrfmiddlewaretoken": POSTED}
    request = RequestFactory().post("/destinations/new/azure-event-hubs/", data)
    request.COOKIES = {"sessionid": COOKIE, "csrftoken": COOKIE}
    request.META |= os.environ | {
        "DATABASE_URL": f"postgresql://oskar:{PASSWORD}@db.example.com/destinations_ui",
        "CACHE_URL": f"redis://:{PASSWORD}@cache.example.com",
        "PGPASSWORD": PASSWORD,
        "HTTP_AUTHORIZATION": f"Basic {PASSWORD}",
        "HTTP_COOKIE": f"sessionid={COOKIE}",
    }
    return request


def fail(policy_key: str, **values: Any) -> None:
    """Fail with secrets in every kind of variable."""
    payload = {"config": {"policyKey": policy_key}, "rows": [policy_key, (policy_key,)], **values}
    body = repr(payload).encode()
    wrapped = Secret(policy_key)
    raise ZeroDivisionError(f"{len(payload)} {len(body)} {wrapped}")


def reports() -> dict[str, str]:
    """Return every format of Django's report of a failure."""
    request = posted()
    try:
        fail(LOCAL, other=LOCAL)
    except ZeroDivisionError:
        info = sys.exc_info()
        assert info[0]
        reporter = ExceptionReporter(request, *info)
        return {
            "html": reporter.get_traceback_html(),
            "text": reporter.get_traceback_text(),
            "page": technical_500_response(request, *info).content.decode(),
            "without a request": ExceptionReporter(None, *info).get_traceback_html(),
        }
    raise AssertionError


@pytest.mark.usefixtures("debug")
def test_no_report_shows_a_value() -> None:
    for name, report in reports().items():
        found = [marker for marker in (POSTED, LOCAL, PASSWORD, COOKIE, *KEYS) if marker in report]
        assert (name, found) == (name, [])


@pytest.mark.usefixtures("debug")
def test_a_report_has_the_traceback_and_field_names() -> None:
    report = reports()["html"]
    for name in ("ZeroDivisionError", "in fail", "payload", "policy_key", "config-policy_key", "DATABASE_URL"):
        assert name in report


@pytest.mark.usefixtures("debug")
def test_no_setting_with_a_url_or_a_key_is_shown(settings: Settings) -> None:
    settings.REPLICA_URL = f"postgresql://oskar:{PASSWORD}@db.example.com/x"
    settings.SIGNING_KEYS = [PASSWORD]
    settings.SERVICES = {"mail": {"url": "x", "password": PASSWORD, "api": {"nested_token": PASSWORD}}}
    report = reports()["html"]
    assert "REPLICA_URL" in report
    assert "SERVICES" in report
    assert PASSWORD not in report


@pytest.mark.usefixtures("debug")
def test_databases_and_caches_are_hidden_as_a_whole() -> None:
    request = posted()
    shown = ExceptionReporter(request, None, None, None).filter.get_safe_settings()
    assert shown["DATABASES"] == shown["CACHES"] == "********************"
    for name in ("SECRET_KEY", "LAUNCHDARKLY_TOKEN", "LAUNCHDARKLY_URL", "FINGERPRINT_KEY"):
        assert shown[name] == "********************"


@pytest.mark.django_db
@pytest.mark.usefixtures("debug")
def test_a_server_error_while_sending_shows_no_secret(
    operator: User, sandbox: SandboxServer, settings: Settings
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(operator)
    settings.FINGERPRINT_KEY = None  # The record cannot be written.
    data = {
        "project": "web-shop",
        "environment": "staging",
        "name": "Clicks",
        "on": "true",
        "submission": "5b0f3f6e-6d5f-4c53-8f0a-d1a1f7c0a001",
        "config-write_key": POSTED,
    }
    response = client.post("/destinations/new/segment/", data)
    page = response.content.decode()
    assert response.status_code == 500
    assert ("AttributeError" in page) is settings.DEBUG
    assert not any(marker in page for marker in (POSTED, *KEYS, client.cookies["sessionid"].value))
    assert sandbox.count("POST") == 0
