"""The form warns before a second attempt while the first is not settled."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.sandbox import Request, SandboxServer
from tests.support.attempts import begun, unknown
from tests.support.database_faults import without_table
from tests.support.form_data import form_data
from tests.support.html import read

DESTINATIONS = "/api/v2/destinations"
FORM = "/destinations/new/kinesis/"
PLACE = "?project=web-shop&environment=staging"
WORDS = "An earlier attempt is unresolved"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def may_create(settings: Settings, client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign someone in who may create, and let what is older than a moment be certain."""
    settings.RECONCILE_GRACE = 0
    settings.LAUNCHDARKLY_TIMEOUT = 1
    client.force_login(operator)


@pytest.mark.parametrize("made", [unknown, begun], ids=["unknown", "pending"])
def test_it_leads_to_the_earlier_attempt_wherever_the_place_is_known(
    client: Client, made: Callable[[], AuditRecord]
) -> None:
    earlier = made()
    data = form_data(kinds.registry()["kinesis"], name="")
    fragment = {"HX-Request": "true", "HX-Target": "environment-field"}

    for response in (
        client.get(FORM + PLACE),
        client.post(f"{FORM}environments/", data, headers=fragment),
        client.post(f"{FORM}redraw/", data),
        client.post(FORM, data),
    ):
        page = read(response)
        assert WORDS in page.text
        assert earlier.get_absolute_url() in page.links


@pytest.mark.parametrize("query", ["", "?project=web-shop", "?project=web-shop&environment=test"])
def test_elsewhere_it_says_nothing(client: Client, query: str) -> None:
    unknown()

    assert WORDS not in read(client.get(FORM + query)).text


def test_once_it_is_settled_it_says_nothing_any_more(client: Client) -> None:
    made = unknown()
    for _ in range(2):
        client.post(f"{made.get_absolute_url()}reconcile/")

    made.refresh_from_db()
    assert made.outcome == "absent"
    assert WORDS not in read(client.get(FORM + PLACE)).text


@pytest.mark.django_db(transaction=True)
def test_a_created_destination_is_shown_without_any_readable_record(client: Client, sandbox: SandboxServer) -> None:
    with ExitStack() as faults:

        def break_database(request: Request) -> None:
            faults.enter_context(without_table())
            connections.close_all()

        sandbox.script("POST", DESTINATIONS, break_database)
        response = client.post(FORM, form_data(kinds.registry()["kinesis"]))

    [made] = [each["id"] for each in sandbox.destinations() if each["environment"] == "staging"]
    assert response.status_code == 200
    assert made in read(response).text


def test_it_takes_one_query_however_many_there_are(client: Client) -> None:
    client.get(FORM + PLACE)
    with CaptureQueriesContext(connection) as without:
        client.get(FORM)
    for number in range(5):
        unknown(name=f"n{number}")

    with CaptureQueriesContext(connection) as captured:
        page = read(client.get(FORM + PLACE))

    assert len(captured) <= len(without) + 1
    assert "newest 3 of 5" in page.text
