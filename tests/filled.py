"""Filled forms, made from a kind's own examples."""

from __future__ import annotations

import uuid
from typing import Any

from destinations_ui.kinds import Kind
from destinations_ui.kinds.spec import Value
from destinations_ui.secret import Secret


def form_data(kind: Kind, values: dict[str, Value] | None = None, **common: Any) -> dict[str, str]:
    """Return what a browser posts for a kind: its examples, with ``values`` and the common fields in their place."""
    data = {
        "project": "web-shop",
        "environment": "staging",
        "name": "Web shop events",
        "on": "true",
        "reason": "OPS-1: to see them arrive",
        "submission": str(uuid.uuid4()),
    }
    for name, value in (kind.examples() | (values or {})).items():
        if isinstance(value, Secret):
            data[f"config-{name}"] = value.reveal()
        elif isinstance(value, str):
            data[f"config-{name}"] = value
        else:
            for number, row in enumerate(value):
                data |= {f"config-{name}-{number}-{column}": text for column, text in row.items()}
    return data | {name: str(value) for name, value in common.items()}
