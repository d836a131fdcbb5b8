"""Warnings: a value that is unusual and may still be correct. The user confirms it, and the record keeps that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from destinations_ui.kinds.spec.errors import SpecError
from destinations_ui.kinds.spec.patterns import FLAGS, check_pattern

CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldWarning:
    """A warning about one field's value.

    Attributes:
        code: Unique within its field or kind: ``shape``.
        message: What is unusual, and what to enter instead. It never repeats the value.
        when: A pattern: a value that contains it is unusual.
        unless: A pattern: a value that does not contain it is unusual. Exactly one of ``when`` and ``unless`` is given.
    """

    code: str
    message: str
    when: str = ""
    unless: str = ""

    def __post_init__(self) -> None:
        """Raise :class:`SpecError` when the warning is invalid."""
        if not CODE.fullmatch(self.code) or not self.message.strip() or bool(self.when) == bool(self.unless):
            raise SpecError(f"Warning {self.code!r}: it needs a code, a message, and either when or unless.")
        check_pattern(f"Warning {self.code}", self.when or self.unless)

    def applies_to(self, text: str) -> bool:
        """Return whether a value is unusual."""
        if self.when:
            return re.search(self.when, text, FLAGS) is not None
        return re.search(self.unless, text, FLAGS) is None


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossFieldWarning:
    """A warning about two values: a part of one differs from a part of the other, or is the same.

    Attributes:
        code: As in :class:`FieldWarning`.
        message: As in :class:`FieldWarning`.
        first: A field's name and a pattern with one group. The warning is shown at this field.
        second: The same for the other value: a field's, or a fact's from a pasted text.
        same: Whether equal parts are unusual, instead of different ones.
    """

    code: str
    message: str
    first: tuple[str, str]
    second: tuple[str, str]
    same: bool = False

    def applies_to(self, texts: Mapping[str, str]) -> bool:
        """Return whether two of the values, by field or fact, are unusual. An empty value is compared with nothing."""
        parts = []
        for name, pattern in (self.first, self.second):
            match = re.search(pattern, texts.get(name, ""), FLAGS) if texts.get(name) else None
            if match is None:
                return False
            parts.append(match[1] or "")
        return (parts[0] == parts[1]) == self.same


@dataclass(frozen=True, kw_only=True, slots=True)
class AllEmptyWarning:
    """A warning about optional fields that are all empty.

    Attributes:
        code: As in :class:`FieldWarning`.
        message: As in :class:`FieldWarning`.
        fields: The names of the fields. The warning is shown at the first.
    """

    code: str
    message: str
    fields: tuple[str, ...]


#: The warnings of every secret field. A secret is sent exactly as typed, so spaces around it would be part of it.
SECRET_WARNINGS = (
    FieldWarning(
        code="spaces",
        message="This secret begins or ends with spaces, which would be sent with it. Remove them unless they belong "
        "to it.",
        when=r"^\s|\s$",
    ),
    FieldWarning(
        code="launchdarkly_key",
        message="This looks like a LaunchDarkly key. Enter the key that the vendor gave you.",
        when=r"^\s*(?:api|sdk|mob)-[0-9a-f]{8}-",
    ),
)
