"""What the browser is told of a kind, so that it can take a pasted text apart and say what is wrong on its own."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.html import json_script
from django.utils.safestring import SafeString

from destinations_ui import kinds
from destinations_ui.kinds.spec.kind import Field, Kind
from destinations_ui.kinds.spec.patterns import script_pattern
from destinations_ui.kinds.validators import Rule


@cache
def script(kind: Kind) -> SafeString:
    """Return what the page of a kind carries for ``static/fields.js``."""
    return json_script(for_browser(kind, [other for other in kinds.registry().values() if other != kind]), "kind-spec")


def for_browser(kind: Kind, others: list[Kind]) -> dict[str, Any]:
    """Return what ``static/fields.js`` needs of a kind, as JSON: nothing that a person typed, and nothing secret.

    ``others`` are the kinds whose texts are told apart from this one's.
    """
    return {
        "slug": kind.slug,
        "fields": [field_for_browser(field) for field in kind.fields],
        "facts": [name for name, _ in kind.facts],
        "pastes": [
            {
                "name": paste.name,
                "sign": script_pattern(paste.sign),
                "parts": [script_pattern(part) for part in paste.parts],
                "made": paste.made,
            }
            for paste in kind.pastes
        ],
        "comparisons": [
            {
                "message": comparison.message,
                "first": comparison.first,
                "second": comparison.second,
                "same": comparison.same,
            }
            for comparison in kind.comparisons
        ],
        "others": [(other.slug, [script_pattern(paste.sign) for paste in other.pastes]) for other in others],
    }


def field_for_browser(field: Field) -> dict[str, Any]:
    """Return one field."""
    if field.columns:
        columns = [(column.name, column.api) for column in field.columns]
        return {"name": field.name, "api": field.api, "label": field.label, "columns": columns}
    rules = [
        (script_pattern(rule.pattern), rule.message, [(script_pattern(found), said) for found, said in rule.mistakes])
        for rule in field.validators
        if isinstance(rule, Rule)
    ]
    return {
        "name": field.name,
        "api": field.api,
        "label": field.label,
        "secret": field.secret,
        "rules": rules,
        "cautions": [
            (caution.message, script_pattern(caution.when), script_pattern(caution.unless))
            for caution in field.all_cautions
        ],
    }
