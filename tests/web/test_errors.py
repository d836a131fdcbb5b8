"""The answers when something is not as it should be: each says what happened and what to do next."""

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
    """Who may not do something learns who can help."""

    def test_the_page_names_administrators_and_who_asked(
        self, client: Client, nobody: User, administrator: User
    ) -> None:
        administrator.first_name, administrator.last_name = "Ada", "Lovelace"
        administrator.save()
        User.objects.create_superuser("root")
        client.force_login(nobody)

        answer = client.get("/")

        page = read(answer)
        assert answer.status_code == 403
        assert "You are signed in as nils" in page.text
        assert "Ask Ada Lovelace, root: they can add you to a group" in page.text

    def test_people_who_have_left_are_not_named(self, client: Client, nobody: User, administrator: User) -> None:
        administrator.is_active = False
        administrator.save()
        client.force_login(nobody)

        page = read(client.get("/"))

        assert "ada" not in page.text.split()
        assert "Ask whoever runs Destinations UI" in page.text

    def test_a_few_names_are_enough(self, client: Client, nobody: User) -> None:
        for number in range(9):
            person(f"admin-{number}").groups.add(Group.objects.get(name="Administrators"))
        client.force_login(nobody)

        page = read(client.get("/"))

        assert "Ask admin-0, admin-1, admin-2, admin-3, admin-4: they" in page.text

    def test_htmx_gets_the_message_for_its_place(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        answer = client.post("/destinations/new/kinesis/", {}, headers=HTMX)

        page = read(answer)
        assert answer.status_code == 403
        assert answer.headers["HX-Retarget"] == "#messages"
        assert "whose role does not include this" in page.text
        assert page.find("html") == page.find("form") == []


class TestNotFound:
    """An address that leads nowhere says so, whoever asks."""

    @pytest.mark.parametrize(
        "path", ["/nowhere/", "/history/x/", "/destinations/", "/admin/nothing/", "/%ff/", "/static/nothing.css"]
    )
    def test_the_page_leads_on(self, client: Client, administrator: User, sandbox: SandboxServer, path: str) -> None:
        client.force_login(administrator)

        answer = client.get(path)

        page = read(answer)
        assert answer.status_code == 404
        assert "There is nothing at this address" in page.text
        assert {"/", "/history/"} <= set(page.links)

    def test_a_stranger_learns_no_more(self, client: Client) -> None:
        answer = client.get("/nowhere/")

        assert answer.status_code == 404
        assert "Sign out" not in answer.content.decode()

    def test_htmx_gets_the_message_for_its_place(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        answer = client.get("/nowhere/", headers=HTMX)

        assert answer.status_code == 404
        assert answer.headers["HX-Retarget"] == "#messages"
        assert read(answer).find("html") == []


class TestNotUnderstood:
    """A request that is not one of ours is refused in words."""

    def test_a_wrong_host_is_refused(self, client: Client) -> None:
        answer = client.get("/", headers={"Host": "elsewhere.example"})

        page = read(answer)
        assert answer.status_code == 400
        assert "The request was not understood" in page.text
        assert "elsewhere.example" not in page.text

    @pytest.mark.parametrize("path", ["/login/", "/destinations/new/kinesis/"])
    def test_too_much_at_once_is_refused_from_anyone(self, client: Client, path: str) -> None:
        answer = client.post(path, {"username": "x" * 300_000})

        assert answer.status_code == 413
        assert "That was too much at once" in read(answer).text

    def test_a_method_that_there_is_not_is_refused(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)

        for path in ("/", "/history/", "/history/export/", "/healthz", "/readyz"):
            assert client.post(path).status_code == 405
            assert client.delete(path).status_code == 405


class TestOurFault:
    """When we fail, the page still comes, with a number to report and nothing else."""

    def test_without_a_database_the_page_comes_all_the_same(self, client: Client, viewer: User) -> None:
        client.force_login(viewer)
        client.raise_request_exception = False

        def gone(*args: Any) -> None:
            raise OperationalError("The database is gone: password=marker-of-the-database")

        with connection.execute_wrapper(gone):
            answer = client.get("/history/")

        page = read(answer)
        assert answer.status_code == 503
        assert "The database cannot be used" in page.text
        assert answer.headers["X-Request-ID"] in page.text
        assert "marker-of-the-database" not in page.html
