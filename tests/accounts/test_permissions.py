"""What each role can do, from anonymous users to administrators."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.sandbox import SandboxServer
from tests.support.form_data import form_data

OPEN = ["/login/", "/healthz", "/readyz"]
LOOK = ["/", "/history/", "/history/export/?format=csv", "/history/export/?format=jsonl"]
CREATE = ["/destinations/new/", *(f"/destinations/new/{slug}/" for slug in kinds.registry())]
PEOPLE = ["/admin/", "/admin/auth/user/", "/admin/auth/user/add/", "/admin/destinations_ui/auditrecord/"]

pytestmark = pytest.mark.django_db


def statuses(client: Client, addresses: list[str]) -> set[int]:
    """Return the statuses of these URLs."""
    return {client.get(address, follow=True).status_code for address in addresses}


def test_an_anonymous_user_is_redirected_to_sign_in(client: Client) -> None:
    assert statuses(client, OPEN) == {200}
    for address in [*LOOK, *CREATE, *PEOPLE, f"/history/{uuid.uuid4()}/"]:
        response = client.get(address, follow=True)
        assert response.redirect_chain[-1] == (f"/login/?next={quote(address)}", 302), address


def test_a_user_without_a_role_gets_403_with_names_of_helpers(
    client: Client, nobody: User, administrator: User
) -> None:
    client.force_login(nobody)

    assert statuses(client, [*LOOK, *CREATE, *PEOPLE, f"/history/{uuid.uuid4()}/"]) == {403}
    page = client.get("/").content.decode()
    assert administrator.get_username() in page
    assert nobody.get_username() in page


def test_a_viewer_views_and_does_not_create(client: Client, viewer: User, sandbox: SandboxServer) -> None:
    client.force_login(viewer)

    assert statuses(client, LOOK) == {200}
    assert statuses(client, [*CREATE, *PEOPLE]) == {403}
    assert "Create destination" not in client.get("/").content.decode()


@pytest.mark.parametrize("kind", kinds.registry().values(), ids=lambda kind: kind.slug)
def test_a_viewer_who_posts_the_form_gets_403(
    client: Client, viewer: User, sandbox: SandboxServer, kind: kinds.Kind
) -> None:
    client.force_login(viewer)

    response = client.post(f"/destinations/new/{kind.slug}/", form_data(kind))

    assert response.status_code == 403
    assert AuditRecord.objects.count() == 0
    assert sandbox.count("POST") == 0


def test_an_operator_views_and_creates_but_does_not_administer(
    client: Client, operator: User, sandbox: SandboxServer
) -> None:
    client.force_login(operator)

    assert statuses(client, [*LOOK, *CREATE]) == {200}
    assert statuses(client, PEOPLE) == {403}


def test_an_administrator_can_do_everything(client: Client, administrator: User, sandbox: SandboxServer) -> None:
    client.force_login(administrator)

    assert statuses(client, [*LOOK, *CREATE, *PEOPLE]) == {200}


def test_an_administrator_gives_roles_but_not_every_permission(
    client: Client, administrator: User, nobody: User
) -> None:
    client.force_login(administrator)
    address = f"/admin/auth/user/{nobody.pk}/change/"
    operators = Group.objects.get(name="Operators")
    form = {
        "username": "nils",
        "is_active": "on",
        "groups": [operators.pk],
        "is_superuser": "on",
        "is_staff": "on",
        "user_permissions": [1, 2, 3],
        "date_joined_0": "2026-11-23",
        "date_joined_1": "12:00:00",
    }

    response = client.post(address, form)

    assert response.status_code == 302
    nobody.refresh_from_db()
    assert list(nobody.groups.all()) == [operators]
    assert not nobody.is_superuser
    assert not nobody.is_staff
    assert nobody.user_permissions.count() == 0


def test_an_administrator_cannot_change_a_superuser(client: Client, administrator: User) -> None:
    root = User.objects.create_superuser("root", password="correct-horse-battery")
    client.force_login(administrator)

    client.post(f"/admin/auth/user/{root.pk}/change/", {"username": "mine", "is_active": "on"})
    password = client.post(f"/admin/auth/user/{root.pk}/password/", {"password1": "x" * 20, "password2": "x" * 20})
    gone = client.post(f"/admin/auth/user/{root.pk}/delete/", {"post": "yes"})
    several = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    client.post("/admin/auth/user/", several)

    assert {password.status_code, gone.status_code} == {403}
    root.refresh_from_db()
    assert root.username == "root"
    assert root.check_password("correct-horse-battery")


@pytest.mark.parametrize("superuser", [True, False])
def test_nobody_adds_changes_or_deletes_a_record_in_the_admin(
    client: Client, administrator: User, operator: User, sandbox: SandboxServer, superuser: bool
) -> None:
    kind = kinds.registry()["kinesis"]
    client.force_login(operator)
    client.post("/destinations/new/kinesis/", form_data(kind))
    record = AuditRecord.objects.get()
    client.force_login(
        User.objects.create_superuser("root", password="correct-horse-battery") if superuser else administrator
    )
    base = "/admin/destinations_ui/auditrecord/"

    assert client.get(f"{base}{record.pk}/change/").status_code == 200
    assert client.get(f"{base}add/").status_code == 403
    assert client.post(f"{base}{record.pk}/change/", {"name": "other"}).status_code == 403
    assert client.post(f"{base}{record.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(base, {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"})
    assert AuditRecord.objects.get().name == record.name


def test_a_deactivated_user_is_signed_out(client: Client, operator: User) -> None:
    client.force_login(operator)
    operator.is_active = False
    operator.save()

    assert client.get("/history/").status_code == 302


def test_a_removed_permission_ends_with_the_next_request(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert client.get("/history/").status_code == 200

    operator.groups.remove(Group.objects.get(name="Operators"))

    assert client.get("/history/").status_code == 403
