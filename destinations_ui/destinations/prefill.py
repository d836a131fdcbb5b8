"""Prefill a form from an earlier attempt, or from a destination that LaunchDarkly has. Never a secret."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.forms.posted_data import PREFIX
from destinations_ui.destinations.inventory import PATIENCE, live_destinations
from destinations_ui.kinds.spec import Kind
from destinations_ui.launchdarkly.errors import LaunchDarklyError


@dataclass(frozen=True, slots=True)
class Prefill:
    """The values of a new form.

    Attributes:
        name: The name of the destination that they come from.
        initial: Form field → value. There is no reason, and an environment only when an attempt is made again.
        record: The attempt, where they come from one.
    """

    name: str
    initial: Mapping[str, Any]
    record: AuditRecord | None = None


def of_record(kind: Kind, text: str, *, again: bool) -> Prefill | None:
    """Return the values of an attempt for a form of a kind; ``None`` where there is no such record.

    The environment is among them when the attempt is made ``again``; a duplicate is for another one.
    """
    try:
        found = AuditRecord.objects.filter(uuid=uuid.UUID(text)).first()
    except ValueError:
        return None
    if found is None:
        return None
    initial = common(found.project, found.name, found.on)
    if again:
        initial["environment"] = found.environment
    config = found.config if found.kind == kind.slug else {}
    return Prefill(found.name, initial | named(kind.form_values(config)), found)


def of_destination(kind: Kind, id: str) -> Prefill | None:
    """Return the values of a destination at LaunchDarkly; ``None`` where it has none with this id.

    The live list is read, because the cached one has no configurations.

    Raises:
        LaunchDarklyError: when the list cannot be had.
    """
    live = live_destinations(timeout=min(PATIENCE, settings.LAUNCHDARKLY_TIMEOUT))
    found = next((item for item in live.items if item.id and item.id == id), None)
    if found is None:
        return None
    values = kind.form_values(found.config) if found.kind == kind.slug else {}
    return Prefill(found.name, common(found.project, found.name, bool(found.on)) | named(values))


def requested(kind: Kind, query: Mapping[str, str], *, may_view: bool) -> tuple[Prefill | None, str]:
    """Return the prefill that a URL asks for, or the message why it cannot be had."""
    try:
        if "from" in query:
            source = of_record(kind, query["from"], again="again" in query) if may_view else None
        elif "like" in query:
            source = of_destination(kind, query["like"]) if may_view else None
        else:
            return None, ""
    except LaunchDarklyError as error:
        return None, error.message
    return source, "" if source else "The original doesn’t exist or you don’t have permission to see it."


def common(project: str, name: str, on: bool) -> dict[str, Any]:
    """Return the values of the common fields."""
    return {"project": project, "name": name, "on": "true" if on else "false"}


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kind's values under the form's names."""
    return {f"{PREFIX}{name}": value for name, value in values.items()}
