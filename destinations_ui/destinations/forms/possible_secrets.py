"""The rule for what may go back to a browser: no text that could be a secret, unless it is a valid plain value.

It is applied once, where a form is parsed, so it holds for every page: rejected, redrawn, previewed, signed out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from django.core.exceptions import ValidationError

from destinations_ui import kinds
from destinations_ui.kinds.spec import Field
from destinations_ui.kinds.spec.patterns import FLAGS
from destinations_ui.kinds.validators import Rule, holds_secret

#: A shorter secret would be found in other fields by chance.
SHORTEST_SECRET = 8
#: A word of this length, between spaces and punctuation, could be a key: names have hyphens, dots or slashes.
LONG_WORD = 20

#: A longer text is no mistyped value, and slow to search.
LONGEST_TEXT = 8_000

#: A secret with its label: ``Secret: …``, ``api_key=…``. What is called only a key must look like one.
LABELLED = re.compile(
    r"(?:secret|password|passwd|token|credential)s?[\"']?\s{0,9}[:=]\s{0,9}[\"']?[^\s\"']{6}"
    r"|key[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?=[^\s\"']{0,99}\d)[^\s\"']{12}",
    re.IGNORECASE,
)
#: A long run of letters and digits, or of the characters of Base64, as in keys. LaunchDarkly's ids and commit hashes
#: are 24 and 40 hexadecimal digits.
RUN = re.compile(r"[A-Za-z0-9]{20,}")
IDENTIFIER = re.compile(r"[0-9a-f]{24}|[0-9a-f]{40}")
#: An AWS secret access key has 40 characters, often with slashes.
BASE64 = re.compile(
    r"[A-Za-z0-9+_=-]{32,}|[A-Za-z0-9+/]{30,}={1,2}|(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])"
)


def in_free_text(text: str, secrets: Collection[str] = ()) -> bool:
    """Return whether a free text or a key of LaunchDarkly's could hold a secret; ``secrets`` were typed elsewhere."""
    return is_evident(text, secrets) or is_opaque(text) or matches_shape(text)


def in_value(field: Field, text: str, secrets: Collection[str] = ()) -> bool:
    """Return whether the value of a plain field could be, or hold, a secret. A valid value is not."""
    if is_evident(text, secrets):
        return True
    if accepts(field, text):
        return False
    if len(text) > LONGEST_TEXT:
        return True
    words = re.split(r"[\s.:/_-]+", text)
    long = any(len(word) >= LONG_WORD for word in words) and not is_known_mistake(field, text)
    whole = any(kind.whole_text(text, with_secret=True) for kind in kinds.registry().values())
    return long or whole or is_opaque(text) or matches_shape(text)


def is_evident(text: str, secrets: Collection[str]) -> bool:
    """Return whether a text holds a secret that is labelled, has a vendor's mark, or was typed into a secret field."""
    if holds_secret(text) or LABELLED.search(text):
        return True
    return any(secret in text for secret in secrets if len(secret) >= SHORTEST_SECRET)


def is_opaque(text: str) -> bool:
    """Return whether a text has a word that looks like a key: long, and neither words nor an id."""
    for match in RUN.finditer(text):
        word = match[0]
        if not (word.isalpha() or word.isdecimal() or IDENTIFIER.fullmatch(word)):
            return True
    return any(is_mixed(match[0]) for match in BASE64.finditer(text))


def is_mixed(word: str) -> bool:
    """Return whether a word has small and capital letters and digits."""
    return all(re.search(characters, word) for characters in ("[a-z]", "[A-Z]", "[0-9]"))


def matches_shape(text: str) -> bool:
    """Return whether a text has the shape that a kind's secret has."""
    return any(re.search(shape, text, re.ASCII) for shape in secret_shapes())


def secret_shapes() -> Iterator[str]:
    """Yield the patterns of secrets whose shape the vendor defines."""
    for kind in kinds.registry().values():
        for field in kind.fields:
            yield from (warning.unless for warning in field.warnings if field.secret and warning.unless)


def is_known_mistake(field: Field, text: str) -> bool:
    """Return whether a text is one that people are known to put into the field, such as an ARN for a name."""
    rules = [rule for rule in field.validators if isinstance(rule, Rule)]
    return any(re.search(mistake, text, FLAGS) for rule in rules for mistake, _ in rule.mistakes)


def accepts(field: Field, text: str) -> bool:
    """Return whether a text is a valid value of a field."""
    if field.choices and text not in dict(field.choices):
        return False
    try:
        field.validate(text)
    except ValidationError:
        return False
    return field.multiline or text.isprintable()
