"""What a browser posted to a kind's form, parsed once.

Every value is cleaned here, so that guards, lookups, the request and the page all see the same one.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from django.http import QueryDict

from destinations_ui.destinations.forms.confirmations import CONFIRMATION
from destinations_ui.destinations.forms.possible_secrets import accepts, in_free_text, in_value
from destinations_ui.destinations.forms.text import tidy
from destinations_ui.kinds.spec import Field, Kind
from destinations_ui.kinds.spec.patterns import FLAGS

#: Stands before the names of a kind's own fields.
PREFIX = "config-"
#: Prefix of the names of facts from a pasted text.
FACT = "fact-"
#: LaunchDarkly's keys.
KEYS = ("project", "environment", "critical_key")
#: The fields that every kind has.
COMMON = (*KEYS, "name", "on", "reason", "submission", "confirm")
ON = {**dict.fromkeys(("true", "on", "yes", "1"), "true"), **dict.fromkeys(("false", "off", "no", "0"), "false")}


@dataclass(frozen=True, slots=True)
class PostedData:
    """A posted form, under the names of a form that stands alone.

    Attributes:
        kind: The kind of the form.
        data: A secret field's value as typed; any other value cleaned, and empty where it could be a secret.
        discarded: The names of those that could be a secret.
        unknown: Names of kind fields that this kind does not have.
    """

    kind: Kind
    data: QueryDict = attribute(repr=False)
    discarded: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """Return a field's value."""
        return self.data.get(name) or ""

    def public(self) -> list[tuple[str, str]]:
        """Return names and values that may go back to the browser: all but the secret fields."""
        secret = secret_names(self.kind)
        return [(name, value) for name, values in self.data.lists() if name not in secret for value in map(str, values)]

    def for_row(self, row: str) -> QueryDict:
        """Return the data under the names that it has in a row of a bulk form; a copy, which may be changed."""
        prefix = f"{row}-" if row else ""
        data = QueryDict(mutable=True)
        for name, values in self.data.lists():
            data.setlist(f"{prefix}{name}", values)
        return data


def parse(kind: Kind, posted: QueryDict, *, row: str = "", other_secrets: Collection[str] = ()) -> PostedData:
    """Parse a posted form.

    Args:
        kind: The kind of the form.
        posted: All that was posted.
        row: The row of a bulk form, whose number stands before its names.
        other_secrets: Secrets typed into other forms of the page, which may not be in this one's plain fields.
    """
    given = of_row(posted, row) if row else posted
    secrets = [*typed_secrets(kind, given), *other_secrets]
    data, discarded = QueryDict(mutable=True), set()
    for name, values in given.lists():
        if name in secret_names(kind):
            data[name] = values[-1]
        elif name == "confirm":
            data.setlist(name, [value for value in map(str, values) if CONFIRMATION.fullmatch(value)])
        elif is_known(kind, name):
            text = clean(kind, name, str(values[-1]))
            could_be_secret = may_hold_secret(kind, name, text, secrets)
            data[name] = "" if could_be_secret else text
            discarded |= {name} if could_be_secret else set()
    return PostedData(kind, data, frozenset(discarded), frozenset(unknown_names(kind, given)))


def clean(kind: Kind, name: str, text: str) -> str:
    """Return a plain field's value without what comes along when it is copied; empty where it cannot be one."""
    if name == "on":
        return ON.get(text.strip().lower(), "")
    if name == "submission":
        return as_uuid(text)
    if name.startswith(FACT):
        return text if re.fullmatch(dict(kind.facts)[name.removeprefix(FACT)], text, FLAGS) else ""
    return tidy(text, quotes=name in KEYS or name.startswith(PREFIX))


def may_hold_secret(kind: Kind, name: str, text: str, secrets: Collection[str]) -> bool:
    """Return whether a cleaned value of a plain field could hold a secret."""
    field = spec_field(kind, name)
    if field is not None:
        return bool(text) and in_value(field, text, secrets)
    return name in (*KEYS, "name", "reason") and in_free_text(text, secrets)


def spec_field(kind: Kind, name: str) -> Field | None:
    """Return the field, or the column of a field of rows, that a posted name belongs to."""
    for field in kind.fields:
        if not field.columns and name == f"{PREFIX}{field.name}":
            return field
        for column in field.columns:
            if name.startswith(f"{PREFIX}{field.name}-") and name.endswith(f"-{column.name}"):
                return column
    return None


def is_known(kind: Kind, name: str) -> bool:
    """Return whether a kind's form has a field of that name."""
    return name in COMMON or name in {f"{FACT}{fact}" for fact, _ in kind.facts} or spec_field(kind, name) is not None


def unknown_names(kind: Kind, posted: Mapping[str, Any]) -> set[str]:
    """Return the posted names that look like a kind's field but are none of this kind's."""
    own = {f"{PREFIX}{field.name}" for field in kind.fields if not field.columns}
    rows = tuple(f"{PREFIX}{field.name}-" for field in kind.fields if field.columns)
    return {name for name in posted if name.startswith(PREFIX) and name not in own and not name.startswith(rows)}


def secret_names(kind: Kind) -> set[str]:
    """Return the names of a kind's secret fields in the form."""
    return {f"{PREFIX}{field.name}" for field in kind.fields if field.secret}


def plain_names(kind: Kind) -> list[str]:
    """Return the names of inputs that may leave the browser before the form is sent: no secrets, no rows."""
    own = [f"{PREFIX}{field.name}" for field in kind.fields if not (field.secret or field.columns)]
    return ["csrfmiddlewaretoken", "project", "environment", *own, *(f"{FACT}{fact}" for fact, _ in kind.facts)]


def valid_values(posted: PostedData) -> tuple[dict[str, str], list[str]]:
    """Return the plain values that are valid, by field or fact, and the labels of fields whose value is not."""
    values = {fact: posted.text(f"{FACT}{fact}") for fact, _ in posted.kind.facts if posted.text(f"{FACT}{fact}")}
    invalid = []
    for field in posted.kind.fields:
        name = f"{PREFIX}{field.name}"
        text = posted.text(name)
        if field.secret or field.columns or not (text or name in posted.discarded):
            continue
        if text and text.isprintable() and accepts(field, text):
            values[field.name] = text
        else:
            invalid.append(field.label)
    return values, invalid


def typed_secrets(kind: Kind, posted: QueryDict) -> list[str]:
    """Return the secrets in a posted form, those of every row included."""
    names = secret_names(kind)
    found = (str(text).strip() for name, text in posted.items() if re.sub(r"^\d+-", "", name) in names)
    return [text for text in found if text]


def of_row(posted: QueryDict, row: str) -> QueryDict:
    """Return what was posted in one row of a bulk form, without the row's number."""
    data = QueryDict(mutable=True)
    for name, values in posted.lists():
        if name.startswith(f"{row}-"):
            data.setlist(name.removeprefix(f"{row}-"), values)
    return data


def as_uuid(text: str) -> str:
    """Return a UUID as text, or an empty text."""
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        return ""
