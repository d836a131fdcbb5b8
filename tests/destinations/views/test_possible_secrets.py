"""What could be a secret is in no response, whatever field it was put into and whichever way the form comes back."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.kinds import Kind
from destinations_ui.kinds.spec import Field
from destinations_ui.sandbox import SandboxServer
from tests.destinations.views.creating import HTMX, create_url
from tests.support.attempts import KINDS
from tests.support.form_data import form_data
from tests.support.html import read

MPARTICLE, KINESIS = kinds.registry()["mparticle"], kinds.registry()["kinesis"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


def digest(name: str) -> bytes:
    """Return 32 bytes of a field's own."""
    return hashlib.sha256(name.encode()).digest()


def hexadecimal(name: str) -> str:
    """Return a secret as mParticle's and Segment's keys are."""
    return f"a1{digest(name).hex()[:30]}"


def in_base64(name: str) -> str:
    """Return a secret as Azure's keys are."""
    return base64.b64encode(digest(name)).decode()


#: Ways in which a secret gets into a plain field, each with a secret of the field's own.
PASTES: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "key and secret": (hexadecimal, "Key: us1-{0} Secret: {0}".format),
    "secret and key": (hexadecimal, "secret = {0}\nkey = {0}".format),
    "labelled": (lambda name: f"words-{len(name)}-of-a-passphrase", "API secret: {0}".format),
    "connection string": (in_base64, "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey={0}".format),
    "bare": (hexadecimal, "{0}".format),
    "base64": (in_base64, " {0} ".format),
    "in a sentence": (hexadecimal, "the key is {0}, ask Ada".format),
    "json": (hexadecimal, '{{"config": {{"apiKey": "{0}", "secret": "{0}"}}}}'.format),
}


def plain_fields(kind: Kind) -> dict[str, Field | None]:
    """Return the names of a form's plain inputs, with the field or column of those that are the kind's."""
    names: dict[str, Field | None] = dict.fromkeys(
        ("project", "environment", "critical_key", "name", "reason", "on", "submission", "confirm")
    )
    names |= dict.fromkeys(f"fact-{fact}" for fact, _ in kind.facts)
    for field in kind.fields:
        if not field.secret and not field.columns:
            names[f"config-{field.name}"] = field
        names |= {f"config-{field.name}-0-{column.name}": column for column in field.columns}
    return names


def accepted(field: Field | None, text: str) -> bool:
    """Return whether a text is a valid value of a kind's field: then it is no secret."""
    try:
        return field is not None and not field.choices and not field.validate(text.strip())  # type: ignore[func-returns-value]  # raises
    except ValidationError:
        return False


def strict(client: Client) -> Client:
    """Return the client's session in a browser whose CSRF token is stale."""
    other = Client(enforce_csrf_checks=True)
    other.cookies = client.cookies
    return other


def of_row(data: dict[str, str]) -> dict[str, str]:
    """Return posted data as row 0 of a bulk form, with the reason of all rows."""
    return {"reason": data["reason"], **{f"0-{name}": text for name, text in data.items() if name != "reason"}}


def ways_back(client: Client, kind: Kind, data: dict[str, str]) -> dict[str, Any]:
    """Return every response that shows a posted form again."""
    url, bulk = create_url(kind), of_row(data) | {"0-submission": "4dfc17e5-2acc-4075-83bf-5619f7d0aaaa"}
    where = {name: data[name] for name in ("project", "environment")}
    return {
        "page": client.post(url, data),
        "fragment": client.post(url, data, headers=HTMX),
        "preview by name": client.post(url, data | {"check": "yes"}),
        "preview": client.post(f"{url}preview/", data),
        "preview fragment": client.post(f"{url}preview/", data, headers=HTMX),
        "redraw": client.post(f"{url}redraw/", data | {"redraw": "refresh"}),
        "guide": client.post(f"{url}guide/", data),
        "guide fragment": client.post(f"{url}guide/", data, headers=HTMX),
        "bulk": client.post(f"{url}bulk/", bulk | {"send": "0"}),
        "bulk fragment": client.post(f"{url}bulk/", bulk | {"send": "0"}, headers=HTMX),
        "bulk redraw": client.post(f"{url}bulk/redraw/", bulk),
        "environments": client.post(f"{url}environments/", where, headers=HTMX),
        "environments, whole page": client.post(f"{url}environments/", where),
        "link": client.get(url, where),
        "signed out": Client().post(url, data),
        "signed out of preview": Client().post(f"{url}preview/", data),
        "signed out, bulk": Client().post(f"{url}bulk/", bulk),
        "signed out, fragment": Client().post(url, data, headers=HTMX),
        "stale token": strict(client).post(url, data),
        "stale token, bulk": strict(client).post(f"{url}bulk/", bulk),
    }


@pytest.mark.parametrize("paste", PASTES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_a_secret_in_any_plain_field_comes_back_no_way(
    client: Client, sandbox: SandboxServer, kind: Kind, paste: str
) -> None:
    secret_of, pasted = PASTES[paste]
    fields = {name: field for name, field in plain_fields(kind).items() if not accepted(field, pasted(secret_of(name)))}
    data = form_data(kind) | {name: pasted(secret_of(name)) for name in fields}

    responses = ways_back(client, kind, data)

    shown = {
        (way, name)
        for way, response in responses.items()
        for name in fields
        if secret_of(name) in html.unescape(f"{response.headers}{response.content.decode()}")
    }
    assert shown == set()
    assert sandbox.count("POST", "/api/v2/destinations/web-shop/staging") == AuditRecord.objects.count() == 0


@pytest.mark.parametrize("name", ["config-environment", "config-user_identity", "config-user_identities-0-identity"])
def test_what_was_discarded_is_said_at_its_field(client: Client, name: str) -> None:
    pasted = PASTES["key and secret"][1](hexadecimal(name))

    page = read(client.post(create_url(MPARTICLE), form_data(MPARTICLE) | {name: pasted}))

    assert "so it was removed. Enter only the value that this field is for." in page.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config-region", "us-east-1a"),
        ("config-role_arn", "arn:aws:kinesis:us-east-1:123456789012:stream/launchdarkly-data-export-2"),
        ("config-stream_name", "my stream of events"),
        ("name", "Web shop → Kinesis, for “everyone”"),
        ("reason", "OPS-1: see https://acme.example/browse/OPS-1234?focus=57c0af609969090743529967 (key: OPS-1234)"),
        ("reason", "Follows 4dfc17e5-2acc-4075-83bf-5619f7d0aaaa and 1e42816c0ffee1e42816c0ffee1e42816c0ffee0"),
        ("environment", "4dfc17e5-2acc-4075-83bf-5619f7d0aaaa"),
        ("project", "no such project"),
    ],
)
def test_an_ordinary_mistake_comes_back_as_typed(client: Client, name: str, text: str) -> None:
    page = read(client.post(create_url(KINESIS), form_data(KINESIS, on="") | {name: text}))

    assert page.form()[name] == text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_a_valid_form_comes_back_whole(client: Client, kind: Kind) -> None:
    data = form_data(kind)
    hidden = {f"config-{field.name}" for field in kind.fields if field.secret} | {"submission"}

    for response in (client.post(f"{create_url(kind)}redraw/", data), client.post(f"{create_url(kind)}preview/", data)):
        form = read(response).form()
        assert {name: text for name, text in data.items() if name not in hidden}.items() <= form.items()


def test_after_signing_in_again_rows_are_as_they_were_typed(client: Client) -> None:
    bulk = of_row(form_data(KINESIS, name="Kept"))

    page = read(Client().post(f"{create_url(KINESIS)}bulk/", bulk | {"send": "0"}))
    carried = {element.attrs["name"]: element.attrs["value"] for element in page.find("input", type="hidden")}
    again = read(client.post(page.find("form", method="post")[-1].attrs["action"], carried))

    assert again.form()["0-name"] == "Kept"
    assert again.form()["reason"] == bulk["reason"]
