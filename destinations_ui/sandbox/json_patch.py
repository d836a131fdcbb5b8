"""JSON Patch (RFC 6902) for a destination.

Only ``/name``, ``/on``, ``/config`` and ``/config/<key>`` can be changed; ``/version`` and ``/kind`` can be tested. The
rules are those of https://launchdarkly.com/docs/api/data-export-destinations/patch-destination.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from destinations_ui.sandbox.messages import Refusal
from destinations_ui.sandbox.obfuscation import is_secret, obfuscate, without_secrets
from destinations_ui.sandbox.state import Destination

#: Attributes that can be replaced as a whole, and their types.
TYPES: dict[str, type] = {"name": str, "on": bool, "config": dict}
OPERATIONS = ("test", "add", "replace", "remove")


def operations(body: Any) -> list[Any]:
    """Return the operations of a request body: a list, or ``{"comment": ..., "patch": [...]}``.

    Raises:
        Refusal: 422 for another kind of update (see the API's overview).
    """
    patch = body.get("patch") if isinstance(body, dict) else body
    if not isinstance(patch, list):
        raise Refusal(422)
    return patch


def patched(destination: Destination, patch: list[Any]) -> Destination:
    """Return the destination after all operations, its version one higher.

    Raises:
        Refusal: 400 for an invalid operation, 409 for a failed test. Nothing has changed.
    """
    for operation in patch:
        match operation:
            case {"op": str(op), "path": str(path)} if op in OPERATIONS and path.startswith("/"):
                parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
            case _:
                raise Refusal(400)
        if op != "remove" and "value" not in operation:
            raise Refusal(400)
        destination = _apply(destination, op, parts, operation.get("value"))
    return replace(destination, version=destination.version + 1)


def _apply(destination: Destination, op: str, parts: list[str], value: Any) -> Destination:
    match op, parts:
        case "test", _:
            if not _same(_value_at(destination, parts), value):
                raise Refusal(409)
            return destination
        case "add" | "replace", ["kind"] if value == destination.kind:
            # Terraform's provider sends the kind with every update.
            return destination
        case "add" | "replace", [("name" | "on" | "config") as attribute]:
            if type(value) is not TYPES[attribute]:
                raise Refusal(400)
            changed = {attribute: without_secrets(value)}
            return replace(destination, **changed)
        case _, ["config", key] if op == "add" or key in destination.config:
            config = {name: item for name, item in destination.config.items() if name != key}
            if op != "remove":
                config[key] = obfuscate(value) if is_secret(key) else without_secrets(value)
            return replace(destination, config=config)
    raise Refusal(400)


def _value_at(destination: Destination, parts: list[str]) -> Any:
    """Return the value at a path, or refuse with 409: a test of a missing value fails."""
    match parts:
        case [("name" | "on" | "kind" | "version" | "config") as attribute]:
            return getattr(destination, attribute)
        case ["config", key] if key in destination.config:
            return destination.config[key]
    raise Refusal(409)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does, where ``true`` and ``1`` differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
