"""What was posted to a kind's form: which of it may be shown again, and what does not belong there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from destinations_ui.kinds.spec import Kind
from destinations_ui.kinds.validators import holds_secret

#: What stands before the names of a kind's own fields.
PREFIX = "config-"
#: The fields that every kind has.
COMMON = ("project", "environment", "name", "on", "reason", "submission")
#: A typed secret at least this long is looked for in the other fields; a shorter one would be found by chance.
TELLING_LENGTH = 8


def foreign_names(kind: Kind, data: Mapping[str, Any]) -> set[str]:
    """Return the posted names that look like a configuration but are none of this kind's."""
    own = {f"{PREFIX}{field.name}" for field in kind.fields if not field.columns}
    rows = tuple(f"{PREFIX}{field.name}-" for field in kind.fields if field.columns)
    posted = {name for name in data if name.startswith(PREFIX)}
    return {name for name in posted - own if not (rows and name.startswith(rows))}


def without_secrets(kind: Kind, data: QueryDict) -> tuple[QueryDict, set[str]]:
    """Return what was posted with secrets taken out of plain fields, and the names of those fields.

    A plain field is shown back and stored, so it must not hold a secret: neither one that gives itself away, like a
    connection string, nor one that was typed into a secret field as well.
    """
    secret_names = secret_field_names(kind)
    typed = [data.get(name, "").strip() for name in secret_names]
    telling = [secret for secret in typed if len(secret) >= TELLING_LENGTH]
    shown, disclosed = data.copy(), set()
    for name, text in data.items():
        plain = (name in COMMON or name.startswith(PREFIX)) and name not in secret_names
        if plain and (holds_secret(str(text)) or any(secret in str(text) for secret in telling)):
            shown[name] = ""
            disclosed.add(name)
    return shown, disclosed


def showable(kind: Kind, data: QueryDict) -> list[tuple[str, str]]:
    """Return the posted names and values of this form that may be shown again: all but the secrets."""
    shown, _ = without_secrets(kind, data)
    hidden = secret_field_names(kind) | foreign_names(kind, data)
    return [
        (name, str(value))
        for name, value in shown.items()
        if (name in COMMON or name.startswith(PREFIX)) and name not in hidden
    ]


def secret_field_names(kind: Kind) -> set[str]:
    """Return the names of a kind's secret fields in the form."""
    return {f"{PREFIX}{field.name}" for field in kind.fields if field.secret}
