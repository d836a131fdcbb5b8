"""Preview a creation: the request, and the environment as LaunchDarkly has it now."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings

from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.destination import DestinationForm
from destinations_ui.destinations.inventory import EnvironmentSlot
from destinations_ui.kinds.spec import Kind, Value
from destinations_ui.launchdarkly.client import API_VERSION

#: Stands for a secret. It cannot be mistaken for a value, and reveals nothing of one.
SET = "(set, not shown)"


@dataclass(frozen=True, slots=True)
class Preview:
    """A creation before it is sent.

    Attributes:
        request: The request as text, secrets as *set*.
        slot: The environment as LaunchDarkly has it now; ``None`` where it is not listed.
        problem: Why the lists could not be had, in a sentence; empty when they could.
    """

    request: str
    slot: EnvironmentSlot | None
    problem: str


def preview(form: DestinationForm) -> Preview:
    """Return what a valid form would send. LaunchDarkly's lists are read again; nothing is written."""
    project, environment = form.cleaned_data["project"], form.cleaned_data["environment"]
    listed = inventory.environment_slots(project, refresh=True)
    found = [slot for slot in listed.items if slot.environment.key == environment]
    body = {
        "name": form.cleaned_data["name"],
        "kind": form.kind.slug,
        "on": form.cleaned_data["on"],
        "config": shown_config(form.kind, form.values()),
    }
    lines = (
        f"POST {settings.LAUNCHDARKLY_URL}/api/v2/destinations/{project}/{environment}",
        f"Authorization: {SET}",
        f"LD-API-Version: {API_VERSION}",
        "Content-Type: application/json",
        "",
        json.dumps(body, indent=2, ensure_ascii=False),
    )
    return Preview("\n".join(lines), found[0] if found else None, listed.problem)


def shown_config(kind: Kind, values: dict[str, Value]) -> dict[str, object]:
    """Return the configuration in the order in which it is sent, with a word in place of each secret."""
    parts = kind.split(values)
    return {api: parts.public.get(api, SET) for api in parts.request}
