"""Reading what people have at hand: the text that a vendor's console or a colleague gives, taken apart into fields.

``static/fields.js`` does the same in the browser, with the same patterns, so that a secret goes from the pasted text
into its own field and nowhere else. The tests hold the two against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from destinations_ui.kinds.spec.patterns import FLAGS, SpecError, check_pattern

if TYPE_CHECKING:
    from destinations_ui.kinds.spec.kind import Field, Kind

#: Nothing that can be read is longer, in characters.
LONGEST = 8_000
#: LaunchDarkly's own texts, as they are called on the page.
JSON, TERRAFORM = "JSON of LaunchDarkly’s API", "Terraform block"
#: The names that LaunchDarkly's texts use for what every kind has → the form's.
COMMON = {"name": "name", "project_key": "project", "env_key": "environment"}
#: Where a destination is, in any text that holds its address.
ADDRESS = r"/api/v2/destinations/([A-Za-z0-9][A-Za-z0-9._-]*)/([A-Za-z0-9][A-Za-z0-9._-]*)"
#: What LaunchDarkly shows in place of a secret.
OBFUSCATED = r"\*{3}|•"

#: An assignment in Terraform's language: a name, then a text in quotes or what else stands there.
ASSIGNMENT = r'"?([A-Za-z_]\w{0,60})"?\s{0,40}[=:]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"{}\[\]]+))'
#: The name of something that is given a value; a value is never listed.
GIVEN = r"(?:^|[;\s,{])[\"']?([A-Za-z_][\w.-]{0,60})[\"']?\s{0,40}(?:=|:(?![/\d]))"

#: A field's text, or the rows of one that has columns.
Pasted = str | Sequence[Mapping[str, str]]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a text was found to say. It holds secrets in clear: it is made, used and forgotten in one place.

    Attributes:
        source: What the text is called.
        kind: LaunchDarkly's name of the kind that it is for, where it says so and that is another one.
        values: Field name → text or rows.
        common: ``name``, ``project``, ``environment`` → text.
        facts: What it tells beside.
        unused: The names of what it gives and no field takes.
    """

    source: str
    kind: str = ""
    values: Mapping[str, Pasted] = field(default_factory=dict, repr=False)
    common: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


def read(kind: Kind, text: str) -> Reading | None:
    """Return what a text says for a kind's form; ``None`` when it is no text that is known."""
    if len(text) > LONGEST:
        return None
    found = read_terraform(kind, text) or read_json(kind, text)
    if found:
        return found
    for paste in kind.pastes:
        if re.search(paste.sign, text, FLAGS) and (taken := read_parts(kind, paste, text)):
            return taken
    return None


def read_parts(kind: Kind, paste: Paste, text: str) -> Reading | None:
    """Take a vendor's text apart."""
    groups: dict[str, str] = {}
    rest = text
    for part in paste.parts:
        match = re.search(part, rest, FLAGS)
        if match:
            groups = {name: found for name, found in match.groupdict().items() if found} | groups
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    for name, made in paste.made:
        wanted = re.findall(r"{(\w+)}", made)
        if name not in groups and all(group in groups for group in wanted):
            groups[name] = re.sub(r"{(\w+)}", lambda match: groups[match[1]], made)
    values = {each.name: groups[each.name] for each in kind.fields if each.name in groups}
    facts = {name: groups[name] for name, _ in kind.facts if name in groups}
    unused = tuple(dict.fromkeys(re.findall(GIVEN, rest, FLAGS)))
    return Reading(source=paste.name, values=values, facts=facts, unused=unused) if values else None


def read_json(kind: Kind, text: str) -> Reading | None:
    """Read a destination of LaunchDarkly's API, or its configuration alone; also out of a ``curl`` command."""
    item = json_object(text)
    if item is None:
        return None
    config = item.get("config", item)
    if isinstance(config, str):
        config = json_object(config)
    if not isinstance(config, dict):
        return None
    names = {each.api: each for each in kind.fields}
    other = item.get("kind")
    if not ("config" in item or names.keys() & config.keys()):
        return None
    if isinstance(other, str) and other not in ("", kind.slug):
        return Reading(source=JSON, kind=other)
    values: dict[str, Pasted] = {}
    for api, each in names.items():
        value = pasted_value(each, config.get(api))
        if value:
            values[each.name] = value
    common = {"name": item["name"]} if config is not item and isinstance(item.get("name"), str) else {}
    unused = [api for api in config if api not in names or names[api].name not in values]
    return Reading(source=JSON, values=values, common=common | place(text), unused=tuple(unused))


def json_object(text: str) -> dict[str, Any] | None:
    """Return the object in a text, also where a shell's quotes are around it."""
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    inner = text[begin : end + 1]
    for attempt in (inner, inner.replace("'\\''", "'"), inner.replace('\\"', '"')):
        try:
            found = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def pasted_value(each: Field, value: object) -> Pasted:
    """Return a value of a configuration as the form has it; empty where it cannot be had."""
    if each.columns:
        rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        return [
            {column.name: row[column.api] for column in each.columns if isinstance(row.get(column.api), str)}
            for row in rows
        ]
    if not isinstance(value, str) or (each.secret and re.search(OBFUSCATED, value)):
        return ""
    return value


def read_terraform(kind: Kind, text: str) -> Reading | None:
    """Read a ``launchdarkly_destination`` of Terraform's.

    https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
    """
    if "launchdarkly_destination" not in text:
        return None
    text = re.sub(r"^[^\S\n]*(?:#|//).*$", "", text, flags=re.MULTILINE)
    begin = re.search(r"\bconfig\s{0,40}=?\s{0,40}{", text)
    if begin is None:
        return None
    end = closing(text, begin.end() - 1)
    config, around = text[begin.end() : end], f"{text[: begin.start()]} {text[end + 1 :]}"
    outer = {name: value for name, value, literal in assignments(around) if literal}
    other = outer.get("kind", kind.slug)
    if other != kind.slug:
        return Reading(source=TERRAFORM, kind=other)
    values: dict[str, Pasted] = {}
    for each in kind.fields:
        if each.columns and (rows := re.search(rf"\b{each.name}\s{{0,40}}=\s*", config)):
            stop = row_end(config, rows.end())
            found = terraform_rows(each, config[rows.end() : stop])
            config = f"{config[: rows.start()]} {config[stop:]}"
            if found:
                values[each.name] = found
    names = {each.name for each in kind.fields if not each.columns}
    unused = []
    for name, value, literal in assignments(config):
        if name in names and literal:
            values.setdefault(name, value)
        else:
            unused.append(name)
    common = {form: outer[name] for name, form in COMMON.items() if name in outer}
    return Reading(source=TERRAFORM, values=values, common=common, unused=tuple(unused))


def assignments(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield name, value, and whether the value stands there: a reference or an interpolation does not."""
    for match in re.finditer(ASSIGNMENT, text):
        quoted = match[2]
        if quoted is None:
            yield match[1], match[3], match[3] in ("true", "false")
        else:
            yield match[1], unescaped(quoted), not re.search(r"(?<!\$)\$\{|(?<!%)%\{", quoted)


def unescaped(text: str) -> str:
    """Return what a text in Terraform's quotes stands for."""
    plain = {"n": "\n", "r": "\r", "t": "\t"}
    text = re.sub(r"\\(.)", lambda match: plain.get(match[1], match[1]), text)
    return text.replace("$${", "${").replace("%%{", "%{")


def closing(text: str, opening: int) -> int:
    """Return where the bracket that is opened at a place is closed; the end of the text where it is not."""
    depth = 0
    for match in re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]').finditer(text, opening):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return len(text)


def row_end(text: str, begin: int) -> int:
    """Return where the value of a field of rows ends: a text in quotes, or a list, perhaps in ``jsonencode(…)``."""
    quoted = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, begin)
    if quoted:
        return quoted.end()
    listed = text.find("[", begin)
    return begin if listed < 0 else closing(text, listed) + 1


def terraform_rows(each: Field, text: str) -> list[dict[str, str]]:
    """Read rows: a list in Terraform's language, or the same as JSON in quotes."""
    if text.startswith('"'):
        text = unescaped(text[1:-1])
    rows = []
    for inner in re.findall(r"{([^{}]*)}", text):
        given = {name: value for name, value, literal in assignments(inner) if literal}
        rows.append({column.name: given[column.api] for column in each.columns if column.api in given})
    return [row for row in rows if row]


def place(text: str) -> dict[str, str]:
    """Return the project and environment of the address in a text."""
    found = re.search(ADDRESS, text)
    return {"project": found[1], "environment": found[2]} if found else {}
