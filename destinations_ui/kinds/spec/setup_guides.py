"""Setup guides: what the vendor's side needs before events can arrive, as text to copy: commands, policies, SQL.

A guide contains ``<<name>>`` for a field's value, quoted so that no value can break out. It never contains a secret.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from destinations_ui.kinds.spec.errors import SpecError
from destinations_ui.kinds.spec.patterns import check_pattern

PLACEHOLDER = re.compile(r"<<([a-z][a-z0-9_]*)>>")
PART = re.compile(r"{([a-z][a-z0-9_]*)}")

#: Language → how it quotes a value. A placeholder is always a whole word, string or identifier of its language.
QUOTES: Mapping[str, Callable[[str], str]] = {
    "Shell": shlex.quote,
    "JSON": json.dumps,
    "SQL": lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SetupGuide:
    """One thing to set up on the vendor's side.

    Attributes:
        title: What it is: ``The stream``.
        about: What it does and where it is used, in a sentence or two.
        language: A key of :data:`QUOTES`.
        text: What to copy, with ``<<name>>`` for the values.
        source: The URL of the vendor's page that it comes from.
        derived: (name, field, pattern with one group): a value that is part of a field's, or of a pasted text's fact.
            Of several for one name, the first that matches counts.
        made: (name, text with ``{name}`` in it): a value put together from others.
        own: Names that no field has, each with a word that stands for it until the user replaces it.
        trust_policy: Whether LaunchDarkly itself can return it for an environment.
    """

    title: str
    about: str
    language: str
    text: str
    source: str
    derived: tuple[tuple[str, str, str], ...] = ()
    made: tuple[tuple[str, str], ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    trust_policy: bool = False

    def __post_init__(self) -> None:
        """Raise :class:`SpecError` when the guide is invalid."""
        source = urlsplit(self.source)
        if self.language not in QUOTES or source.scheme != "https" or not source.hostname:
            raise SpecError(f"Guide {self.title}: it needs a known language and an https source.")
        for _, _, pattern in self.derived:
            check_pattern(f"Guide {self.title}", pattern)

    @property
    def host(self) -> str:
        """The host of the source."""
        return urlsplit(self.source).hostname or ""

    def fields(self) -> set[str]:
        """Return the names of the fields that it needs."""
        parts = {part for _, text in self.made for part in PART.findall(text)}
        names = set(PLACEHOLDER.findall(self.text)) | parts
        own = {name for name, _ in (*self.own, *self.made)} | {name for name, _, _ in self.derived}
        sources = {name: field for name, field, _ in self.derived}
        return (names - own) | {field for name, field in sources.items() if name in names}


@dataclass(frozen=True, slots=True)
class FilledGuide:
    """A setup guide with values in it.

    Attributes:
        guide: The guide.
        text: What to copy.
        missing: The fields without a value: a word in capitals stands for each.
    """

    guide: SetupGuide
    text: str
    missing: tuple[str, ...]


def fill(guide: SetupGuide, values: Mapping[str, str]) -> FilledGuide:
    """Put values into a guide; a missing or empty one leaves a word in capitals."""
    known = {name: value for name, value in values.items() if value}
    for name, field, pattern in guide.derived:
        match = re.search(pattern, known.get(field, ""), re.ASCII)
        if match and name not in known:
            known[name] = match[1] or ""
    missing = sorted(guide.fields() - known.keys())
    words = dict(guide.own)

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return known[name] if name in known else words.get(name, name.upper())

    for name, text in guide.made:
        known[name] = PART.sub(value, text)
    quote = QUOTES[guide.language]
    return FilledGuide(guide, PLACEHOLDER.sub(lambda match: quote(value(match)), guide.text), tuple(missing))
