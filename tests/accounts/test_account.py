"""A user's own account: name, password, preferences and sessions."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from destinations_ui.accounts import hashing, sessions
from destinations_ui.accounts.models import Preferences, UserSession
from tests.support.attempts import record
from tests.support.html import read

PASSWORD = "correct-horse-battery"
NEW = "another-horse-battery"
CHANGE = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) Version/26.0 Mobile/15E148 Safari/604.1"

pytestmark = pytest.mark.django_db


def signed_in(user: User, user_agent: str = "", address: str = "127.0.0.1") -> Client:
    """Return a browser in which a user has signed in by the page."""
    client = Client(headers={"User-Agent": user_agent}, REMOTE_ADDR=address)
    client.post("/login/", {"username": user.username, "password": PASSWORD})
    return client


@pytest.fixture
def vera(viewer: User) -> Client:
    return signed_in(viewer, FIREFOX)


class TestName:
    """A user's own name."""

    def test_it_is_saved_and_shown_in_the_header(self, vera: Client, viewer: User) -> None:
        viewer.last_name = "Rubin"
        viewer.save()

        response = vera.post("/account/name/", {"name": " Vera  Cooper "}, follow=True)

        assert response.redirect_chain == [("/account/", 303)]
        page = read(response)
        assert "Name saved." in page.text
        assert "Your account: Vera Cooper" in page.text
        viewer.refresh_from_db()
        assert (viewer.first_name, viewer.last_name) == ("Vera  Cooper", "")
        assert "Name saved." not in read(vera.get("/account/")).text

    @pytest.mark.parametrize("name", ["x" * 151, "a\nb", "a\0b", "\u202egnp.exe"])
    def test_one_that_cannot_be_shown_is_refused_at_the_field(self, vera: Client, viewer: User, name: str) -> None:
        response = vera.post("/account/name/", {"name": name})

        page = read(response)
        assert response.status_code == 422
        assert page.title.startswith("Error: ")
        assert page.find(id="id_name")[0].attrs["aria-invalid"] == "true"
        assert page.find(id="id_name_error")
        viewer.refresh_from_db()
        assert viewer.first_name == ""

    def test_nothing_but_the_name_changes(self, vera: Client, viewer: User) -> None:
        vera.post("/account/name/", {"name": "Vera", "is_superuser": "on", "username": "root", "is_staff": "on"})

        viewer.refresh_from_db()
        assert (viewer.username, viewer.is_superuser, viewer.is_staff) == ("vera", False, False)


class TestPassword:
    """A user's own password."""

    def test_changing_it_keeps_this_session_under_a_new_key_and_ends_the_others(
        self, vera: Client, viewer: User
    ) -> None:
        other = signed_in(viewer, PHONE)
        before = vera.session.session_key

        response = vera.post("/account/password/", CHANGE, follow=True)

        assert "Password changed. Your other sessions have ended." in read(response).text
        assert vera.session.session_key != before
        assert vera.get("/account/").status_code == 200
        assert other.get("/account/").status_code == 302
        assert UserSession.objects.filter(user=viewer).count() == 1
        viewer.refresh_from_db()
        assert viewer.check_password(NEW)

    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"old_password": "wrong"}, "old_password", "This isn’t your current password."),
            ({"old_password": ""}, "old_password", "Enter your current password."),
            ({"new_password1": ""}, "new_password1", "Enter a new password."),
            ({"new_password2": "different-horse-battery"}, "new_password2", "The two passwords don’t match."),
            ({"new_password1": "short", "new_password2": "short"}, "new_password1", "too short"),
            ({"new_password1": "1" * 12, "new_password2": "1" * 12}, "new_password1", "entirely numeric"),
            ({"new_password1": "a\0" * 9, "new_password2": "a\0" * 9}, "new_password1", "Null characters"),
        ],
    )
    def test_what_is_wrong_is_at_its_field_and_nothing_changes(
        self, vera: Client, viewer: User, change: dict[str, str], field: str, message: str
    ) -> None:
        response = vera.post("/account/password/", CHANGE | change)

        page = read(response)
        assert response.status_code == 422
        assert message in page.find(id=f"id_{field}_error")[0].text
        assert message in page.classed("error-summary")[0].text
        assert not any(value in page.html for value in {PASSWORD, NEW, *change.values()} - {"", "wrong", "short"})
        viewer.refresh_from_db()
        assert viewer.check_password(PASSWORD)

    def test_guessing_the_current_one_closes_sign_in_as_well(self, vera: Client, viewer: User) -> None:
        responses = [vera.post("/account/password/", CHANGE | {"old_password": "wrong"}) for _ in range(20)]

        assert {response.status_code for response in responses[:-1]} == {422}
        assert responses[-1].status_code == 429
        assert vera.post("/account/password/", CHANGE).status_code == 429
        viewer.refresh_from_db()
        assert viewer.check_password(PASSWORD)

    def test_while_too_many_passwords_are_hashed_it_can_be_tried_again(
        self, vera: Client, viewer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hashing.admitted, "acquire", lambda blocking: False)

        page = read(vera.post("/account/password/", CHANGE, follow=True))

        assert hashing.BUSY in page.text
        viewer.refresh_from_db()
        assert viewer.check_password(PASSWORD)

    def test_no_password_reaches_a_page_a_log_or_a_row(
        self, vera: Client, viewer: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            pages = [vera.post("/account/password/", CHANGE | {"old_password": "marker-old-wrong"})]
            pages.append(vera.post("/account/password/", CHANGE | {"new_password2": "marker-new-other"}))
            pages.append(vera.post("/account/password/", CHANGE, follow=True))

        markers = ("marker-old-wrong", "marker-new-other", PASSWORD, NEW)
        rows = [row.session_data + str(row.get_decoded()) for row in UserSession.objects.all()]
        texts = [*(page.content.decode() for page in pages), caplog.text, *rows]
        assert [marker for marker in markers for text in texts if marker in text] == []


class TestPreferences:
    """Time zone and theme."""

    def test_they_apply_to_every_session_of_the_user_at_once(self, vera: Client, viewer: User) -> None:
        other = signed_in(viewer)

        response = vera.post("/account/preferences/", {"time_zone": "Asia/Kolkata", "theme": "dark"}, follow=True)

        assert "Preferences saved." in read(response).text
        for client in (vera, other, signed_in(viewer)):
            page = read(client.get("/account/"))
            assert page.find("html")[0].attrs["data-theme"] == "dark"
            assert page.form()["time_zone"] == "Asia/Kolkata"
            assert page.form()["theme"] == "dark"

    def test_the_chosen_zone_counts_and_not_the_browsers(self, vera: Client) -> None:
        at = datetime(2026, 11, 22, 20, 5, 31, tzinfo=UTC)
        url = record(created_at=at, settled_at=at).get_absolute_url()
        vera.cookies["timezone"] = "Europe/Berlin"
        assert "CET" in read(vera.get(url)).text

        vera.post("/account/preferences/", {"time_zone": "Asia/Kolkata", "theme": "system"})
        assert "IST" in read(vera.get(url)).text
        assert timezone.get_current_timezone_name() == "UTC"

        vera.post("/account/preferences/", {"time_zone": "browser", "theme": "system"})
        assert "CET" in read(vera.get(url)).text

    def test_a_zone_of_the_past_breaks_no_page(self, vera: Client, viewer: User) -> None:
        Preferences.objects.create(user=viewer, time_zone="Gone/Town", theme="unknown")
        client = signed_in(viewer)

        assert client.get("/account/").status_code == 200
        assert client.get("/history/").status_code == 200

    @pytest.mark.parametrize("bad", [{"time_zone": "Nowhere/Town"}, {"time_zone": "x" * 99}, {"theme": "pink"}, {}])
    def test_what_is_not_in_the_list_is_refused(self, vera: Client, bad: dict[str, str]) -> None:
        good = {"time_zone": "Europe/Berlin", "theme": "light"} if bad else {}

        response = vera.post("/account/preferences/", good | bad)

        assert response.status_code == 422
        assert "from the list" in read(response).classed("error-summary")[0].text
        assert not Preferences.objects.exists()

    def test_a_page_needs_no_query_for_them(self, vera: Client, django_assert_num_queries: Any) -> None:
        vera.post("/account/preferences/", {"time_zone": "Asia/Kolkata", "theme": "dark"})
        vera.get("/nowhere/")

        with django_assert_num_queries(4):  # The session, the user, and permissions of user and groups.
            assert read(vera.get("/nowhere/")).find("html")[0].attrs["data-theme"] == "dark"


class TestSessions:
    """A user's own sessions."""

    def test_the_list_has_device_address_and_times(self, vera: Client, viewer: User, operator: User) -> None:
        signed_in(viewer, PHONE, "192.0.2.7")
        signed_in(operator, PHONE, "192.0.2.8")

        first, second = read(vera.get("/account/")).find("li")[-2:]

        assert "Firefox on Windows This session" in first.text
        assert "Safari on iOS From 192.0.2.7. Signed in" in second.text

    def test_another_session_can_be_ended(self, vera: Client, viewer: User) -> None:
        phone, tablet = signed_in(viewer, PHONE), signed_in(viewer, "Android")
        key = phone.session.session_key or ""

        response = vera.post("/account/sessions/end/", {"session": sessions.public_id(key)}, follow=True)

        assert "Session ended." in read(response).text
        assert phone.get("/account/").status_code == 302
        assert tablet.get("/account/").status_code == vera.get("/account/").status_code == 200

    def test_all_others_can_be_ended_at_once(self, vera: Client, viewer: User, operator: User) -> None:
        phone, oskar = signed_in(viewer, PHONE), signed_in(operator)

        vera.post("/account/sessions/end/")

        assert phone.get("/account/").status_code == 302
        assert oskar.get("/account/").status_code == vera.get("/account/").status_code == 200

    @pytest.mark.parametrize("session", ["", "x", "\0"])
    def test_nobody_ends_the_session_of_another_user(self, vera: Client, operator: User, session: str) -> None:
        oskar = signed_in(operator)
        key = oskar.session.session_key or ""

        for named in (session, key, sessions.public_id(key)):
            assert vera.post("/account/sessions/end/", {"session": named}).status_code == 303

        assert oskar.get("/account/").status_code == 200

    def test_no_session_key_is_on_the_page(self, vera: Client, viewer: User) -> None:
        phone = signed_in(viewer, PHONE)

        page = vera.get("/account/").content.decode()

        assert (phone.session.session_key or "") not in page
        assert (vera.session.session_key or "") not in page

    def test_one_that_ended_by_itself_is_not_listed(self, vera: Client, viewer: User) -> None:
        signed_in(viewer, PHONE)
        UserSession.objects.exclude(session_key=vera.session.session_key).update(
            expire_date=timezone.now() - timedelta(seconds=1)
        )

        assert "Safari" not in read(vera.get("/account/")).text

    def test_those_of_a_deleted_user_are_gone(self, vera: Client, viewer: User) -> None:
        viewer.delete()

        assert not UserSession.objects.exists()
        assert vera.get("/account/").status_code == 302

    @pytest.mark.parametrize(
        ("user_agent", "expected"),
        [
            (FIREFOX, "Firefox on Windows"),
            (PHONE, "Safari on iOS"),
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome on Linux"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on macOS"),
            ("curl/8.5.0", "Unknown browser"),
            ("", "Unknown browser"),
            ("<script>" * 1000, "Unknown browser"),
        ],
    )
    def test_a_device_is_named_by_browser_and_system(self, user_agent: str, expected: str) -> None:
        assert sessions.device(user_agent) == expected
