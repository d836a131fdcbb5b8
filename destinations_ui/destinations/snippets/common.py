"""What the snippets share: a record's request as code for other tools.

A record has no secret, so no snippet can have one: each names the variable that holds it. Characters that are not
printable are escaped, so that a snippet survives being copied and no invisible character changes how it reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord

SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippet:
    """A request as code for one tool.

    Attributes:
        slug: A name for ids and URLs.
        label: The tool's name.
        text: The code; empty where the tool has no way to do it.
        note: What the tool needs first, or why there is no code.
    """

    slug: str
    label: str
    text: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """The syntax of a language's values.

    Attributes:
        text: Formats a text.
        entry: Formats an entry of an object, given its formatted value.
        words: Its words for Python's ``True``, ``False`` and ``None``, where they differ.
        pad: White space inside an object's braces.
        step: Indentation of a list's items.
    """

    text: Callable[[str], str]
    entry: Callable[[str, str], str]
    words: Mapping[str, str]
    pad: str
    step: str

    def write(self, value: object, indent: str = "") -> str:
        """Return a formatted value of JSON's types, each item of a list on its own line."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            entries = ", ".join(self.entry(str(key), self.write(item, indent)) for key, item in value.items())
            return f"{{{self.pad}{entries}{self.pad}}}"
        if isinstance(value, list):
            inner = indent + self.step
            items = "".join(f"{inner}{self.write(item, inner)},\n" for item in value)
            return f"[\n{items}{indent}]"
        return self.words.get(repr(value), repr(value))


def filled_fields(record: AuditRecord) -> list[str]:
    """Return LaunchDarkly's names of the filled fields, in the order of the form: the database keeps no order."""
    kind = kinds.registry().get(record.kind)
    filled = [*record.config, *record.secrets]
    known = [field.api for field in kind.fields] if kind else []
    return [api for api in known if api in filled] + [api for api in filled if api not in known]


def joined(names: list[str]) -> str:
    """Return names joined by commas, with "and" before the last."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def path(record: AuditRecord) -> str:
    """Return the path of the API for the environment's destinations."""
    return f"/api/v2/destinations/{quote(record.project, safe='')}/{quote(record.environment, safe='')}"


def variable(record: AuditRecord, api: str) -> str:
    """Return the environment variable for a secret: ``SEGMENT_WRITE_KEY``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", api)
    return identifier(f"{record.kind} {words}").upper()


def identifier(text: str) -> str:
    """Return a text's ASCII letters and digits as a name for Terraform or a shell; empty if it has none."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    name = "_".join(re.findall(r"[a-z0-9]+", plain))
    return f"destination_{name}" if name[:1].isdigit() else name


def quoted(text: str) -> str:
    r"""Return a text in quotes, with the escapes that Python and HCL share: ``\n \r \t \" \\``, or ``\u``, ``\U``."""
    return f'"{"".join(map(escaped, text))}"'


def escaped(character: str) -> str:
    """Return a character, escaped for between the quotes."""
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
