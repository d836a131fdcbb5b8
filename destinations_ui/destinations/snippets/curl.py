"""A record as a curl command."""

from __future__ import annotations

from django.conf import settings

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.snippets.common import Snippet, joined, path, variable
from destinations_ui.destinations.snippets.json_body import json_body, json_text
from destinations_ui.launchdarkly.client import API_VERSION


def curl(record: AuditRecord) -> Snippet:
    """Return the request as a command for a POSIX shell.

    Token and secrets go from the environment into curl's standard input through ``printf``, which is built into every
    usual shell, so no list of processes shows them. Escaping quotes and backslashes makes a secret valid JSON, and
    the body a valid value in curl's configuration: the form accepts no control character in a secret.
    """
    secrets = {api: variable(record, api) for api in record.secrets}
    needed = ["LAUNCHDARKLY_TOKEN", *secrets.values()]
    request = json_body(
        record, {api: f"""'"$(quoted "${name}")"'""" for api, name in secrets.items()}, in_single_quotes
    ).replace("\n", "\n  ")
    checks = " ".join(f'"${{{name}:?}}"' for name in needed)
    text = f"""\
(
  : {checks}
  quoted() {{ printf '"%s"' "$(printf '%s' "$1" | tr -d '\\n' | sed 's/["\\\\]/\\\\&/g')"; }}
  body='{request}'
  printf 'header = %s\\ndata-raw = %s\\n' "$(quoted "Authorization: $LAUNCHDARKLY_TOKEN")" "$(quoted "$body")" |
    curl --silent --show-error --fail-with-body --config - \\
      --header 'LD-API-Version: {API_VERSION}' \\
      --header 'Content-Type: application/json' \\
      '{single_quotes_escaped(settings.LAUNCHDARKLY_URL + path(record))}'
)"""
    note = (
        f"Set {joined(needed)} in the environment first: nothing is sent without them. What is secret reaches curl "
        "through a pipe, so no list of processes shows it."
    )
    return Snippet(slug="curl", label="curl", text=text, note=note)


def in_single_quotes(value: object) -> str:
    """Return a value as JSON, escaped for between single quotes in a POSIX shell."""
    return single_quotes_escaped(json_text(value))


def single_quotes_escaped(text: str) -> str:
    """Return a text for between single quotes: there, a POSIX shell knows no other special character."""
    return text.replace("'", r"'\''")
