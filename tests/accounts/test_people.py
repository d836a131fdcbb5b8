"""Administrators manage people: list, create, role, deactivate, and links to set a password."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test import Client

from destinations_ui.accounts import people, roles
from destinations_ui.accounts.models import UserSession
from destinations_ui.conf.logging import LineFormatter
from tests.conftest import person
from tests.support.html import Page, read

PASSWORD = "correct-horse-battery"
NEW = {"new_password1": "another-horse-battery", "new_password2": "another-horse-battery"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client, administrator: User) -> Client:
    """An administrator's browser."""
    client.force_login(administrator)
    return client


def link_on(page: Page) -> str:
    """Return the path of the link on a page."""
    return urlsplit(page.find(id="link")[0].text).path


class TestList:
    """The list of people."""

    def test_it_has_role_status_and_last_sign_in(self, ada: Client, viewer: User, nobody: User) -> None:
        viewer.first_name = "Vera Rubin"
        viewer.last_login = datetime(2026, 11, 22, 20, 5, 31, tzinfo=UTC)
        viewer.save()
        nobody.is_active = False
        nobody.save()
        User.objects.create_superuser("root")

        rows = [row.text for row in read(ada.get("/people/")).find("tr")[1:]]

        assert [row.split()[0] for row in rows] == ["ada", "root", "Vera", "nils"]
        assert rows[0].startswith("ada Administrator Active Last sign-in: 2")
        assert rows[1] == "root Superuser Active Last sign-in: Never"
        assert rows[2] == "Vera Rubin vera Viewer Active Last sign-in: 2026-11-22 20:05:31 UTC"
        assert rows[3] == "nils No role Deactivated Last sign-in: Never"

    def test_it_is_searched_by_name_and_user_name(self, ada: Client, viewer: User, operator: User) -> None:
        viewer.first_name = "Vera Rubin"
        viewer.save()

        for query in ("VERA", "rubin vera", " rub "):
            assert [row.text.split()[0] for row in read(ada.get("/people/", {"q": query})).find("tr")[1:]] == ["Vera"]
        assert "1 person" in read(ada.get("/people/", {"q": "vera"})).text

    def test_a_search_without_a_match_says_so(self, ada: Client) -> None:
        page = read(ada.get("/people/", {"q": "nobody is called that"}))

        assert "No one matches" in page.text
        assert page.find("table") == []

    @pytest.mark.parametrize("query", ["\0", "x" * 151])
    def test_an_invalid_search_is_named(self, ada: Client, query: str) -> None:
        response = ada.get("/people/", {"q": query})

        assert response.status_code == 422
        assert read(response).find(id="id_q_error")

    def test_many_are_on_several_pages(self, ada: Client) -> None:
        User.objects.bulk_create(User(username=f"user-{number:03}") for number in range(120))

        assert "Page 2 of 3" in read(ada.get("/people/?page=2")).text
        assert "Page 3 of 3" in read(ada.get("/people/?page=999")).text
        assert ada.get("/people/?page=x").status_code == 200

    def test_the_header_leads_to_it_and_nothing_to_the_administration_site(self, ada: Client) -> None:
        links = read(ada.get("/people/")).links

        assert "/people/" in links
        assert not [link for link in links if link.startswith("/admin/")]

    def test_the_header_shows_it_to_administrators_alone(self, client: Client, operator: User) -> None:
        client.force_login(operator)

        links = read(client.get("/history/")).links

        assert "/people/" not in links
        assert "/account/" in links


class TestCreate:
    """A new user."""

    FORM = {"username": "grace", "name": "Grace Hopper", "role": "Operators"}

    def test_the_link_lets_them_choose_a_password_once(self, ada: Client) -> None:
        page = read(ada.post("/people/new/", self.FORM))

        grace = User.objects.get(username="grace")
        assert "grace was added" in page.text
        assert (grace.first_name, roles.label(grace), grace.has_usable_password()) == (
            "Grace Hopper",
            "Operator",
            False,
        )
        browser = Client()
        assert browser.get(link_on(page)).headers["Location"] == "/password/"
        assert "For grace." in read(browser.get("/password/")).text
        saved = browser.post("/password/", NEW, follow=True)
        assert saved.redirect_chain == [("/login/", 302)]
        assert "Password saved. Sign in with it." in read(saved).text
        signed_in = browser.post("/login/", {"username": "grace", "password": NEW["new_password1"]})
        assert signed_in.headers["Location"] == "/"
        again = Client().get(link_on(page), follow=True)
        assert again.status_code == 410
        assert "This link no longer works" in read(again).text

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"username": ""}, "username"),
            ({"username": "ADA"}, "username"),
            ({"username": "grace hopper"}, "username"),
            ({"username": "g\0"}, "username"),
            ({"username": "x" * 151}, "username"),
            ({"name": "x" * 151}, "name"),
            ({"name": "a\u202eb"}, "name"),
            ({"role": ""}, "role"),
            ({"role": "Everyone"}, "role"),
        ],
    )
    def test_what_is_wrong_is_at_its_field_and_the_rest_is_kept(
        self, ada: Client, change: dict[str, str], field: str
    ) -> None:
        response = ada.post("/people/new/", self.FORM | change)

        page = read(response)
        assert response.status_code == 422
        assert page.find(id=f"id_{field}_error")
        assert page.find(id=f"id_{field}")[0].attrs["aria-invalid"] == "true"
        assert page.classed("error-summary")[0].text
        kept = {name: value for name, value in self.FORM.items() if name != field}
        assert kept.items() <= page.form().items()
        assert User.objects.count() == 1

    def test_a_name_that_was_taken_meanwhile_is_refused(self, ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def taken(self: User, **kwargs: object) -> None:
            raise IntegrityError

        monkeypatch.setattr(User, "save", taken)

        response = ada.post("/people/new/", self.FORM)

        assert response.status_code == 422
        assert people.TAKEN in read(response).text

    def test_nothing_but_the_form_s_fields_is_set(self, ada: Client) -> None:
        ada.post("/people/new/", self.FORM | {"is_superuser": "on", "is_staff": "on", "password": "x" * 20})

        grace = User.objects.get(username="grace")
        assert not grace.is_superuser
        assert not grace.is_staff
        assert not grace.has_usable_password()


class TestRole:
    """A user's role."""

    def test_a_change_counts_at_the_next_request(self, ada: Client, operator: User) -> None:
        operator.groups.add(Group.objects.create(name="Of another tool"))
        oskar = Client()
        oskar.force_login(operator)

        page = read(ada.post(f"/people/{operator.pk}/role/", {"role": "Viewers"}, follow=True))

        assert "Role changed to Viewer." in page.text
        assert {group.name for group in operator.groups.all()} == {"Viewers", "Of another tool"}
        assert oskar.get("/destinations/new/").status_code == 403
        assert oskar.get("/history/").status_code == 200

    @pytest.mark.parametrize("role", ["", "Everyone", "\0"])
    def test_one_that_does_not_exist_is_refused(self, ada: Client, operator: User, role: str) -> None:
        response = ada.post(f"/people/{operator.pk}/role/", {"role": role})

        assert response.status_code == 422
        assert read(response).find(id="id_role_error")
        assert roles.label(operator) == "Operator"

    def test_every_role_is_explained_where_it_is_given(self, ada: Client, operator: User) -> None:
        for path in ("/people/", "/people/new/", f"/people/{operator.pk}/"):
            text = read(ada.get(path)).text
            assert [role.can for role in roles.ROLES if role.can not in text] == []


class TestDeactivate:
    """A user who is to sign in no more."""

    def test_their_sessions_end_at_once(self, ada: Client, operator: User) -> None:
        oskar = Client()
        oskar.force_login(operator)

        page = read(ada.post(f"/people/{operator.pk}/active/", {"active": "false"}, follow=True))

        assert "Deactivated, and all sessions ended." in page.text
        assert oskar.get("/history/").headers["Location"] == "/login/?next=/history/"
        assert not UserSession.objects.filter(user=operator).exists()
        refused = Client().post("/login/", {"username": "oskar", "password": PASSWORD})
        assert "don’t match" in read(refused).text

    def test_they_can_be_activated_again(self, ada: Client, operator: User) -> None:
        ada.post(f"/people/{operator.pk}/active/", {"active": "false"})

        page = read(ada.post(f"/people/{operator.pk}/active/", {"active": "true"}, follow=True))

        assert "Activated." in page.text
        assert Client().post("/login/", {"username": "oskar", "password": PASSWORD}).status_code == 302


class TestAdministratorsRemain:
    """Nobody removes the last administrator, or locks themselves out."""

    @pytest.mark.parametrize(("path", "form"), [("role", {"role": "Viewers"}), ("active", {"active": "false"})])
    def test_nobody_changes_their_own_access(
        self, ada: Client, administrator: User, path: str, form: dict[str, str]
    ) -> None:
        person("second", "Administrators")

        response = ada.post(f"/people/{administrator.pk}/{path}/", form)

        assert response.status_code == 422
        assert people.YOURSELF in read(response).text
        administrator.refresh_from_db()
        assert administrator.is_active
        assert roles.label(administrator) == "Administrator"

    @pytest.mark.parametrize(
        ("change", "value"), [(people.change_role, roles.BY_GROUP["Viewers"]), (people.set_active, False)]
    )
    def test_the_last_active_administrator_stays(
        self, administrator: User, operator: User, change: Callable[..., None], value: object
    ) -> None:
        person("gone", "Administrators")
        User.objects.filter(username="gone").update(is_active=False)

        with pytest.raises(ValidationError, match="the last active administrator"):
            change(operator, administrator, value)

        administrator.refresh_from_db()
        assert administrator.is_active
        assert roles.label(administrator) == "Administrator"

    def test_the_administration_site_keeps_the_last_one_too(self, ada: Client, administrator: User) -> None:
        change, delete = (f"/admin/auth/user/{administrator.pk}/{name}/" for name in ("change", "delete"))
        form = {"username": "ada", "date_joined_0": "2026-11-23", "date_joined_1": "12:00:00"}
        several = {"action": "delete_selected", "_selected_action": [administrator.pk], "post": "yes"}

        for path, data in ((change, form), (delete, {"post": "yes"}), ("/admin/auth/user/", several)):
            page = read(ada.post(path, data, follow=True))
            assert people.LAST_ADMINISTRATOR in page.text

        person("second", "Administrators")
        assert people.LAST_ADMINISTRATOR not in read(ada.post(delete, {"post": "yes"}, follow=True)).text
        assert not User.objects.filter(username="ada").exists()

    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    def test_two_who_remove_each_other_at_once_leave_one(self, administrator: User) -> None:
        second = person("second", "Administrators")
        together = threading.Barrier(2)

        def remove(actor: User, other: User) -> bool:
            try:
                together.wait(10)
                people.change_role(actor, other, roles.BY_GROUP["Viewers"])
            except ValidationError:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(2) as threads:
            done = list(threads.map(remove, [administrator, second], [second, administrator]))

        assert sorted(done) == [False, True]
        assert people.active_administrators().count() == 1

    @pytest.mark.parametrize(
        ("path", "form"), [("role", {"role": "Viewers"}), ("active", {"active": "false"}), ("password-link", {})]
    )
    def test_only_superusers_change_a_superuser(self, ada: Client, path: str, form: dict[str, str]) -> None:
        root = User.objects.create_superuser("root", password=PASSWORD)
        other = User.objects.create_superuser("other")

        assert ada.post(f"/people/{root.pk}/{path}/", form).status_code == 403
        assert "Only a superuser can change this account." in read(ada.get(f"/people/{root.pk}/")).text
        ada.force_login(other)
        assert ada.post(f"/people/{root.pk}/{path}/", form).status_code in {200, 303}

    def test_the_own_page_leads_to_the_account(self, ada: Client, administrator: User) -> None:
        page = read(ada.get(f"/people/{administrator.pk}/"))

        assert "/account/" in page.links
        assert "Change role" not in page.text

    @pytest.mark.parametrize("pk", [0, 999_999, 10**30])
    def test_someone_who_does_not_exist_is_not_found(self, ada: Client, pk: int) -> None:
        assert ada.get(f"/people/{pk}/").status_code == 404
        assert ada.post(f"/people/{pk}/active/", {"active": "false"}).status_code == 404


class TestPasswordLink:
    """A link to set a password."""

    def create(self, ada: Client, user: User) -> str:
        """Return the path of a new link."""
        return link_on(read(ada.post(f"/people/{user.pk}/password-link/")))

    def test_setting_a_password_with_it_ends_the_users_sessions(self, ada: Client, operator: User) -> None:
        oskar, browser = Client(), Client()
        oskar.force_login(operator)
        browser.get(self.create(ada, operator))
        assert oskar.get("/history/").status_code == 200

        browser.post("/password/", NEW)

        assert oskar.get("/history/").status_code == 302
        assert not UserSession.objects.filter(user=operator).exists()
        operator.refresh_from_db()
        assert operator.check_password(NEW["new_password1"])

    def test_a_weak_password_is_refused_and_can_be_tried_again(self, ada: Client, operator: User) -> None:
        browser = Client()
        browser.get(self.create(ada, operator))

        weak = browser.post("/password/", {"new_password1": "short", "new_password2": "short"})

        assert weak.status_code == 422
        assert read(weak).find(id="id_new_password1_error")
        assert browser.post("/password/", NEW).status_code == 302

    def test_it_works_for_three_days(self, ada: Client, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
        link = self.create(ada, operator)
        now = datetime.now() + timedelta(days=3, minutes=1)  # as Django's generator reads it
        monkeypatch.setattr(default_token_generator, "_now", lambda: now)

        assert Client().get(link, follow=True).status_code == 410

    @pytest.mark.parametrize("change", ["password", "sign-in", "deactivation"])
    def test_it_ends_with_what_makes_it_needless(self, ada: Client, operator: User, change: str) -> None:
        link = self.create(ada, operator)
        browser = Client()
        browser.get(link)
        if change == "password":
            operator.set_password("yet-another-horse")
        elif change == "sign-in":
            operator.last_login = datetime(2026, 11, 22, tzinfo=UTC)
        else:
            operator.is_active = False
        operator.save()

        assert browser.post("/password/", NEW).status_code == 410
        assert Client().get(link, follow=True).status_code == 410
        operator.refresh_from_db()
        assert not operator.check_password(NEW["new_password1"])

    @pytest.mark.parametrize(
        "path", ["MQ/x-y", "MQ/" + "x" * 2000, "%00/x-y", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5/a-b", "é/-"]
    )
    def test_a_wrong_one_is_no_server_error_and_stores_nothing(self, client: Client, path: str) -> None:
        response = client.get(f"/password/{path}/", follow=True)

        assert response.status_code in {400, 410}
        assert not UserSession.objects.exists()

    def test_a_deactivated_user_gets_none(self, ada: Client, operator: User) -> None:
        operator.is_active = False
        operator.save()

        response = ada.post(f"/people/{operator.pk}/password-link/")

        assert response.status_code == 422
        assert "Activate it first." in read(response).text

    def test_neither_token_nor_password_reaches_a_log_or_a_later_page(
        self, ada: Client, operator: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.handler.setFormatter(LineFormatter("%(message)s"))
        with caplog.at_level(logging.DEBUG):
            link = self.create(ada, operator)
            browser = Client()
            pages = [
                browser.get(link),
                browser.get("/password/"),
                browser.post("/password/", NEW | {"new_password2": "marker-other"}),
                browser.post("/password/", NEW),
                browser.get("/login/"),
                ada.get(f"/people/{operator.pk}/"),
                # Django logs the URL of a response with an error.
                browser.get(link, headers={"Host": "elsewhere.example"}),
                browser.post(link),
            ]

        token = link.split("/")[-2]
        texts = [*(f"{page.headers}{page.cookies}{page.content.decode()}" for page in pages), caplog.text]
        markers = (token, NEW["new_password1"], "marker-other")
        assert [marker for marker in markers for text in texts if marker in text] == []
        assert re.search(r"Method Not Allowed.*/password/\w+/…/", caplog.text)
        rows = [str(row.get_decoded()) for row in UserSession.objects.all()]
        assert [row for row in rows if token in row or NEW["new_password1"] in row] == []
