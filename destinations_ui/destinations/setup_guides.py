"""What the other side needs, filled with what is typed in a form or kept on a record."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings
from django.http import QueryDict

from destinations_ui import launchdarkly
from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.forms.fields import tidy
from destinations_ui.destinations.forms.posted_data import FACT, PREFIX, accepts, without_secrets
from destinations_ui.destinations.inventory import PATIENCE
from destinations_ui.kinds.spec.kind import Kind
from destinations_ui.kinds.spec.patterns import FLAGS
from destinations_ui.kinds.spec.setup_guides import Filled, fill
from destinations_ui.launchdarkly.errors import BadResponse, LaunchDarklyError


def of_values(kind: Kind, values: Mapping[str, str]) -> list[Filled]:
    """Return a kind's guides with values in them: field name → text. What is missing is named as on the page."""
    filled = [fill(guide, values) for guide in kind.guides]
    return [replace(each, missing=tuple(kind.field(name).label for name in each.missing)) for each in filled]


def of_record(kind: Kind, record: AuditRecord) -> list[Filled]:
    """Return a kind's guides with the values of an attempt."""
    typed = kind.typed(record.config)
    return of_values(kind, {name: value for name, value in typed.items() if isinstance(value, str)})


def typed(kind: Kind, data: QueryDict) -> tuple[dict[str, str], list[str]]:
    """Return the values of a form that are right so far, and the labels of those that are not. Secrets are left out."""
    shown, disclosed = without_secrets(kind, data)
    values: dict[str, str] = {}
    wrong: list[str] = []
    for fact, pattern in kind.facts:
        if re.fullmatch(pattern, shown.get(f"{FACT}{fact}", ""), FLAGS):
            values[fact] = shown.get(f"{FACT}{fact}", "")
    for field in kind.fields:
        name = f"{PREFIX}{field.name}"
        text = tidy(shown.get(name, ""), quotes=True)
        if field.secret or field.columns or not (text or name in disclosed):
            continue
        if name not in disclosed and text.isprintable() and accepts(field, text):
            values[field.name] = text
        else:
            wrong.append(field.label)
    return values, wrong


def fetched(filled: Sequence[Filled], project: str, environment: str) -> tuple[list[Filled], LaunchDarklyError | None]:
    """Put LaunchDarkly's own answer in the place of what has one, or return why there is none."""
    try:
        seconds = min(PATIENCE, settings.LAUNCHDARKLY_TIMEOUT)
        policy = launchdarkly.connect().trust_policy(project, environment, timeout=seconds)
    except LaunchDarklyError as error:
        return list(filled), error
    if not policy:
        return list(filled), BadResponse("LaunchDarkly’s answer held no policy. Take the one from its documentation.")
    # Escaped, whatever it holds: a page cannot have half of a character.
    text = json.dumps(policy, indent=2)
    about = f"LaunchDarkly’s own answer for {project} / {environment}. Save it as trust-policy.json."
    return [
        replace(each, guide=replace(each.guide, about=about), text=text) if each.guide.trust_policy else each
        for each in filled
    ], None
