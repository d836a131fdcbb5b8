"""Clean texts that were copied: what is stripped, and which characters are refused."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

#: Quotes that come along when a value is copied from a document or a shell.
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
#: White space, and characters without width that come along when a value is copied from a web page.
AROUND = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u2060\ufeff"
#: Characters that change the direction of a text, and so can make it read as another one.
BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def tidy(text: str, *, quotes: bool = False) -> str:
    """Strip white space, invisible characters and, if asked, pairs of quotes from around a copied value."""
    text = text.strip(AROUND)
    while quotes and len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip(AROUND)
    return text


def refuse_controls(text: str, allowed: str = "") -> None:
    """Raise ``ValidationError`` for a control character that is not in ``allowed``."""
    controls = (
        character for character in text if unicodedata.category(character) == "Cc" or character in BIDIRECTIONAL
    )
    if any(character not in allowed for character in controls):
        raise ValidationError(
            "This holds a line break or a control character. Paste it again, or type it.", code="control"
        )


def lower_first(label: str) -> str:
    """Return a label as it is written inside a sentence: abbreviations and names keep their capitals."""
    first, _, rest = label.partition(" ")
    proper = first[1:] != first[1:].lower() or first in {"Azure", "Google", "Amazon", "Snowflake"}
    return label if proper else f"{first.lower()} {rest}".strip()
