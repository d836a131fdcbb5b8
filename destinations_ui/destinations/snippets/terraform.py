"""A record as a resource of LaunchDarkly's Terraform provider."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.snippets.common import Language, Snippet, filled_fields, identifier, joined, quoted
from destinations_ui.kinds import Kind

#: Where LaunchDarkly's Terraform provider goes unless its ``api_host`` says otherwise.
#: https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/index.md
USUAL_URL = "https://app.launchdarkly.com"
#: A name in HCL that needs no quotes. HCL allows more.
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: A label is cut to this, however long the name is that it was made from.
LONGEST_LABEL = 64


def terraform(record: AuditRecord) -> Snippet:
    """Return the request as a resource of the Terraform provider, where it has one for the kind.

    Terraform itself keeps every text in Unicode's normalization form C, however it is written.

    https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
    """
    kind = kinds.registry().get(record.kind)
    names = {field.api: field.name for field in kind.fields} if kind else {}
    fields = filled_fields(record)
    missing = without_terraform(kind, [api for api in fields if api not in names])
    if missing:
        return Snippet(slug="terraform", label="Terraform", text="", note=f"{missing} Use curl or Python.")

    label = (identifier(record.name) or identifier(record.kind))[:LONGEST_LABEL].rstrip("_")
    variables = {api: f"{label}_{names[api]}" for api in fields if api in record.secrets}
    values = {
        names[api]: f"var.{variables[api]}" if api in variables else map_value(record.config[api]) for api in fields
    }
    place = {"project_key": hcl(record.project), "env_key": hcl(record.environment)}
    request = {"name": hcl(record.name), "kind": hcl(record.kind), "on": hcl(record.on)}
    blocks = [hcl_block(f'variable "{name}"', {"type": "string", "sensitive": "true"}) for name in variables.values()]
    blocks.append(
        f'resource "launchdarkly_destination" "{label}" {{\n{attributes(place | request, "  ")}\n'
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
    """Return why there is no Terraform code for a record, or an empty text."""
    if kind is None:
        return "This kind is no longer known here, so its names in Terraform are not known either."
    if not kind.terraform:
        return f"LaunchDarkly’s Terraform provider has no resource for {kind.label} destinations."
    if unknown:
        return f"These fields are no longer known here, nor are their names in Terraform: {', '.join(unknown)}."
    return ""


def terraform_note(record: AuditRecord, variables: list[str]) -> str:
    """Return what Terraform needs first, and what its first plan shows."""
    url = settings.LAUNCHDARKLY_URL
    host = "" if url == USUAL_URL else f", with api_host = {hcl(url)}"
    lines = [f"Needs LaunchDarkly’s provider, launchdarkly/launchdarkly{host}."]
    if variables:
        lines.append(f"Set {joined([f'TF_VAR_{name}' for name in variables])} in the environment.")
    if record.destination_id:
        lines.append("The import block, which needs Terraform 1.5, takes over the destination that is there.")
    if record.destination_id and variables:
        lines.append("LaunchDarkly never returns a secret, so the first plan shows config as changed.")
    return " ".join(lines)


def hcl_block(head: str, content: Mapping[str, str]) -> str:
    """Return a block of attributes."""
    return f"{head} {{\n{attributes(content, '  ')}}}"


def attributes(content: Mapping[str, str], indent: str) -> str:
    """Return attributes as ``terraform fmt`` formats them: aligned, with those of several lines last."""
    short = {name: value for name, value in content.items() if "\n" not in value}
    width = max(map(len, short), default=0)
    lines = [f"{indent}{name:<{width}} = {value}\n" for name, value in short.items()]
    lines += [f"{indent}{name} = {value}\n" for name, value in content.items() if name not in short]
    return "".join(lines)


def map_value(value: object) -> str:
    """Return a value for the provider's ``config``, a map of texts; any other value is encoded as JSON."""
    return hcl(value) if isinstance(value, str) else f"jsonencode({HCL.write(value, '    ')})"


def hcl_text(text: str) -> str:
    r"""Return a text as a quoted template of HCL that means nothing but this text.

    A dollar or percent sign before a brace becomes ``\u0024`` or ``\u0025``. The usual doubling (``$${``) is ambiguous
    where another such sign stands before it.

    https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions
    """
    return re.sub(r"[$%](?=\{)", lambda sign: f"\\u{ord(sign[0]):04X}", quoted(text))


def hcl(value: object) -> str:
    """Return a value in HCL."""
    return HCL.write(value)


HCL = Language(
    text=hcl_text,
    entry=lambda name, value: f"{name if BARE.fullmatch(name) else hcl_text(name)} = {value}",
    words={"True": "true", "False": "false", "None": "null"},
    pad=" ",
    step="  ",
)
