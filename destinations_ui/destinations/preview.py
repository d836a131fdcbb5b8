"""What would be sent, and what is there already: shown before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from destinations_ui.destinations import inventory as catalogue
from destinations_ui.destinations.inventory import EnvironmentSlot
from destinations_ui.kinds.spec.kind import Kind, Value
from destinations_ui.launchdarkly.client import API_VERSION

#: What stands for a secret. It cannot be taken for a value, and says nothing of one.
SET = "(set, not shown)"


@dataclass(frozen=True, slots=True)
class Preview:
    """A creation before it is sent.

    Attributes:
        request: The request as text, secrets as *set*.
        place: What LaunchDarkly says of the environment just now; ``None`` where it does not list it.
        problem: Why the lists could not be had, in a sentence; empty when they could.
    """

    request: str
    place: EnvironmentSlot | None
    problem: str


def preview(project: str, environment: str, *, kind: Kind, name: str, on: bool, values: dict[str, Value]) -> Preview:
    """Return what a creation would send, having looked at LaunchDarkly's lists. Nothing is written anywhere."""
    listing = catalogue.places(project, fresh=True)
    found = [place for place in listing.items if place.environment.key == environment]
    body = {"name": name, "kind": kind.slug, "on": on, "config": shown_config(kind, values)}
    lines = (
        f"POST {settings.LAUNCHDARKLY_URL}/api/v2/destinations/{project}/{environment}",
        f"Authorization: {SET}",
        f"LD-API-Version: {API_VERSION}",
        "Content-Type: application/json",
        "",
        json.dumps(body, indent=2, ensure_ascii=False),
    )
    return Preview("\n".join(lines), found[0] if found else None, listing.problem)


def shown_config(kind: Kind, values: dict[str, Value]) -> dict[str, object]:
    """Return the configuration in the order in which it is sent, with a word in place of each secret."""
    public, secrets = kind.public_config(values), kind.secrets(values)
    names: Sequence[str] = [field.api for field in kind.fields if field.api in public or field.api in secrets]
    return {api: public.get(api, SET) for api in names}
