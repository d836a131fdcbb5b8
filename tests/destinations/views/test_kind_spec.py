"""A kind's JSON for the browser."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from destinations_ui.kinds import Kind, client_spec
from tests.support.attempts import KINDS
from tests.support.html import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def client(client: Client, operator: User) -> Client:
    """Sign in as someone who may create."""
    client.force_login(operator)
    return client


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_the_form_links_to_the_kinds_json_which_never_changes(client: Client, kind: Kind) -> None:
    [fields] = read(client.get(reverse("create-destination", args=[kind]))).find("fieldset", id="kind-fields")

    response = client.get(fields.attrs["data-kind-spec"])

    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content)["slug"] == kind.slug
    assert client_spec.digest(kind) in fields.attrs["data-kind-spec"]


def test_a_page_of_another_version_gets_uncached_current_json(client: Client) -> None:
    kind = KINDS[0]

    response = client.get(reverse("kind-spec", args=[kind, "0123456789ab"]))

    assert response["Cache-Control"] == "no-store"
    assert response.content == client_spec.content(kind)
