"""Secret values, which are not shown unless revealed explicitly."""

from __future__ import annotations

import hashlib
import hmac

#: Hex digits kept of the keyed hash: enough to tell values apart, too few to search for one.
FINGERPRINT_DIGITS = 12


class Secret:
    """A secret string. ``repr``, ``str``, ``format`` and tracebacks show dots; :meth:`reveal` returns it.

    It cannot be pickled, so it does not reach a cache or a session by accident. It is not a dataclass, because
    ``dataclasses.asdict`` on its owner would reveal it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself. Call it only where the value is sent to LaunchDarkly or used as a key."""
        return self._value

    def fingerprint(self, key: Secret) -> str:
        """Return the first 12 hex digits of HMAC-SHA256(key, value): same secret, same fingerprint."""
        digest = hmac.new(key.reveal().encode(), self._value.encode(), hashlib.sha256)
        return digest.hexdigest()[:FINGERPRINT_DIGITS]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return "••••"

    def __repr__(self) -> str:
        return "Secret('••••')"

    def __reduce__(self) -> str:
        raise TypeError("A Secret is not pickled.")
