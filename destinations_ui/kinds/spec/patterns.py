"""Patterns in a kind's file: regular expressions that the server and the browser read alike.

They are written in what Python's and JavaScript's regular expressions have in common, with Python's ``(?P<name>…)`` for
a group that has a name.
"""

from __future__ import annotations

import re

#: How every pattern is read. Vendors mean plain letters and digits, not all that Unicode has.
FLAGS = re.ASCII | re.IGNORECASE


class SpecError(ValueError):
    """A kind's file says something that cannot be right."""


def script_pattern(pattern: str) -> str:
    """Return a pattern as JavaScript writes it."""
    return pattern.replace("(?P<", "(?<")


def check_pattern(where: str, pattern: str) -> None:
    """Raise :class:`SpecError` when a pattern is none."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise SpecError(f"{where}: {error} in the pattern {pattern!r}.") from None
