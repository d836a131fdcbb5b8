"""A record in the form of exports and receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from destinations_ui.audit import fields
from destinations_ui.audit.models import AuditRecord

#: The columns of an export, in order: a contract.
EXPORT_KEYS = tuple(fields.EXPORTED)
#: The record's fields that they come from.
FIELDS = tuple(fields.EXPORTED.values())


def exported(record: AuditRecord) -> dict[str, Any]:
    """Return a record under the keys of the export, in JSON's types."""
    values = {key: getattr(record, name) for key, name in fields.EXPORTED.items()}
    for key, value in values.items():
        if isinstance(value, datetime):
            values[key] = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if isinstance(value, UUID):
            values[key] = str(value)
    return values
