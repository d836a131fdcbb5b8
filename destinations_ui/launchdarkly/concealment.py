"""Remove secrets, in any encoding, from LaunchDarkly's responses.

An error message may quote a secret in JSON escapes, percent-encoding, HTML entities, base64 or a mixture of these. Each
string of a response is decoded step by step, and searched at every step.
"""

from __future__ import annotations

import base64
import html
import re
import sys
from collections.abc import Callable, Collection, Iterator
from typing import Any
from urllib.parse import unquote

from destinations_ui.conf.secret import Secret

#: Replaces a secret.
DOTS = str(Secret(""))
#: A text still encoded after this many rounds is not shown.
MAX_ROUNDS = 10
#: Shorter pieces of base64, and shorter secrets across line breaks, would match by chance.
MIN_PIECE = 8

#: ``\u0026``, ``\u{26}``, ``\x26``, ``%u0026`` and quoted-printable ``=26``; or any escaped character.
ESCAPE = re.compile(
    r"\\u([0-9a-f]{4})|\\u\{([0-9a-f]{1,6})\}|\\x([0-9a-f]{2})|%u([0-9a-f]{4})|=([0-9a-f]{2})|\\[^a-z0-9\s]",
    re.IGNORECASE,
)
BASE64_RUN = re.compile(r"[A-Za-z0-9+/_=-]+")


def decode_escapes(text: str) -> str:
    """Decode the escapes of JSON, JavaScript and e-mail, and join the two halves of a surrogate pair."""

    def character(match: re.Match[str]) -> str:
        digits = next(filter(None, match.groups()), "")
        code = int(digits, 16) if digits else ord(match[0][1])
        return chr(code) if code <= sys.maxunicode else match[0]

    return ESCAPE.sub(character, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


#: Each is applied in order, until none changes the text.
DECODERS: tuple[Callable[[str], str], ...] = (decode_escapes, unquote, html.unescape)


def stages(text: str) -> Iterator[str]:
    """Yield a text and each form it takes while it is decoded."""
    yield text
    for _ in range(MAX_ROUNDS):
        before = text
        for decode in DECODERS:
            text = decode(text)
            yield text
        if text == before:
            return


def without_spaces(text: str) -> str:
    """Return a text without its spaces and line breaks."""
    return "".join(text.split())


def base64_pieces(secret: str) -> Iterator[str]:
    """Yield the base64 of a secret at each of the three positions it can have within a longer text."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        # The first and last characters also depend on the surrounding text.
        piece = encoded[(0, 2, 3)[offset] :].rstrip("=")[:-1]
        yield piece
        yield piece.translate(str.maketrans("+/", "-_"))


class Concealer:
    """Conceals secrets in the strings of a response."""

    def __init__(self, secrets: Collection[Secret]) -> None:
        plain = {secret.reveal() for secret in secrets if secret}
        # A secret can itself look encoded, as ``a%41`` does; its decoded forms are as secret.
        forms = {form for secret in plain for form in stages(secret) if form.strip()}
        forms |= {form.replace(" ", "+") for form in forms}
        forms |= {form.encode().hex() for form in forms}
        forms |= {changed for form in forms for changed in (form.lower(), form.upper())}
        #: Longest first, because one secret can contain another.
        self._forms = sorted(forms, key=len, reverse=True)
        self._pieces = {piece for secret in plain for piece in base64_pieces(secret) if len(piece) >= MIN_PIECE}
        #: No encoding makes a secret shorter.
        self._shortest = min((len(text) for text in (*self._forms, *self._pieces)), default=sys.maxsize)

    def __call__(self, value: Any) -> Any:
        """Return a JSON value without the secrets, whether they are in keys or values."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self(item) for key, item in value.items()}
        return value

    def text(self, text: str) -> str:
        """Return a text without the secrets; from the first one that is encoded, the text is decoded."""
        if len(text) < self._shortest:
            return text
        shown = stage = self._hide(text)
        for _ in range(MAX_ROUNDS):
            before = stage
            for decode in DECODERS:
                decoded = decode(stage)
                stage = self._hide(decoded)
                if stage != decoded:
                    shown = stage
            if stage == before:
                return DOTS if self._broken_across_lines(stage) else shown
        return DOTS

    def _hide(self, text: str) -> str:
        """Replace secrets in plain text, base64 or hexadecimal."""
        for form in self._forms:
            text = text.replace(form, DOTS)
        if any(piece in text for piece in self._pieces):
            text = BASE64_RUN.sub(lambda run: DOTS if self._is_encoded(run[0]) else run[0], text)
        return text

    def _is_encoded(self, run: str) -> bool:
        return any(piece in run for piece in self._pieces)

    def _broken_across_lines(self, text: str) -> bool:
        joined = without_spaces(text)
        forms = (without_spaces(form) for form in self._forms)
        return self._is_encoded(joined) or any(form in joined for form in forms if len(form) >= MIN_PIECE)
