"""Bad input to the form gets the right status, never a server error."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, create_url
from tests.support.attempts import KINDS
from tests.support.form_data import form_data
from tests.support.html import read

KINESIS, MPARTICLE = (kinds.registry()[slug] for slug in ("kinesis", "mparticle"))

pytestmark = pytest.mark.django_db
each_way = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


class TestOddRequests:
    """Malformed and oversized forms."""

    def test_too_large_a_form_gets_413(self, client: Client, sandbox: SandboxServer) -> None:
        response = client.post(create_url(KINESIS), form_data(KINESIS, reason="x" * 300_000))

        assert response.status_code == 413
        assert "shorten the longest value" in read(response).text
        assert sandbox.count("POST") == 0

    def test_too_many_fields_get_413(self, client: Client, sandbox: SandboxServer) -> None:
        response = client.post(
            create_url(KINESIS), form_data(KINESIS) | {f"field-{number}": "" for number in range(1_001)}
        )

        assert response.status_code == 413
        assert sandbox.count("POST") == 0

    def test_a_file_is_refused(self, client: Client, sandbox: SandboxServer) -> None:
        data: dict[str, Any] = {**form_data(KINESIS), "file": SimpleUploadedFile("a.txt", b"a")}

        assert client.post(create_url(KINESIS), data).status_code == 413
        assert sandbox.count("POST") == 0

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/x-www-form-urlencoded", b"name=%ff%fe&reason=%00&submission=%80&config-region=\xff\xfe"),
            ("application/x-www-form-urlencoded", b"&&&=&=%&%"),
            ("application/json", b'{"name": "a"}'),
            ("text/plain", b"name=a"),
            ("", b"name=a"),
            ("multipart/form-data", b"no boundary"),
            ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ],
    )
    def test_a_malformed_form_is_refused(
        self, client: Client, sandbox: SandboxServer, content_type: str, body: bytes
    ) -> None:
        response = client.generic("POST", create_url(KINESIS), body, content_type=content_type)

        assert response.status_code in {400, 422}
        assert sandbox.count("POST") == AuditRecord.objects.count() == 0

    @each_way
    def test_control_characters_are_refused_in_every_field(self, client: Client, headers: dict[str, str]) -> None:
        for name in form_data(MPARTICLE):
            response = client.post(
                create_url(MPARTICLE), form_data(MPARTICLE) | {name: "a\0\x1b[31mb"}, headers=headers
            )

            assert response.status_code == 422, name

    names = st.sampled_from([*form_data(KINESIS), *form_data(MPARTICLE), "config-", "config-x", "x"])
    values = st.one_of(
        st.sampled_from(["", "true", "web-shop", "staging", "faults", "add:config-user_identities", "\0"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.uuids().map(str),
    )

    @hypothesis_settings(
        max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        kind=st.sampled_from(KINDS),
        start=st.sampled_from([*KINDS, None]),
        changes=st.dictionaries(names, values, max_size=6),
        headers=st.sampled_from([{}, HTMX]),
    )
    def test_no_form_is_a_server_error(
        self, client: Client, kind: Kind, start: Kind | None, changes: dict[str, str], headers: dict[str, str]
    ) -> None:
        data = (form_data(start) if start else {}) | changes

        response = client.post(create_url(kind), data, headers=headers)

        assert response.status_code in {200, 303, 400, 409, 413, 422, 503}
        assert response.status_code != 200 or "HX-Redirect" in response.headers
