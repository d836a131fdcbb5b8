"""A record as code for every tool."""

from __future__ import annotations

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.snippets.common import Snippet
from destinations_ui.destinations.snippets.curl import curl
from destinations_ui.destinations.snippets.json_body import request_body
from destinations_ui.destinations.snippets.python import python
from destinations_ui.destinations.snippets.terraform import terraform


def snippets(record: AuditRecord) -> list[Snippet]:
    """Return a record's request as code for every tool."""
    return [terraform(record), curl(record), python(record), request_body(record)]
