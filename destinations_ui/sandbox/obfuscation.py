"""Secrets, made unreadable before anything is kept.

LaunchDarkly responds with obfuscated secrets and does not document their form. The shape here, ``dum****ion``, is the
one seen for a related resource; no product may rely on it.
"""

from __future__ import annotations

from typing import Any

from destinations_ui.sandbox.messages import Refusal

#: Config keys whose values are secrets, in lower case and without underscores, so that a misspelt
#: ``policy_key`` is hidden too. The last three belong to kinds whose configs LaunchDarkly does not document.
SECRET_KEYS = frozenset({"policykey", "apikey", "secret", "writekey", "accesstoken", "password", "clickhousepassword"})
MARK = "****"
#: Up to this many characters show nothing: three at either end would give most of it away.
SHORT = 12
#: Deeper than any config that means something, and far from the interpreter's own limit.
DEEPEST = 20


def obfuscate(value: object) -> str:
    """Return a secret's unreadable form: ``dum****ion``, or ``****`` for a short one. Twice is the same as once."""
    text = value if isinstance(value, str) else ""
    if len(text) == 10 and text[3:7] == MARK:
        return text
    return MARK if len(text) <= SHORT else f"{text[:3]}{MARK}{text[-3:]}"


def is_secret(key: str) -> bool:
    """Return whether the config key holds a secret."""
    return key.replace("_", "").lower() in SECRET_KEYS


def without_secrets(value: Any, depth: int = 0) -> Any:
    """Return a copy of a config, or of a part of it, in which every secret is obfuscated.

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
