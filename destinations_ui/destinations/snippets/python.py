"""A record as a program for LaunchDarkly's official Python client."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.snippets.common import Language, Snippet, filled_fields, joined, quoted, variable
from destinations_ui.launchdarkly.client import API_VERSION


def python(record: AuditRecord) -> Snippet:
    """Return the request as a program for LaunchDarkly's official client."""
    secrets = {api: variable(record, api) for api in record.secrets}
    indent = " " * 16
    config = "".join(
        f"{indent}{quoted(api)}: {python_value(record, api, secrets, indent)},\n" for api in filled_fields(record)
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
    needed = joined(["LAUNCHDARKLY_TOKEN", *secrets.values()])
    note = f"Needs LaunchDarkly’s client: pip install launchdarkly-api. Set {needed} in the environment."
    return Snippet(slug="python", label="Python", text=text, note=note)


def python_value(record: AuditRecord, api: str, secrets: Mapping[str, str], indent: str) -> str:
    """Return a field of the configuration in Python; a secret is read from the environment."""
    if api in secrets:
        return f'os.environ["{secrets[api]}"]'
    return PYTHON.write(record.config[api], indent)


PYTHON = Language(text=quoted, entry=lambda name, value: f"{quoted(name)}: {value}", words={}, pad="", step="    ")
