"""Texts that users have at hand, such as a connection string: pasted into a form, they fill its fields.

The browser reads them (``static/js/destinations/paste.js``), so that a secret goes from the pasted text into its own
field and nowhere else. The server only recognizes a whole text that was left in one field, and refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from destinations_ui.kinds.spec.errors import SpecError
from destinations_ui.kinds.spec.patterns import FLAGS, check_pattern

#: What a group of this name matches is not used; the page lists it by the rest of the name.
UNUSED = "unused_"
#: Texts that can be pasted for every kind → the pattern that recognizes one.
COMMON_TEXTS = {
    "Terraform block": r"\bresource\s+[\"']launchdarkly_destination\b",
    "curl command": r"\bcurl\s[\s\S]*https?://",
    "JSON object": r"^\s*\{\s*[\"']",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Paste:
    """A vendor's text, and the fields that its parts fill.

    Every repetition in a pattern has an upper limit, so that no text is slow to match.

    Attributes:
        name: What the page calls it: ``connection string``.
        sign: A pattern found in every such text, and in no valid value of a field.
        parts: Patterns whose named groups are fields, or facts that only a warning needs. The first match of a group
            counts. What a group ``unused_…`` matches is not used, and the page lists it.
        made: Fields put together from groups: (field, text with ``{group}`` in it).
        instead: What to paste instead, where the text does not have it.
        example: Such a text, used by the tests.
    """

    name: str
    sign: str
    parts: tuple[str, ...] = ()
    made: tuple[tuple[str, str], ...] = ()
    instead: str = ""
    example: str

    def __post_init__(self) -> None:
        """Raise :class:`SpecError` when a pattern is invalid or does not match the example."""
        for pattern in (self.sign, *self.parts):
            check_pattern(f"Paste {self.name}", pattern)
        if not self.found_in(self.example):
            raise SpecError(f"Paste {self.name}: its sign is not found in its own example.")

    def found_in(self, text: str) -> bool:
        """Return whether the text contains the sign."""
        return re.search(self.sign, text, FLAGS) is not None

    def fills(self) -> set[str]:
        """Return the names of the fields and facts that it fills."""
        groups = {group for part in self.parts for group in re.compile(part).groupindex}
        used = {group for _, text in self.made for group in re.findall(r"{(\w+)}", text)}
        named = {group for group in groups if not group.startswith(UNUSED)}
        return (named - used) | dict(self.made).keys()
