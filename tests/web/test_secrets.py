"""Marker secrets go through every page and are then searched for everywhere but at LaunchDarkly."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.conf.secret import Secret
from destinations_ui.kinds.spec import Value
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.sandbox import SandboxServer, Status
from tests.support.environment import MARKER_TOKEN
from tests.support.form_data import confirmed, form_data

KINDS = list(kinds.registry().values())
WITH_SECRETS = [kind for kind in KINDS if kind.split(kind.examples()).secrets]
HTMX = {"HX-Request": "true", "HX-Target": "main"}
PASSWORD = "marker-of-the-password-77aa"

pytestmark = pytest.mark.django_db(transaction=True)


def marker(kind: kinds.Kind, field: kinds.Field) -> str:
    """Return a secret that occurs nowhere else, with characters that JSON, HTML and URLs write differently."""
    return f'Marker+{kind.slug}/{field.name};&"<é>'


def marked(kind: kinds.Kind) -> dict[str, Value]:
    """Return the values of a kind with a marker in each secret field."""
    return {field.name: Secret(marker(kind, field)) for field in kind.fields if field.secret}


def markers() -> list[str]:
    """Return everything that must not be found."""
    typed = [marker(kind, field) for kind in KINDS for field in kind.fields if field.secret]
    return [*typed, MARKER_TOKEN, PASSWORD]


def traces(text: str) -> list[str]:
    """Return the markers in a text, also escaped as JSON, HTML or URL."""
    found = []
    for secret in markers():
        # Every way to escape leaves the middle of a marker as it is.
        middle = re.sub(r"[^A-Za-z0-9_-]+.*", "", secret.split("/")[-1]) if "/" in secret else secret
        probe = f"{secret.split('/')[0].removeprefix('Marker+')}" if "/" in secret else secret
        if (
            re.search(rf"Marker(\+|%2B|&#43;|\\u002b){re.escape(probe)}.{{1,8}}{re.escape(middle)}", text)
            or secret in text
        ):
            found.append(secret)
    return found


class Surfaces:
    """Everything shown, logged or stored so far."""

    def __init__(self, log: io.StringIO) -> None:
        self.log = log
        self.responses: list[tuple[str, str]] = []

    def see(self, what: str, response: Any) -> Any:
        """Keep a response with its headers, and return it."""
        body = b"".join(response.streaming_content) if response.streaming else response.content
        self.responses.append((what, f"{response.headers}\n{response.cookies}\n{body.decode(errors='replace')}"))
        return response

    def check(self, folder: Path) -> None:
        """Search everything.

        Raises:
            AssertionError: naming where a marker was found.
        """
        places = [*self.responses, ("the log", self.log.getvalue()), *stored(), *cached(folder)]
        found = {what: trace for what, text in places if (trace := traces(text))}
        assert found == {}


def stored() -> Iterator[tuple[str, str]]:
    """Yield each table's rows as text, and on SQLite the bytes of its files."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # a name from the database
            yield f"table {table}", repr(cursor.fetchall())
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        for path in (Path(name), Path(f"{name}-wal")):
            if path.exists():
                yield f"file {path.name}", path.read_bytes().decode("latin-1")


def cached(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of the cache."""
    for path in folder.rglob("*.djcache"):
        yield f"cache {path.name}", f"{path.read_bytes()!r}"


@pytest.fixture
def cache_folder(tmp_path: Path, settings: Any) -> Path:
    """Keep the cache in files, where it can be searched."""
    folder = tmp_path / "cache"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(folder)}
    }
    return folder


@pytest.fixture
def surfaces() -> Iterator[Surfaces]:
    """Collect all log output, that of libraries included, at DEBUG."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    loggers = [
        root,
        *(logging.getLogger(name) for name in ("django", "urllib3", "requests", "destinations_ui", "axes")),
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield Surfaces(log)
    root.removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def signed_in(client: Client, operator: User, surfaces: Surfaces) -> Client:
    """Sign the operator in by the page, with a marker for a password."""
    operator.set_password(PASSWORD)
    operator.save()
    # Only the sign-in form itself shows what was typed as the user name.
    client.post("/login/", {"username": PASSWORD, "password": "oskar", "other": PASSWORD})
    surfaces.see("wrong sign-in", client.post("/login/", {"username": "oskar", "password": f"{PASSWORD}-wrong"}))
    surfaces.see("sign-in", client.post("/login/", {"username": "oskar", "password": PASSWORD}))
    return client


def look_around(client: Client, surfaces: Surfaces) -> None:
    """Open every page that shows an attempt."""
    for record in AuditRecord.objects.all():
        for headers in ({}, HTMX):
            surfaces.see("look", client.post(f"{record.get_absolute_url()}reconcile/", headers=headers))
        surfaces.see("record", client.get(record.get_absolute_url()))
        for query in ("", f"?from={record.uuid}", f"?project={record.project}&environment={record.environment}"):
            surfaces.see("form", client.get(f"/destinations/new/{record.kind}/{query}"))
    for address in (
        "/",
        "/?refresh=yes",
        "/history/",
        "/history/?q=Marker",
        "/history/overview/",
        "/history/suggestions/",
        "/destinations/new/",
    ):
        surfaces.see(address, client.get(address))
    for export in ("csv", "jsonl"):
        surfaces.see(export, client.get(f"/history/export/?format={export}"))
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    base = "/admin/destinations_ui/auditrecord/"
    for address in (base, f"{base}?q=Marker", *(f"{base}{record.pk}/change/" for record in AuditRecord.objects.all())):
        assert surfaces.see(address, root.get(address)).status_code == 200


def sent(sandbox: SandboxServer) -> list[Any]:
    """Return the configurations that LaunchDarkly received."""
    return [json.loads(r.body)["config"] for r in sandbox.requests if r.method == "POST"]


@pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
def test_a_secret_reaches_launchdarkly_and_nothing_else(
    signed_in: Client, surfaces: Surfaces, sandbox: SandboxServer, kind: kinds.Kind, cache_folder: Path
) -> None:
    address = f"/destinations/new/{kind.slug}/"
    unusual = form_data(kind, marked(kind))
    good = confirmed(kind, unusual)
    expected = {field.api: marker(kind, field) for field in kind.fields if field.secret}
    echo = Status(400, {"code": "invalid_request", "message": f"Wrong: {' '.join(expected.values())}", "id": "1"})

    see, post = surfaces.see, signed_in.post
    see("unusual", post(address, unusual))
    see("unusual in place", post(address, unusual, headers=HTMX))
    see("previewed", post(f"{address}preview/", good))
    see("checked in place", post(address, unusual | {"check": "yes"}, headers=HTMX))
    see("created", post(address, good))
    see("again", post(address, good))
    see("again with other values", post(address, good | {"name": "Other"}))
    see("rejected", post(address, form_data(kind, marked(kind), name="")))
    see("rejected in place", post(address, form_data(kind, marked(kind), name=""), headers=HTMX))
    see("redrawn", post(f"{address}redraw/", good | {"redraw": "refresh"}))
    see("another kind's fields", post(address, good | {"config-nonsense": next(iter(expected.values()))}))
    see("taken", post(address, confirmed(kind, form_data(kind, marked(kind)))))
    sandbox.script("POST", "/api/v2/destinations", echo)
    see("refused with an echo", post(address, confirmed(kind, form_data(kind, marked(kind), environment="test"))))
    for environment in ("forbidden", "server-error", "not-json", "drops-after-write"):
        data = form_data(kind, marked(kind), project="faults", environment=environment)
        see(environment, post(address, confirmed(kind, data)))
    see("in the wrong field", post(address, good | {"reason": f"key {next(iter(expected.values()))}"}))
    see("in the name", post(address, good | {"name": next(iter(expected.values()))}, headers=HTMX))
    look_around(signed_in, surfaces)
    see("without a session", Client().post(address, good))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in.cookies
    see("without a token", strict.post(address, good))
    see("without a token, in place", strict.post(address, good, headers=HTMX))

    assert expected.items() <= sent(sandbox)[0].items()
    assert len(sent(sandbox)) == 7
    surfaces.check(cache_folder)


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
@pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
def test_an_error_page_shows_no_secret(
    signed_in: Client,
    surfaces: Surfaces,
    sandbox: SandboxServer,
    kind: kinds.Kind,
    debug: bool,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    cache_folder: Path,
) -> None:
    settings.DEBUG = debug
    signed_in.raise_request_exception = False

    def broken(self: LaunchDarkly, *args: object, config: object, **kwargs: object) -> None:
        body = json.dumps(config)  # A local variable with every secret in it.
        raise RuntimeError(f"Broken on purpose after {len(body)} characters.")

    monkeypatch.setattr(LaunchDarkly, "create_destination", broken)

    response = surfaces.see(
        "crash", signed_in.post(f"/destinations/new/{kind.slug}/", confirmed(kind, form_data(kind, marked(kind))))
    )

    assert response.status_code == 500
    assert ("Broken on purpose" in response.content.decode()) is debug
    assert AuditRecord.objects.get().outcome == "unknown"
    look_around(signed_in, surfaces)
    surfaces.check(cache_folder)


@pytest.mark.parametrize(
    "pasted",
    [
        "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0LW1hcmtlcg==",
        "-----BEGIN PRIVATE KEY-----c2VjcmV0LW1hcmtlcg==",
        "api-4dfc17e5-2acc-4075-83bf-c2VjcmV0LW1hcmtlcg",
    ],
)
@pytest.mark.parametrize("name", ["name", "reason", "config-namespace", "project", "environment"])
def test_a_secret_in_a_plain_field_is_discarded_not_shown_back(
    signed_in: Client, sandbox: SandboxServer, name: str, pasted: str
) -> None:
    kind = kinds.registry()["azure-event-hubs"]

    response = signed_in.post("/destinations/new/azure-event-hubs/", form_data(kind) | {name: pasted})

    assert response.status_code == 422
    page = response.content.decode()
    assert "c2VjcmV0LW1hcmtlcg" not in page
    assert "so it was removed" in page
    assert AuditRecord.objects.count() == 0
    assert sandbox.count("POST") == 0


@pytest.mark.parametrize("name", ["project", "environment"])
@pytest.mark.parametrize("secret", ["us1-c2VjcmV0LW1hcmtlcg4dfc17e5", "Key: c2VjcmV0LW1hcmtlcg4dfc17e5"])
def test_a_secret_typed_for_project_or_environment_goes_no_further(
    signed_in: Client, surfaces: Surfaces, sandbox: SandboxServer, name: str, secret: str, cache_folder: Path
) -> None:
    url = "/destinations/new/segment/"
    posted = {"project": "web-shop", "environment": "staging", name: secret}
    fragment = {"HX-Request": "true", "HX-Target": "environment-field"}
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in.cookies

    for part in ("environments/", "environments/?refresh=yes", "redraw/", "preview/", ""):
        for headers in ({}, fragment):
            for visitor in (signed_in, strict, Client()):
                surfaces.see(part, visitor.post(f"{url}{part}", posted, headers=headers))
    look_around(signed_in, surfaces)

    asked = "\n".join(request.path for request in sandbox.requests)
    assert "/api/v2/projects" in asked
    assert list(cache_folder.rglob("*.djcache"))
    places = [("LaunchDarkly", asked), ("log", surfaces.log.getvalue()), *surfaces.responses]
    places += [*stored(), *cached(cache_folder)]
    assert [what for what, text in places if "c2VjcmV0LW1hcmtlcg" in text] == []


def test_sdk_keys_of_environments_are_dropped(
    signed_in: Client, surfaces: Surfaces, sandbox: SandboxServer, cache_folder: Path
) -> None:
    for address in ("/", "/destinations/new/kinesis/?project=web-shop"):
        surfaces.see(address, signed_in.get(address))

    assert list(cache_folder.rglob("*.djcache"))
    places = [*surfaces.responses, ("log", surfaces.log.getvalue()), *stored(), *cached(cache_folder)]
    assert [what for what, text in places if re.search(r"\b(?:sdk|mob)-[0-9a-f]{8}", text)] == []
    assert cache.get("nothing") is None


def test_the_search_finds_a_marker_in_every_encoding() -> None:
    kind = WITH_SECRETS[0]
    secret = marker(kind, next(field for field in kind.fields if field.secret))
    from html import escape
    from urllib.parse import quote

    for spelling in (secret, escape(secret), quote(secret, safe=""), json.dumps(secret), repr(secret)):
        assert traces(f"before {spelling} after"), spelling
