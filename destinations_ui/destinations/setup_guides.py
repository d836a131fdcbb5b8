"""Setup guides with the values of a form or of a record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings

from destinations_ui import launchdarkly
from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.inventory import PATIENCE
from destinations_ui.kinds.spec import Kind
from destinations_ui.kinds.spec.setup_guides import FilledGuide, fill
from destinations_ui.launchdarkly.errors import BadResponse, LaunchDarklyError


def of_values(kind: Kind, values: Mapping[str, str]) -> list[FilledGuide]:
    """Return a kind's guides with values, by field or fact. Missing ones are named by their labels."""
    filled = [fill(guide, values) for guide in kind.setup_guides]
    return [replace(guide, missing=tuple(kind.field(name).label for name in guide.missing)) for guide in filled]


def of_record(kind: Kind, record: AuditRecord) -> list[FilledGuide]:
    """Return a kind's guides with the values of an attempt."""
    typed = kind.form_values(record.config)
    return of_values(kind, {name: value for name, value in typed.items() if isinstance(value, str)})


def fetched(
    filled: Sequence[FilledGuide], project: str, environment: str
) -> tuple[list[FilledGuide], LaunchDarklyError | None]:
    """Return the guides with LaunchDarkly's own trust policy, or unchanged with the error."""
    try:
        seconds = min(PATIENCE, settings.LAUNCHDARKLY_TIMEOUT)
        policy = launchdarkly.connect().trust_policy(project, environment, timeout=seconds)
    except LaunchDarklyError as error:
        return list(filled), error
    if not policy:
        return list(filled), BadResponse("LaunchDarkly’s response had no policy. Use the one from its documentation.")
    # Escaped, whatever it holds: a page cannot have half of a character.
    text = json.dumps(policy, indent=2)
    about = f"LaunchDarkly’s own response for {project} / {environment}. Save it as trust-policy.json."
    return [
        replace(each, guide=replace(each.guide, about=about), text=text) if each.guide.trust_policy else each
        for each in filled
    ], None
