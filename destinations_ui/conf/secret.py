"""A value that must not be seen: it has no readable form except the one that is asked for."""

from __future__ import annotations

import hashlib
import hmac

#: How many hex digits of the keyed hash are kept: enough to tell values apart, too few to search for one.
FINGERPRINT_DIGITS = 12


class Secret:
    """A secret text. ``repr``, ``str``, ``format`` and tracebacks show dots; :meth:`reveal` shows it.

    Pickling is refused, so that a secret cannot end in a cache or a session by accident. It is no dataclass, since
    ``dataclasses.asdict`` would open it along with whatever holds it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself. Call it where the value leaves for LaunchDarkly, nowhere else."""
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
