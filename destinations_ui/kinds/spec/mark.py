"""The mark that makes a kind easy to recognize: letters on a colored tile, drawn by us. No vendor's logo."""

from __future__ import annotations

import re
from dataclasses import dataclass

from destinations_ui.kinds.spec.errors import SpecError

LETTERS = re.compile(r"[A-Za-z?]{1,2}")
COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A kind's mark.

    Attributes:
        letters: One or two, in white.
        color: Of the tile, dark enough for white letters: ``#0b62b8``.
    """

    letters: str
    color: str

    def __post_init__(self) -> None:
        """Raise :class:`SpecError` when it is invalid."""
        if not LETTERS.fullmatch(self.letters):
            raise SpecError(f"A mark has one or two letters, not {self.letters!r}.")
        if not COLOR.fullmatch(self.color):
            raise SpecError(f"The color of a mark is written like #0b62b8, not {self.color!r}.")
