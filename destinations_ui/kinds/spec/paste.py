"""Texts that people have at hand, such as a connection string: pasted into a form, they fill its fields.

The browser reads them (``static/fields.js``), so that a secret goes from the pasted text into its own field and nowhere
else. The server only recognizes a whole text that was left in one field, and refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from destinations_ui.kinds.spec.patterns import FLAGS, SpecError, check_pattern


@dataclass(frozen=True, kw_only=True, slots=True)
class Paste:
    """A text that people have at hand, and the fields that its parts fill when it is pasted into any of them.

    What a pattern repeats it repeats so many times at most: a text that is made to be slow to read is not.

    Attributes:
        name: What it is called on the page: ``connection string``.
        sign: Found in every such text, and in no value that a field wants.
        parts: Patterns whose named groups are fields, or facts that only a comparison needs. The first to find one
            fills it.
        made: Fields that are put together from groups: (field, text with ``{group}`` in it).
        example: Such a text: used by the tests.
    """

    name: str
    sign: str
    parts: tuple[str, ...]
    made: tuple[tuple[str, str], ...] = ()
    example: str

    def __post_init__(self) -> None:
        """Refuse one that is ill-formed.

        Raises:
            SpecError: naming it and what is wrong with it.
        """
        for pattern in (self.sign, *self.parts):
            check_pattern(f"Paste {self.name}", pattern)
        if not re.search(self.sign, self.example, FLAGS):
            raise SpecError(f"Paste {self.name}: its sign is not found in its own example.")

    def fills(self) -> set[str]:
        """Return the names of the fields and facts that it fills."""
        groups = {group for part in self.parts for group in re.compile(part).groupindex}
        used = {group for _, text in self.made for group in re.findall(r"{(\w+)}", text)}
        return (groups - used) | dict(self.made).keys()

    def found_in(self, text: str) -> bool:
        """Return whether a text is, or holds, this one."""
        return re.search(self.sign, text, FLAGS) is not None
