"""What was posted to a kind's form: which of it may be shown again, and what does not belong there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from destinations_ui.kinds.spec.kind import Field, Kind
from destinations_ui.kinds.validators import holds_secret

#: What stands before the names of a kind's own fields.
PREFIX = "config-"
#: What stands before the names of what a pasted text told beside them.
FACT = "fact-"
#: The fields that every kind has.
COMMON = ("project", "environment", "critical_key", "name", "on", "reason", "submission", "confirm")
#: A typed secret at least this long is looked for in the other fields; a shorter one would be found by chance.
TELLING_LENGTH = 8


def accepts(field: Field, text: str) -> bool:
    """Tell whether a field's rules accept a text."""
    if field.choices and text.strip() not in dict(field.choices):
        return False
    try:
        field.validate(text.strip())
    except ValidationError:
        return False
    return True


def shaped_like_a_secret(kind: Kind, field: Field, text: str) -> bool:
    """Tell whether a text that a plain field refuses is one of the kind's secrets by its shape, or holds one."""
    shapes = (caution.unless for each in kind.fields for caution in each.cautions if each.secret and caution.unless)
    if accepts(field, text):
        return False
    return any(re.search(shape, text, re.ASCII) for shape in shapes) or bool(kind.whole_text(text, with_secret=True))


def foreign_names(kind: Kind, data: Mapping[str, Any]) -> set[str]:
    """Return the posted names that look like a configuration but are none of this kind's."""
    own = {f"{PREFIX}{field.name}" for field in kind.fields if not field.columns}
    rows = tuple(f"{PREFIX}{field.name}-" for field in kind.fields if field.columns)
    posted = {name for name in data if name.startswith(PREFIX)}
    return {name for name in posted - own if not (rows and name.startswith(rows))}


def without_secrets(kind: Kind, data: QueryDict, elsewhere: Collection[str] = ()) -> tuple[QueryDict, set[str]]:
    """Return what was posted with secrets taken out of plain fields, and the names of those fields.

    A plain field is shown back and stored, so it must not hold a secret: neither one that gives itself away, like a
    connection string, nor one that was typed into a secret field as well, nor one that has the shape of one.
    ``elsewhere`` are secrets that were typed into other forms of the page.
    """
    secret_names = secret_field_names(kind)
    typed = [*(data.get(name, "").strip() for name in secret_names), *elsewhere]
    telling = [secret for secret in typed if len(secret) >= TELLING_LENGTH]
    shown, disclosed = data.copy(), set()
    plain_fields = {f"{PREFIX}{field.name}": field for field in kind.fields if not (field.secret or field.columns)}
    for name, text in data.items():
        plain = (name in COMMON or name.startswith((PREFIX, FACT))) and name not in secret_names
        shaped = name in plain_fields and shaped_like_a_secret(kind, plain_fields[name], str(text))
        if plain and (shaped or holds_secret(str(text)) or any(secret in str(text) for secret in telling)):
            shown[name] = ""
            disclosed.add(name)
    return shown, disclosed


def showable(kind: Kind, data: QueryDict) -> list[tuple[str, str]]:
    """Return the posted names and values of this form that may be shown again: all but the secrets."""
    shown, _ = without_secrets(kind, data)
    hidden = secret_field_names(kind) | foreign_names(kind, data)
    return [
        (name, str(value))
        for name, values in shown.lists()
        for value in values
        if (name in COMMON or name.startswith((PREFIX, FACT))) and name not in hidden
    ]


def secret_field_names(kind: Kind) -> set[str]:
    """Return the names of a kind's secret fields in the form."""
    return {f"{PREFIX}{field.name}" for field in kind.fields if field.secret}


def numbered(data: QueryDict, row: str) -> QueryDict:
    """Return what was posted under the names that it has in one row of several."""
    named = QueryDict(mutable=True)
    for name, values in data.lists():
        named.setlist(f"{row}-{name}", values)
    return named


def single(data: QueryDict, row: str) -> QueryDict:
    """Return what was posted in one row of several under the names of the single form."""
    named = QueryDict(mutable=True)
    for name, values in data.lists():
        if name.startswith(f"{row}-"):
            named.setlist(name.removeprefix(f"{row}-"), values)
    return named


def plain_names(kind: Kind) -> list[str]:
    """Return the names of a kind's inputs that hold no secret and no rows, with the form's token and its place."""
    own = [f"{PREFIX}{field.name}" for field in kind.fields if not (field.secret or field.columns)]
    return ["csrfmiddlewaretoken", "project", "environment", *own, *(f"{FACT}{fact}" for fact, _ in kind.facts)]
