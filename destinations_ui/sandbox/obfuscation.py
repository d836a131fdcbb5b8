"""Obfuscate secrets before anything is stored.

LaunchDarkly responds with obfuscated secrets and does not document their form. ``dum****ion`` is the
form seen for a related resource; clients must not rely on it.
"""

from __future__ import annotations

from typing import Any

from destinations_ui.sandbox.messages import Refusal

#: Config keys whose values are secrets, in lower case and without underscores, so that a misspelled
#: ``policy_key`` is obfuscated too. The last three belong to kinds whose configs LaunchDarkly does not document.
SECRET_KEYS = frozenset({"policykey", "apikey", "secret", "writekey", "accesstoken", "password", "clickhousepassword"})
MARK = "****"
#: Secrets up to this length show nothing: three characters at either end would reveal most of them.
SHORT = 12
#: Deeper than any real config, and far below the interpreter's limit.
DEEPEST = 20


def obfuscate(value: object) -> str:
    """Return a secret as ``dum****ion``, or as ``****`` if it is short. Idempotent."""
    text = value if isinstance(value, str) else ""
    if len(text) == 10 and text[3:7] == MARK:
        return text
    return MARK if len(text) <= SHORT else f"{text[:3]}{MARK}{text[-3:]}"


def is_secret(key: str) -> bool:
    """Return whether the config key holds a secret."""
    return key.replace("_", "").lower() in SECRET_KEYS


def without_secrets(value: Any, depth: int = 0) -> Any:
    """Return a copy of a config, or of a part of it, with every secret obfuscated.

    Raises:
        Refusal: 400, when it is nested deeper than any real config.
    """
    if depth > DEEPEST:
        raise Refusal(400)
    if isinstance(value, dict):
        return {
            key: obfuscate(item) if is_secret(key) else without_secrets(item, depth + 1) for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item, depth + 1) for item in value]
    return value
