"""What is unusual in a value and may still be right, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from destinations_ui.kinds.spec.patterns import FLAGS, SpecError, check_pattern

CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldWarning:
    """What is unusual in a value and may still be right: the person is asked, and the answer is kept on the record.

    Attributes:
        code: Tells it from the others of its field or kind: ``shape``.
        message: What is unusual, and what to type if it is wrong. It never repeats the value.
        when: Found in the texts that it is about.
        unless: Found in the texts that it is not about; one of ``when`` and ``unless`` is given.
    """

    code: str
    message: str
    when: str = ""
    unless: str = ""

    def __post_init__(self) -> None:
        """Refuse one that is ill-formed.

        Raises:
            SpecError: naming the caution and what is wrong with it.
        """
        if not CODE.fullmatch(self.code) or not self.message.strip() or bool(self.when) == bool(self.unless):
            raise SpecError(f"Caution {self.code!r}: it needs a code, a message, and either when or unless.")
        check_pattern(f"Caution {self.code}", self.when or self.unless)

    def concerns(self, text: str) -> bool:
        """Tell whether a text is what it is about."""
        if self.when:
            return re.search(self.when, text, FLAGS) is not None
        return re.search(self.unless, text, FLAGS) is None


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossFieldWarning:
    """A caution about two values: they are unusual when what a pattern finds in each differs, or is the same.

    Attributes:
        code: As in a :class:`FieldWarning`.
        message: As in a :class:`FieldWarning`.
        first: A field's name and a pattern with one group. The caution is shown at this field.
        second: The same for the other value: a field's, or a fact that was learnt from a pasted text.
        same: Whether to be alike is what is unusual.
    """

    code: str
    message: str
    first: tuple[str, str]
    second: tuple[str, str]
    same: bool = False

    def concerns(self, texts: Mapping[str, str]) -> bool:
        """Tell whether these texts, by field or fact, are what it is about. One that is empty is compared to none."""
        found = []
        for name, pattern in (self.first, self.second):
            match = re.search(pattern, texts.get(name, ""), FLAGS) if texts.get(name) else None
            if match is None:
                return False
            found.append(match[1] or "")
        return (found[0] == found[1]) == self.same


#: What is unusual in any secret: it is sent as it is typed, so that blanks around it would be part of it.
SECRET_CAUTIONS = (
    FieldWarning(
        code="blanks",
        message="There are blanks around this secret, and they would be sent with it. Take them away unless they "
        "belong to it.",
        when=r"^\s|\s$",
    ),
    FieldWarning(
        code="launchdarkly_key",
        message="This looks like a key of LaunchDarkly’s own. Enter the one that the vendor gave you.",
        when=r"^\s*(?:api|sdk|mob)-[0-9a-f]{8}-",
    ),
)
