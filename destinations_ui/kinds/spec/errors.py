"""What a wrong kind raises."""

from __future__ import annotations


class SpecError(ValueError):
    """A kind's file is invalid."""
