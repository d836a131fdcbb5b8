"""A kind as JSON for the browser: what it needs to read a pasted text and to check a value by itself.

Nothing in it is secret or typed by a user. It only changes with the product, so browsers keep it by its digest.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from destinations_ui import kinds
from destinations_ui.kinds.spec import Field, Kind, Paste
from destinations_ui.kinds.spec.patterns import javascript
from destinations_ui.kinds.validators import Rule


@cache
def content(kind: Kind) -> bytes:
    """Return the JSON of a kind."""
    others = [other for other in kinds.registry().values() if other != kind]
    return json.dumps(payload(kind, others), ensure_ascii=False, separators=(",", ":")).encode()


def digest(kind: Kind) -> str:
    """Return a short hash of the kind's JSON."""
    return hashlib.sha256(content(kind)).hexdigest()[:12]


def payload(kind: Kind, others: list[Kind]) -> dict[str, Any]:
    """Return what ``static/js/destinations`` reads of a kind. ``others`` are the kinds whose texts it tells apart."""
    return {
        "slug": kind.slug,
        "fields": [field_payload(field) for field in kind.fields],
        "facts": [name for name, _ in kind.facts],
        "pastes": [paste_payload(paste) for paste in kind.pastes],
        "cross_field_warnings": [
            {"message": warning.message, "first": warning.first, "second": warning.second, "same": warning.same}
            for warning in kind.cross_field_warnings
        ],
        "others": [
            {
                "slug": other.slug,
                "label": other.label,
                "names": [field.api for field in other.fields],
                "signs": [javascript(paste.sign) for paste in other.pastes],
            }
            for other in others
        ],
    }


def paste_payload(paste: Paste) -> dict[str, Any]:
    """Return how a text is recognized and read."""
    return {
        "name": paste.name,
        "sign": javascript(paste.sign),
        "parts": [javascript(part) for part in paste.parts],
        "made": paste.made,
    } | ({"instead": paste.instead} if paste.instead else {})


def field_payload(field: Field) -> dict[str, Any]:
    """Return one field: its columns, or its rules and warnings."""
    common = {"name": field.name, "api": field.api, "label": field.label}
    if field.columns:
        return common | {"columns": [(column.name, column.api) for column in field.columns]}
    return common | {
        "secret": field.secret,
        "multiline": field.multiline,
        "rules": [
            (
                javascript(rule.pattern),
                rule.message,
                [(javascript(pattern), message) for pattern, message in rule.mistakes],
                rule.any_case,
            )
            for rule in field.validators
            if isinstance(rule, Rule)
        ],
        "warnings": [
            (warning.message, javascript(warning.when), javascript(warning.unless)) for warning in field.all_warnings
        ],
    }
