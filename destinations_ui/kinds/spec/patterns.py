"""Regular expressions of a kind, which the server and the browser both read.

They use only what Python's and JavaScript's regular expressions have in common, and Python's ``(?P<name>…)`` for a
named group.
"""

from __future__ import annotations

import re

from destinations_ui.kinds.spec.errors import SpecError

#: The flags of every pattern. Vendors mean ASCII letters and digits, not all of Unicode's.
FLAGS = re.ASCII | re.IGNORECASE


def javascript(pattern: str) -> str:
    """Return a pattern in JavaScript's syntax."""
    return pattern.replace("(?P<", "(?<")


def check_pattern(where: str, pattern: str) -> None:
    """Raise :class:`SpecError` when a pattern is not a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise SpecError(f"{where}: {error} in the pattern {pattern!r}.") from None
