"""Error pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection
from django.test import Client

from destinations_ui.sandbox import SandboxServer
from tests.conftest import person
from tests.support.html import read

HTMX = {"HX-Request": "true", "HX-Target": "main"}

pytestmark = pytest.mark.django_db


class TestNotAllowed:
    """The page for missing permissions."""

    def test_the_page_names_administrators_and_the_user(
        self, client: Client, nobody: User, administrator: User
    ) -> None:
        administrator.first_name, administrator.last_name = "Ada", "Lovelace"
        administrator.save()
        User.objects.create_superuser("root")
        client.force_login(nobody)

        response = client.get("/")

        page = read(response)
        assert response.status_code == 403
        assert "You’re signed in as nils" in page.text
        assert "Ask Ada Lovelace, root to add you to a group with access" in page.text

    def test_inactive_administrators_are_not_named(self, client: Client, nobody: User, administrator: User) -> None:
        administrator.is_active = False
        administrator.save()
        client.force_login(nobody)

        page = read(client.get("/"))

        assert "ada" not in page.text.split()
        assert "Ask the person who runs Destinations UI" in page.text

    def test_at_most_five_names_are_listed(self, client: Client, nobody: User) -> None:
        for number in range(9):
            person(f"admin-{number}").groups.add(Group.objects.get(name="Administrators"))
        client.force_login(nobody)

        page = read(client.get("/"))

        assert "Ask admin-0, admin-1, admin-2, admin-3, admin-4 to add" in page.text

    @pytest.mark.parametrize(
        ("referer", "expected"),
        [
            ("http://testserver/history/?q=x", True),
            ("http://testserver/destinations/new/", False),
            ("http://testserver/login/?next=/", False),
            ("https://elsewhere.example/history/", False),
            ("javascript:alert(1)", False),
            ("http://[broken", False),
            ("", False),
        ],
    )
    def test_the_page_leads_back_to_a_page_of_ours(
        self, client: Client, viewer: User, referer: str, expected: bool
    ) -> None:
        client.force_login(viewer)

        page = read(client.get("/destinations/new/", headers={"Referer": referer}))

        assert "/" in page.links
        assert (referer in page.links) is expected
        assert "Go back" in page.text if expected else "Go back" not in page.text

    def test_htmx_gets_the_message_alone(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        response = client.post("/destinations/new/kinesis/", {}, headers=HTMX)

        page = read(response)
        assert response.status_code == 403
        assert response.headers["HX-Retarget"] == "#messages"
        assert "to add you to a group with access" in page.text
        assert page.find("html") == page.find("form") == []


class TestFavicon:
    """The icon's usual URL."""

    def test_it_leads_to_the_icon_without_sign_in(self, client: Client) -> None:
        response = client.get("/favicon.ico")

        assert response.status_code == 302
        assert response.headers["Location"].startswith("/static/favicon.")
        assert response.headers["Location"].endswith(".svg")
        assert response.headers["Cache-Control"] == "public, max-age=86400"


class TestNotFound:
    """The page for unknown URLs."""

    @pytest.mark.parametrize(
        "path", ["/nowhere/", "/history/x/", "/destinations/", "/admin/nothing/", "/%ff/", "/static/nothing.css"]
    )
    def test_the_page_links_to_map_and_history(
        self, client: Client, administrator: User, sandbox: SandboxServer, path: str
    ) -> None:
        client.force_login(administrator)

        response = client.get(path)

        page = read(response)
        assert response.status_code == 404
        assert "Page not found" in page.text
        assert {"/", "/history/"} <= set(page.links)

    def test_an_anonymous_user_sees_no_navigation(self, client: Client) -> None:
        response = client.get("/nowhere/")

        assert response.status_code == 404
        assert "Sign out" not in response.content.decode()

    def test_htmx_gets_the_message_alone(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        response = client.get("/nowhere/", headers=HTMX)

        assert response.status_code == 404
        assert response.headers["HX-Retarget"] == "#messages"
        assert read(response).find("html") == []


class TestNotUnderstood:
    """The pages for malformed requests."""

    def test_a_wrong_host_is_refused(self, client: Client) -> None:
        response = client.get("/", headers={"Host": "elsewhere.example"})

        page = read(response)
        assert response.status_code == 400
        assert "Bad request" in page.text
        assert "elsewhere.example" not in page.text

    @pytest.mark.parametrize("path", ["/login/", "/destinations/new/kinesis/"])
    def test_too_large_a_form_gets_413_without_sign_in(self, client: Client, path: str) -> None:
        response = client.post(path, {"username": "x" * 300_000})

        assert response.status_code == 413
        assert "Form too large" in read(response).text

    def test_an_unsupported_method_gets_405(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        for path in ("/", "/history/", "/history/export/", "/healthz", "/readyz"):
            assert client.post(path).status_code == 405
            assert client.delete(path).status_code == 405


class TestOurFault:
    """The page for server errors."""

    def test_without_a_database_the_page_is_503(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)
        client.raise_request_exception = False

        def gone(*args: Any) -> None:
            raise OperationalError("The database is gone: password=marker-of-the-database")

        with connection.execute_wrapper(gone):
            response = client.get("/history/")

        page = read(response)
        assert response.status_code == 503
        assert "The database is unavailable" in page.text
        assert response.headers["X-Request-ID"] in page.text
        assert "marker-of-the-database" not in page.html
