"""A record as the JSON body of its request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.snippets.common import Snippet, filled_fields, joined, path


def request_body(record: AuditRecord) -> Snippet:
    """Return the body of the request, with null for each secret."""
    note = f"The body of POST {path(record)}."
    if record.secrets:
        note += f" No secret is kept here: fill in what is null, {joined(list(record.secrets))}."
    return Snippet(
        slug="json",
        label="JSON",
        text=json_body(record, dict.fromkeys(record.secrets, "null"), json_text),
        note=note,
    )


def json_body(record: AuditRecord, secrets: Mapping[str, str], write: Callable[[object], str]) -> str:
    """Return the body of the request in JSON, with the given code in place of each secret."""
    config = ",\n".join(
        f"    {write(api)}: " + (secrets[api] if api in secrets else write(record.config[api]).replace("\n", "\n    "))
        for api in filled_fields(record)
    )
    return (
        f'{{\n  "name": {write(record.name)},\n  "kind": {write(record.kind)},\n  "on": {write(record.on)},\n'
        f'  "config": {{\n{config}\n  }}\n}}'
    )


def json_text(value: object) -> str:
    """Return a value as readable JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    # The line breaks are the layout's: those of a value are escaped by now.
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )
