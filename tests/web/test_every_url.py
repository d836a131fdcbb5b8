"""Every route and who can open it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.sandbox import SandboxServer

OPEN = {"favicon.ico", "login/", "healthz", "password/", "password/<user_id>/<token>/", "readyz"}
#: Open to whoever is signed in.
ANYONE = {
    "account/",
    "account/name/",
    "account/password/",
    "account/preferences/",
    "account/sessions/end/",
    "logout/",
}
LOOK = {
    "",
    "history/",
    "history/export/",
    "history/overview/",
    "history/suggestions/",
    "history/<uuid:uuid>/",
    "history/<uuid:uuid>/reconcile/",
    "history/<uuid:uuid>/receipt/",
}
CREATE = {
    "destinations/new/",
    "destinations/new/<kind:kind>/",
    "destinations/new/<kind:kind>/guide/",
    "destinations/new/<kind:kind>/bulk/",
    "destinations/new/<kind:kind>/bulk/redraw/",
    "destinations/new/<kind:kind>/environments/",
    "destinations/new/<kind:kind>/preview/",
    "destinations/new/<kind:kind>/redraw/",
    "destinations/new/<kind:kind>/rows/",
    "destinations/new/<kind:kind>/spec.<slug:digest>.json",
    "history/<uuid:uuid>/decide/",
    "history/<uuid:uuid>/delivery/",
}
PEOPLE = {
    "people/",
    "people/new/",
    "people/<int:pk>/",
    "people/<int:pk>/role/",
    "people/<int:pk>/active/",
    "people/<int:pk>/password-link/",
}
#: Leads on to sign-in by itself, so that the way to it can never become a circle.
LEADS_ON = {"admin/login/"}

pytestmark = pytest.mark.django_db


def routes(patterns: list[URLPattern | URLResolver] | None = None, before: str = "") -> Iterator[str]:
    """Yield every route of the product, those of Django's admin included."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def address(route: str) -> str:
    """Return a URL of a route."""
    samples = {"kind": next(iter(kinds.registry())), "uuid": str(uuid.uuid4())}
    plain = re.sub(r"<(?:(\w+):)?\w+>(?![^(]*\))", lambda found: samples.get(found[1] or "", "1"), route)
    return "/" + plain.replace("(?P<app_label>auth|destinations_ui)", "auth").replace("(?P<url>.*)", "x").translate(
        {ord("^"): None, ord("$"): None}
    )


ROUTES = sorted(set(routes()))
ADMINISTRATION = {route for route in ROUTES if route.startswith("admin/")}


def statuses(client: Client, expected: set[str]) -> dict[str, Any]:
    """Return the status of each route that differs from what a role can open."""
    found = {
        route: client.get(address(route), follow=True).status_code for route in ROUTES if route not in OPEN | ANYONE
    }
    return {route: status for route, status in found.items() if (status == 403) is (route in expected)}


def test_every_route_is_listed_here() -> None:
    assert set(ROUTES) == OPEN | ANYONE | LOOK | CREATE | PEOPLE | ADMINISTRATION
    assert len(ADMINISTRATION) > 15


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OPEN])
def test_an_anonymous_user_is_redirected_to_sign_in(client: Client, sandbox: SandboxServer, route: str) -> None:
    looked = client.get(address(route), follow=True)
    posted = client.post(address(route), {"name": "x"})

    assert looked.redirect_chain[-1][0].startswith("/login/?next=/")
    assert posted.status_code == (302 if route in LEADS_ON else 401)
    assert sandbox.requests == []
    assert AuditRecord.objects.count() == 0


def test_without_a_role_nothing_is_shown(client: Client, nobody: User) -> None:
    client.force_login(nobody)

    assert statuses(client, set()) == {}


def test_a_viewer_can_view(client: Client, viewer: User, sandbox: SandboxServer) -> None:
    client.force_login(viewer)

    assert statuses(client, LOOK) == {}


def test_an_operator_can_view_and_create(client: Client, operator: User, sandbox: SandboxServer) -> None:
    client.force_login(operator)

    assert statuses(client, LOOK | CREATE) == {}
