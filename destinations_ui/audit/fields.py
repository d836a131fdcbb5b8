"""The fields of a record: the one list that events, verification, receipts, archives and exports read.

To add a field: add it to the model, at the end of this list with the next schema number, and in a migration of its own
(see ``schema``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordField:
    """A field of a record.

    Attributes:
        name: In the model.
        result: Whether it is set with the outcome; all others are set by the intent.
        default: What a record holds until an event sets the field.
        exported: Whether exports have it.
        json: Whether its column holds JSON.
        schema: The schema of events that brought it. Records of older ones hold the default.
    """

    name: str
    result: bool = False
    default: Any = None
    exported: bool = True
    json: bool = False
    schema: int = 1


#: In the order of the export, a contract: new ones come last.
FIELDS = (
    # An event names its record by uuid, so that no event sets it.
    RecordField("uuid"),
    RecordField("id", exported=False),
    RecordField("created_at"),
    RecordField("actor"),
    RecordField("actor_pk", exported=False),
    RecordField("action"),
    RecordField("outcome"),
    RecordField("project"),
    RecordField("environment"),
    RecordField("kind"),
    RecordField("name"),
    RecordField("on"),
    RecordField("config", json=True),
    RecordField("secrets", json=True),
    RecordField("reason"),
    RecordField("destination_id", result=True, default=""),
    RecordField("status_code", result=True),
    RecordField("error_code", result=True, default=""),
    RecordField("error_message", result=True, default=""),
    RecordField("error_id", result=True, default=""),
    RecordField("explanation", result=True, default="", exported=False),
    RecordField("duration_ms", result=True),
    RecordField("request_id"),
    RecordField("submission"),
    RecordField("settled_at", result=True),
    RecordField("changes", default={}, json=True, schema=2),
)
#: The schema that events are written with.
SCHEMA = max(field.schema for field in FIELDS)

#: What events say about a record.
SEALED = tuple(field.name for field in FIELDS if field.name != "uuid")
#: What its intent sets.
REQUESTED = tuple(field.name for field in FIELDS if field.name in SEALED and not field.result)
#: What comes with the outcome, and what it is until then.
RESULTS: Mapping[str, Any] = {field.name: field.default for field in FIELDS if field.result}
JSON = tuple(field.name for field in FIELDS if field.json)
#: Export key → field.
EXPORTED: Mapping[str, str] = {
    "id" if field.name == "uuid" else field.name: field.name for field in FIELDS if field.exported
}


@cache
def defaults(schema: int) -> Mapping[str, Any]:
    """Return what a record holds of the fields that an intent of a schema does not set."""
    return {field.name: field.default for field in FIELDS if field.result or field.schema > schema}
