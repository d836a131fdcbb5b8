"""``manage.py demo``: people to try the product with, and never where the real LaunchDarkly is."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from destinations_ui.sandbox import SandboxServer

PASSWORD = "sandbox-demo"
PEOPLE = {"viewer": "Viewers", "operator": "Operators", "administrator": "Administrators"}

pytestmark = pytest.mark.django_db


def demo() -> str:
    """Run the command; return what it printed."""
    printed = io.StringIO()
    call_command("demo", stdout=printed)
    return printed.getvalue()


def test_it_makes_one_person_for_each_group_who_can_sign_in(client: Client, sandbox: SandboxServer) -> None:
    printed = demo()

    for username, group in PEOPLE.items():
        person = User.objects.get(username=username)
        assert list(person.groups.all()) == [Group.objects.get(name=group)]
        assert not person.is_superuser
        assert not person.is_staff
        assert f"Made {username} in {group}." in printed
        answer = client.post("/login/", {"username": username, "password": PASSWORD})
        assert answer.headers["Location"] == "/"
        client.logout()


def test_a_second_time_it_changes_nobody() -> None:
    demo()
    operator = User.objects.get(username="operator")
    operator.set_password("a-password-of-their-own")
    operator.save()
    operator.groups.clear()

    assert demo() == ""
    operator.refresh_from_db()
    assert operator.check_password("a-password-of-their-own")
    assert not operator.groups.exists()


def test_with_the_real_launchdarkly_it_makes_nobody(settings: Settings) -> None:
    settings.SANDBOX = False

    with pytest.raises(CommandError, match="only for the sandbox"):
        demo()

    assert not User.objects.exists()
