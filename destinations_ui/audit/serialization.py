"""A record as the export and its receipt have it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from destinations_ui.audit.models import AuditRecord

#: The columns of an export, in order: a contract.
EXPORT_KEYS = (
    "id",
    "created_at",
    "actor",
    "action",
    "outcome",
    "project",
    "environment",
    "kind",
    "name",
    "on",
    "config",
    "secrets",
    "reason",
    "destination_id",
    "status_code",
    "error_code",
    "error_message",
    "error_id",
    "duration_ms",
    "request_id",
    "submission",
    "settled_at",
)
#: The record's fields that they come from.
FIELDS = ("uuid", *EXPORT_KEYS[1:])


def exported(record: AuditRecord) -> dict[str, Any]:
    """Return a record under the keys of the export, in JSON's types."""
    told = {key: getattr(record, name) for key, name in zip(EXPORT_KEYS, FIELDS, strict=True)}
    for key, value in told.items():
        if isinstance(value, datetime):
            told[key] = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if isinstance(value, UUID):
            told[key] = str(value)
    return told
