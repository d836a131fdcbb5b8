"""Who is signed in, and what this person may do: read in one query, and never older than the request."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from destinations_ui.sign_in import PersonBackend

pytestmark = pytest.mark.django_db

LOOK, CREATE = "destinations_ui.view_auditrecord", "destinations_ui.create_destination"


@pytest.fixture
def person() -> User:
    """Return somebody who may do nothing yet."""
    return User.objects.create_user("pia", password="a-long-password-of-a-test")


def read(person: User) -> User:
    """Return the person as a request reads it."""
    found = PersonBackend().get_user(person.pk)
    assert found is not None
    found.backend = "destinations_ui.sign_in.PersonBackend"
    return found


def test_groups_and_the_person_s_own_permissions_count_together(person: User) -> None:
    assert not read(person).has_perm(LOOK)
    person.groups.add(Group.objects.get(name="Viewers"))
    person.user_permissions.add(Permission.objects.get(codename="create_destination"))

    with CaptureQueriesContext(connection) as queries:
        found = read(person)
        assert (found.has_perm(LOOK), found.has_perm(CREATE), found.has_perm("auth.change_user")) == (True, True, False)
        assert found.has_module_perms("destinations_ui")
    assert len(queries) == 1


def test_what_it_says_is_what_django_s_own_says(person: User) -> None:
    person.groups.add(Group.objects.get(name="Administrators"), Group.objects.get(name="Operators"))

    assert read(person).get_all_permissions() == User.objects.get(pk=person.pk).get_all_permissions() != set()


def test_a_permission_that_was_taken_away_is_gone_with_the_next_request(client: Client, person: User) -> None:
    viewers = Group.objects.get(name="Viewers")
    person.groups.add(viewers)
    client.force_login(person)
    assert client.get("/history/").status_code == 200

    person.groups.remove(viewers)

    assert client.get("/history/").status_code == 403


def test_an_account_that_was_closed_is_signed_out(client: Client, person: User) -> None:
    person.groups.add(Group.objects.get(name="Viewers"))
    client.force_login(person)
    User.objects.filter(pk=person.pk).update(is_active=False)

    assert PersonBackend().get_user(person.pk) is None
    assert client.get("/history/").status_code == 302


def test_nobody_has_a_key_that_does_not_exist() -> None:
    assert PersonBackend().get_user(999_999) is None


def test_a_superuser_may_do_everything(person: User) -> None:
    person.is_superuser = True
    person.save()

    assert read(person).has_perm(CREATE)
