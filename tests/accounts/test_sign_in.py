"""Sign-in, sign-out and the lock-out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from pytest_django import Settings

from destinations_ui.accounts.lockout import client_address
from tests.support.hashers import QuickHasher

PASSWORD = "correct-horse-battery"
#: Wrong passwords from one address until sign-in is closed to it.
LIMIT = 20

pytestmark = pytest.mark.django_db


class CountingHasher(QuickHasher):
    """A hasher that counts."""

    computed = 0

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Count, and hash."""
        CountingHasher.computed += 1
        return super().encode(password, salt, iterations)


@pytest.fixture(autouse=True)
def fast_hashes(settings: Settings) -> None:
    """Hash quickly, and count."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.computed = 0


def attempt(client: Client, username: str, password: str, **extra: str) -> int:
    """Try to sign in; return the status."""
    return client.post("/login/", {"username": username, "password": password}, headers=extra).status_code


def test_the_right_password_redirects_to_the_map(client: Client, viewer: User) -> None:
    response = client.post("/login/", {"username": "vera", "password": PASSWORD})

    assert response.status_code == 302
    assert response.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_get_the_same_words(client: Client, viewer: User) -> None:
    wrong = client.post("/login/", {"username": "vera", "password": "wrong"}).content.decode()
    unknown = client.post("/login/", {"username": "vero", "password": "wrong"}).content.decode()

    assert "The user name and password don’t match" in wrong
    assert "The user name and password don’t match" in unknown
    assert "Error: Sign in" in wrong


def test_the_password_is_never_shown_back(client: Client, viewer: User) -> None:
    page = client.post("/login/", {"username": "vera", "password": "marker-of-the-password"}).content.decode()

    assert "marker-of-the-password" not in page
    assert 'value="vera"' in page


def test_after_twenty_wrong_passwords_none_is_hashed(client: Client, viewer: User) -> None:
    tried = [attempt(client, "vera", "wrong") for _ in range(LIMIT)]
    assert set(tried[:-1]) == {200}
    CountingHasher.computed = 0

    response = client.post("/login/", {"username": "vera", "password": PASSWORD})

    assert response.status_code == 429
    assert response.headers["Retry-After"] == "900"
    assert "15 minutes" in response.content.decode()
    assert CountingHasher.computed == 0


def test_guessing_many_names_from_one_address_is_stopped_as_well(client: Client, viewer: User) -> None:
    for number in range(LIMIT):
        attempt(client, f"guess-{number}", "wrong")

    assert attempt(client, "vera", PASSWORD) == 429


def test_a_colleague_at_another_address_is_not_locked_out(client: Client, viewer: User) -> None:
    for _ in range(LIMIT):
        attempt(client, "vera", "wrong")

    response = client.post("/login/", {"username": "vera", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert response.status_code == 302


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("192.0.2.1:1000", "192.0.2.1:2000"),
        ("[2001:db8::1]:1000", "2001:db8::1"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", "[::g]:1"),
        ("", "\0"),
        ("x" * 4000, "192.0.2.1.5"),
    ],
)
def test_these_entries_of_a_proxy_are_one_address(
    rf: RequestFactory, settings: Settings, first: str, second: str
) -> None:
    settings.PROXY_COUNT = 1

    found = {client_address(rf.get("/", headers={"X-Forwarded-For": entry})) for entry in (first, second)}

    assert len(found) == 1


def test_networks_and_ipv4_addresses_count_by_themselves(rf: RequestFactory, settings: Settings) -> None:
    settings.PROXY_COUNT = 1
    entries = ("2001:db8:0:1::1", "2001:db8:0:2::1", "192.0.2.1", "192.0.2.2")

    assert len({client_address(rf.get("/", headers={"X-Forwarded-For": entry})) for entry in entries}) == 4


def test_any_entry_of_a_proxy_can_be_stored(client: Client, settings: Settings) -> None:
    settings.PROXY_COUNT = 1
    for entry in ("192.0.2.1:1000", "[2001:db8::1]:1000", "2001:db8::2", "nonsense", "x" * 4000):
        assert attempt(client, "vera", "wrong", **{"X-Forwarded-For": entry}) == 200

    stored = AccessAttempt.objects.values_list("ip_address", "failures_since_start")
    assert sorted(stored) == [("127.0.0.1", 1)] * 2 + [("192.0.2.1", 1)] + [("2001:db8::", 1)] * 2


def test_over_a_unix_socket_wrong_passwords_count(client: Client, viewer: User) -> None:
    for _ in range(LIMIT):
        client.post("/login/", {"username": "vera", "password": "wrong"}, REMOTE_ADDR="")

    assert client.post("/login/", {"username": "vera", "password": PASSWORD}, REMOTE_ADDR="").status_code == 429


def test_wrong_passwords_are_forgotten_after_a_quarter_of_an_hour(client: Client, viewer: User) -> None:
    for _ in range(LIMIT):
        attempt(client, "vera", "wrong")
    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=16))

    assert attempt(client, "vera", PASSWORD) == 302
    attempt(Client(), "vera", "wrong")
    assert AccessAttempt.objects.count() == 1


def test_a_failure_keeps_the_address_and_the_time_alone(
    client: Client, viewer: User, caplog: pytest.LogCaptureFixture
) -> None:
    marker = "marker-of-a-password"
    form = {"username": marker, "password": f"{marker}-2", "next": f"/{marker}-3", marker: marker}

    client.post(f"/login/?next=/{marker}", form, headers={"User-Agent": marker, "Accept": marker})

    [stored] = AccessAttempt.objects.values()
    assert marker not in str(stored) + caplog.text
    assert stored["ip_address"] == "127.0.0.1"


def test_a_sign_in_is_logged(client: Client, viewer: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    attempt(client, "vera", "wrong")
    attempt(client, "vera", PASSWORD)

    assert "Sign-in failed from 127.0.0.1" in caplog.text
    assert "vera signed in from 127.0.0.1" in caplog.text


@pytest.mark.parametrize("name", ["vera", "ina", "una", "nobody-of-this-name", "x" * 256, "x" * 100_000, "Ünï"])
def test_every_name_costs_one_hash(client: Client, viewer: User, name: str) -> None:
    User.objects.create_user("ina", password=PASSWORD, is_active=False)
    User.objects.create_user("una")
    CountingHasher.computed = 0

    for password in ("wrong", PASSWORD):
        attempt(client, name, password)

    assert CountingHasher.computed == 2


@pytest.mark.parametrize("name", ["a\0b", "\ud83d", "' OR 1=1 --", "\u202e", " "])
def test_an_odd_name_is_no_server_error(client: Client, viewer: User, name: str) -> None:
    body = urlencode({"username": name.encode("utf-8", "surrogatepass"), "password": "wrong"})

    response = client.post("/login/", body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 200
    assert "don’t match" in response.content.decode()


@pytest.mark.parametrize("password", ["135792468013", "000000000000"])
def test_a_password_of_digits_alone_is_refused(viewer: User, password: str) -> None:
    with pytest.raises(ValidationError, match="entirely numeric"):
        validate_password(password, viewer)


def test_a_forged_forwarding_header_is_ignored(client: Client, viewer: User) -> None:
    for number in range(LIMIT):
        attempt(client, "vera", "wrong", **{"X-Forwarded-For": f"192.0.2.{number}"})

    assert attempt(client, "vera", PASSWORD, **{"X-Forwarded-For": "198.51.100.1"}) == 429


def test_behind_a_proxy_its_own_entry_counts(client: Client, viewer: User, settings: Settings) -> None:
    settings.PROXY_COUNT = 1
    for number in range(LIMIT):
        attempt(client, "vera", "wrong", **{"X-Forwarded-For": f"203.0.113.{number}, 192.0.2.1"})

    assert attempt(client, "vera", PASSWORD, **{"X-Forwarded-For": "203.0.113.99, 192.0.2.1"}) == 429
    assert attempt(client, "vera", PASSWORD, **{"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}) == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_redirects_to_no_other_site(client: Client, viewer: User, target: str) -> None:
    response = client.post("/login/", {"username": "vera", "password": PASSWORD, "next": target})

    assert response.headers["Location"] == "/"


@pytest.mark.parametrize("target", ["/login/", "/login/?next=/login/", "/login/#top", "http://testserver/login/"])
def test_sign_in_never_redirects_to_itself(client: Client, viewer: User, target: str) -> None:
    signed_in = client.post("/login/", {"username": "vera", "password": PASSWORD, "next": target})
    again = client.get("/login/", {"next": target})

    assert signed_in.headers["Location"] == again.headers["Location"] == "/"


def test_sign_in_redirects_to_next(client: Client, viewer: User) -> None:
    response = client.post("/login/", {"username": "vera", "password": PASSWORD, "next": "/history/?q=a"})

    assert response.headers["Location"] == "/history/?q=a"


def test_sign_out_needs_a_post(client: Client, viewer: User) -> None:
    client.force_login(viewer)

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/history/").status_code == 302


def test_sign_in_redirects_a_signed_in_user(client: Client, viewer: User) -> None:
    client.force_login(viewer)

    assert client.get("/login/").headers["Location"] == "/"


def test_the_session_gets_a_new_id_at_sign_in(client: Client, viewer: User) -> None:
    client.get("/login/")
    before = client.session.session_key

    client.post("/login/", {"username": "vera", "password": PASSWORD})

    assert before != client.session.session_key


def test_a_right_password_does_not_reset_the_count(client: Client, viewer: User, operator: User) -> None:
    for _ in range(LIMIT - 1):
        attempt(client, "vera", "wrong")
    assert attempt(Client(), "oskar", PASSWORD) == 302

    attempt(client, "vera", "wrong")

    assert attempt(client, "vera", PASSWORD) == 429
