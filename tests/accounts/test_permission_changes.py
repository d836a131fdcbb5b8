"""Permissions are read at each request."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_removed_permission_ends_with_the_next_request(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert client.get("/history/").status_code == 200

    operator.groups.remove(Group.objects.get(name="Operators"))

    assert client.get("/history/").status_code == 403


def test_a_deactivated_user_is_signed_out(client: Client, operator: User) -> None:
    client.force_login(operator)
    User.objects.filter(pk=operator.pk).update(is_active=False)

    assert client.get("/history/").status_code == 302
