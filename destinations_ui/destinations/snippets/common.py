"""An attempt in the terms of other tools: Terraform, curl, Python and JSON.

A record has no secret, so no snippet can have one: each says where the tool is to take it from.

Of every text only the printable characters stand as they are. The others are escaped, so that a snippet survives being
copied, and no invisible character makes it read as something else.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.kinds import Kind
from destinations_ui.launchdarkly.client import API_VERSION

#: Where LaunchDarkly's Terraform provider goes unless its ``api_host`` says otherwise.
#: https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/index.md
USUAL_URL = "https://app.launchdarkly.com"
#: A name in HCL that needs no quotes. HCL allows more.
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: A label is cut to this, however long the name is that it was made from.
LONGEST_LABEL = 64

SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippet:
    """An attempt as one tool wants it.

    Attributes:
        slug: A name for ids and addresses.
        label: The tool's name.
        text: What is to be copied; empty where the tool cannot do it.
        note: What the tool needs before, or why it cannot do it.
    """

    slug: str
    label: str
    text: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """How a language writes a value.

    Attributes:
        text: Writes a text.
        entry: Writes an entry of an object, whose value is written already.
        words: Its words for Python's True, False and None, where they differ.
        pad: What stands inside an object's braces.
        step: How far an item of a list is set in.
    """

    text: Callable[[str], str]
    entry: Callable[[str, str], str]
    words: Mapping[str, str]
    pad: str
    step: str

    def write(self, value: object, indent: str = "") -> str:
        """Return a value of JSON's types; each item of a list stands on a line of its own."""
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


def snippets(record: AuditRecord) -> list[Snippet]:
    """Return an attempt in the terms of every tool."""
    return [terraform(record), curl(record), python(record), request_body(record)]


# --- Terraform -----------------------------------------------------------------------------------


def terraform(record: AuditRecord) -> Snippet:
    """Return the attempt as a resource of LaunchDarkly's Terraform provider, where it has one for the kind.

    Terraform itself keeps every text in Unicode's normalization form C, however it is written.

    https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
    """
    kind = kinds.registry().get(record.kind)
    names = {field.api: field.name for field in kind.fields} if kind else {}
    fields = ordered(record)
    missing = without_terraform(kind, [api for api in fields if api not in names])
    if missing:
        return Snippet(slug="terraform", label="Terraform", text="", note=f"{missing} Use curl or Python.")

    label = (identifier(record.name) or identifier(record.kind))[:LONGEST_LABEL].rstrip("_")
    variables = {api: f"{label}_{names[api]}" for api in fields if api in record.secrets}
    values = {
        names[api]: f"var.{variables[api]}" if api in variables else map_value(record.config[api]) for api in fields
    }
    place = {"project_key": hcl(record.project), "env_key": hcl(record.environment)}
    asked = {"name": hcl(record.name), "kind": hcl(record.kind), "on": hcl(record.on)}
    blocks = [hcl_block(f'variable "{name}"', {"type": "string", "sensitive": "true"}) for name in variables.values()]
    blocks.append(
        f'resource "launchdarkly_destination" "{label}" {{\n{attributes(place | asked, "  ")}\n'
        f"  config = {{\n{attributes(values, '    ')}  }}\n}}"
    )
    if record.destination_id:
        whole_id = f"{record.project}/{record.environment}/{record.destination_id}"
        blocks.append(hcl_block("import", {"to": f"launchdarkly_destination.{label}", "id": hcl(whole_id)}))
    return Snippet(
        slug="terraform",
        label="Terraform",
        text="\n\n".join(blocks),
        note=terraform_note(record, list(variables.values())),
    )


def without_terraform(kind: Kind | None, unknown: list[str]) -> str:
    """Return why an attempt cannot be written for Terraform; nothing when it can."""
    if kind is None:
        return "This kind is no longer known here, so its names in Terraform are not known either."
    if not kind.terraform:
        return f"LaunchDarkly’s Terraform provider has no resource for {kind.label} destinations."
    if unknown:
        return f"These fields are no longer known here, nor are their names in Terraform: {', '.join(unknown)}."
    return ""


def terraform_note(record: AuditRecord, variables: list[str]) -> str:
    """Return what Terraform needs before, and what its first plan will say."""
    url = settings.LAUNCHDARKLY_URL
    host = "" if url == USUAL_URL else f", with api_host = {hcl(url)}"
    lines = [f"Needs LaunchDarkly’s provider, launchdarkly/launchdarkly{host}."]
    if variables:
        lines.append(f"Set {listed([f'TF_VAR_{name}' for name in variables])} in the environment.")
    if record.destination_id:
        lines.append("The import block, which needs Terraform 1.5, takes over the destination that is there.")
    if record.destination_id and variables:
        lines.append("LaunchDarkly never returns a secret, so the first plan shows config as changed.")
    return " ".join(lines)


def hcl_block(head: str, content: Mapping[str, str]) -> str:
    """Return a block that has nothing but attributes."""
    return f"{head} {{\n{attributes(content, '  ')}}}"


def attributes(content: Mapping[str, str], indent: str) -> str:
    """Return attributes as ``terraform fmt`` writes them: in line with each other, those of several lines last."""
    short = {name: value for name, value in content.items() if "\n" not in value}
    width = max(map(len, short), default=0)
    lines = [f"{indent}{name:<{width}} = {value}\n" for name, value in short.items()]
    lines += [f"{indent}{name} = {value}\n" for name, value in content.items() if name not in short]
    return "".join(lines)


def map_value(value: object) -> str:
    """Return a value for the provider's ``config``, a map of texts: what is no text goes in as the text of its JSON."""
    return hcl(value) if isinstance(value, str) else f"jsonencode({HCL.write(value, '    ')})"


def hcl_text(text: str) -> str:
    r"""Return a text as a quoted template of HCL that means nothing but this text.

    A dollar or percent sign before a brace becomes ``\u0024`` or ``\u0025``. The usual doubling (``$${``) is ambiguous
    where another such sign stands before it.

    https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions
    """
    return re.sub(r"[$%](?=\{)", lambda sign: f"\\u{ord(sign[0]):04X}", quoted(text))


def hcl(value: object) -> str:
    """Return a value as HCL writes it."""
    return HCL.write(value)


# --- curl ----------------------------------------------------------------------------------------


def curl(record: AuditRecord) -> Snippet:
    """Return the request as a command for a POSIX shell.

    Token and secrets go from the environment into curl's standard input by way of ``printf``, which every usual shell
    has built in: so no list of processes shows them. The same two escapes, of the quote and of the backslash, make a
    secret a text of JSON and the body a value of curl's configuration; a secret has no control character, since the
    form takes none.
    """
    secrets = {api: variable(record, api) for api in record.secrets}
    needed = ["LAUNCHDARKLY_TOKEN", *secrets.values()]
    asked = json_body(
        record, {api: f"""'"$(quoted "${name}")"'""" for api, name in secrets.items()}, in_single_quotes
    ).replace("\n", "\n  ")
    checks = " ".join(f'"${{{name}:?}}"' for name in needed)
    text = f"""\
(
  : {checks}
  quoted() {{ printf '"%s"' "$(printf '%s' "$1" | tr -d '\\n' | sed 's/["\\\\]/\\\\&/g')"; }}
  body='{asked}'
  printf 'header = %s\\ndata-raw = %s\\n' "$(quoted "Authorization: $LAUNCHDARKLY_TOKEN")" "$(quoted "$body")" |
    curl --silent --show-error --fail-with-body --config - \\
      --header 'LD-API-Version: {API_VERSION}' \\
      --header 'Content-Type: application/json' \\
      '{single_quotes_escaped(settings.LAUNCHDARKLY_URL + path(record))}'
)"""
    note = (
        f"Set {listed(needed)} in the environment first: nothing is sent without them. What is secret reaches curl "
        "through a pipe, so no list of processes shows it."
    )
    return Snippet(slug="curl", label="curl", text=text, note=note)


def in_single_quotes(value: object) -> str:
    """Return a value as JSON that stands between single quotes in a POSIX shell."""
    return single_quotes_escaped(json_text(value))


def single_quotes_escaped(text: str) -> str:
    """Return a text for between single quotes: there, a POSIX shell knows no other special character."""
    return text.replace("'", r"'\''")


# --- Python --------------------------------------------------------------------------------------


def python(record: AuditRecord) -> Snippet:
    """Return the request as a program for LaunchDarkly's official client."""
    secrets = {api: variable(record, api) for api in record.secrets}
    indent = " " * 16
    config = "".join(
        f"{indent}{quoted(api)}: {python_value(record, api, secrets, indent)},\n" for api in ordered(record)
    )
    text = f"""\
import os

import launchdarkly_api

configuration = launchdarkly_api.Configuration(
    host={quoted(settings.LAUNCHDARKLY_URL)},
    api_key={{"ApiKey": os.environ["LAUNCHDARKLY_TOKEN"]}},
)
with launchdarkly_api.ApiClient(configuration) as client:
    client.set_default_header("LD-API-Version", "{API_VERSION}")
    created = launchdarkly_api.DataExportDestinationsApi(client).post_destination(
        {quoted(record.project)},
        {quoted(record.environment)},
        launchdarkly_api.DestinationPost(
            name={quoted(record.name)},
            kind={quoted(record.kind)},
            on={record.on},
            config={{
{config}            }},
        ),
    )
print(created.id)"""
    needed = listed(["LAUNCHDARKLY_TOKEN", *secrets.values()])
    note = f"Needs LaunchDarkly’s client: pip install launchdarkly-api. Set {needed} in the environment."
    return Snippet(slug="python", label="Python", text=text, note=note)


def python_value(record: AuditRecord, api: str, secrets: Mapping[str, str], indent: str) -> str:
    """Return a field of the configuration as Python writes it, a secret as a look into the environment."""
    if api in secrets:
        return f'os.environ["{secrets[api]}"]'
    return PYTHON.write(record.config[api], indent)


# --- JSON ----------------------------------------------------------------------------------------


def request_body(record: AuditRecord) -> Snippet:
    """Return the body of the request. A secret is null, which nothing takes for a value."""
    note = f"The body of POST {path(record)}."
    if record.secrets:
        note += f" No secret is kept here: fill in what is null, {listed(list(record.secrets))}."
    return Snippet(
        slug="json",
        label="JSON",
        text=json_body(record, dict.fromkeys(record.secrets, "null"), json_text),
        note=note,
    )


def json_body(record: AuditRecord, secrets: Mapping[str, str], write: Callable[[object], str]) -> str:
    """Return the body of the request in JSON, with what stands for each secret given as it is to be written."""
    config = ",\n".join(
        f"    {write(api)}: " + (secrets[api] if api in secrets else write(record.config[api]).replace("\n", "\n    "))
        for api in ordered(record)
    )
    return (
        f'{{\n  "name": {write(record.name)},\n  "kind": {write(record.kind)},\n  "on": {write(record.on)},\n'
        f'  "config": {{\n{config}\n  }}\n}}'
    )


def json_text(value: object) -> str:
    """Return a value as JSON for people to read."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    # The line breaks are the layout's: those of a value are escaped by now.
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


# --- What they share -----------------------------------------------------------------------------


def ordered(record: AuditRecord) -> list[str]:
    """Return LaunchDarkly's names of the fields that were filled, in the order of the form: a database keeps none."""
    kind = kinds.registry().get(record.kind)
    filled = [*record.config, *record.secrets]
    known = [field.api for field in kind.fields] if kind else []
    return [api for api in known if api in filled] + [api for api in filled if api not in known]


def listed(names: list[str]) -> str:
    """Return names as a sentence has them: with commas, and an "and" before the last."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def path(record: AuditRecord) -> str:
    """Return where LaunchDarkly takes a new destination for the environment."""
    return f"/api/v2/destinations/{quote(record.project, safe='')}/{quote(record.environment, safe='')}"


def variable(record: AuditRecord, api: str) -> str:
    """Return the environment's variable for a secret: ``SEGMENT_WRITE_KEY``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", api)
    return identifier(f"{record.kind} {words}").upper()


def identifier(text: str) -> str:
    """Return a name for Terraform or a shell, made of the ASCII letters and digits of a text; empty if it has none."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    name = "_".join(re.findall(r"[a-z0-9]+", plain))
    return f"destination_{name}" if name[:1].isdigit() else name


def quoted(text: str) -> str:
    r"""Return a text in quotes, with the escapes that Python and HCL share: ``\n \r \t \" \\``, or ``\u``, ``\U``."""
    return f'"{"".join(map(escaped, text))}"'


def escaped(character: str) -> str:
    """Return a character as it stands between the quotes."""
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


HCL = Language(
    text=hcl_text,
    entry=lambda name, value: f"{name if BARE.fullmatch(name) else hcl_text(name)} = {value}",
    words={"True": "true", "False": "false", "None": "null"},
    pad=" ",
    step="  ",
)
PYTHON = Language(text=quoted, entry=lambda name, value: f"{quoted(name)}: {value}", words={}, pad="", step="    ")
