"""What the other side needs before events can arrive, as text to copy: commands, policies, SQL.

A guide holds ``<<name>>`` for the value of a field, written so that no value can break out of its quotes. A secret has
no place in one.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from destinations_ui.kinds.spec.patterns import SpecError, check_pattern

PLACE = re.compile(r"<<([a-z][a-z0-9_]*)>>")

#: Language → how a value is written in it. Each place in a guide is a whole word, text or identifier of its language.
QUOTES: Mapping[str, Callable[[str], str]] = {
    "Shell": shlex.quote,
    "JSON": json.dumps,
    "SQL": lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Guide:
    """Something to be set up on the other side.

    Attributes:
        title: What it is: ``The stream``.
        about: What it does and where it is used, in a sentence or two.
        language: A key of :data:`QUOTES`.
        text: What to copy, with ``<<name>>`` for the values.
        source: The page that it comes from.
        derived: (name, field, pattern with one group): a value that is a part of a field's. A name may have a pasted
            text's fact before its field: the first that is there counts.
        made: (name, text with ``{name}`` in it): a value that is put together from others.
        own: Names of what no field holds, with a word that stands for it until the reader fills it in.
        trust_policy: Whether LaunchDarkly itself answers with what counts in its place.
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
        """Refuse one that is ill-formed.

        Raises:
            SpecError: naming it and what is wrong with it.
        """
        source = urlsplit(self.source)
        if self.language not in QUOTES or source.scheme != "https" or not source.hostname:
            raise SpecError(f"Guide {self.title}: it needs a known language and an https source.")
        for _, _, pattern in self.derived:
            check_pattern(f"Guide {self.title}", pattern)

    @property
    def host(self) -> str:
        """Whose page the source is."""
        return urlsplit(self.source).hostname or ""

    def wants(self) -> set[str]:
        """Return the names of the fields that it needs."""
        parts = {part for _, text in self.made for part in re.findall(r"{([a-z][a-z0-9_]*)}", text)}
        named = set(PLACE.findall(self.text)) | parts
        own = {name for name, _ in (*self.own, *self.made)} | {name for name, _, _ in self.derived}
        sources = {name: field for name, field, _ in self.derived}
        return (named - own) | {field for name, field in sources.items() if name in named}


@dataclass(frozen=True, slots=True)
class Filled:
    """A guide with values in it.

    Attributes:
        guide: The guide.
        text: What to copy.
        missing: The fields whose values are still missing: a word in capitals stands for each.
    """

    guide: Guide
    text: str
    missing: tuple[str, ...]


def fill(guide: Guide, values: Mapping[str, str]) -> Filled:
    """Put values into a guide; one that is empty or not there leaves a word in capitals."""
    known = {name: value for name, value in values.items() if value}
    for name, field, pattern in guide.derived:
        match = re.search(pattern, known.get(field, ""), re.ASCII)
        if match and name not in known:
            known[name] = match[1] or ""
    missing = sorted(guide.wants() - known.keys())
    words = dict(guide.own)

    def value(name: str) -> str:
        return known[name] if name in known else words.get(name, name.upper())

    for name, text in guide.made:
        known[name] = re.sub(r"{([a-z][a-z0-9_]*)}", lambda match: value(match[1]), text)
    quote = QUOTES[guide.language]
    return Filled(guide, PLACE.sub(lambda match: quote(value(match[1])), guide.text), tuple(missing))
