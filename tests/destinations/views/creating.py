"""A kind's form in the browser: where it is, and what has to be in it when it comes back."""

from __future__ import annotations

import html

from destinations_ui.kinds import Kind
from tests.support.html import Page

#: What htmx says when it sends the form.
HTMX = {"HX-Request": "true", "HX-Target": "main"}


def create_url(kind: Kind) -> str:
    """Return where a kind's form is."""
    return f"/destinations/new/{kind.slug}/"


def secrets_of(kind: Kind) -> list[str]:
    """Return the secrets in a kind's examples."""
    return [secret.reveal() for secret in kind.split(kind.examples()).secrets.values()]


def without_secrets(kind: Kind, data: dict[str, str]) -> dict[str, str]:
    """Return what was filled in, all but the secrets and the one-time number."""
    hidden = {f"config-{field.name}" for field in kind.fields if field.secret} | {"submission"}
    return {name: value for name, value in data.items() if name not in hidden}


def check_nothing_lost(page: Page, kind: Kind, data: dict[str, str]) -> None:
    """Check that the form on a page has what was typed, except secrets."""
    back = page.form()
    assert without_secrets(kind, data).items() <= back.items()
    for secret in secrets_of(kind):
        assert secret not in html.unescape(page.html)
