"""Forms of every kind, filled in; and what they say and show."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import QueryDict

from destinations_ui import kinds
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import environment_options
from destinations_ui.destinations.forms import posted_data
from destinations_ui.destinations.forms.destination import DestinationForm
from destinations_ui.kinds import Kind
from destinations_ui.kinds.spec import Value
from tests.support.html import Page

EVENT_HUBS, KINESIS, MPARTICLE, SEGMENT, SNOWFLAKE = (
    kinds.registry()[slug] for slug in ("azure-event-hubs", "kinesis", "mparticle", "segment", "snowflake-v2")
)
#: A whole connection string, which holds a secret.
CONNECTION_STRING = (
    "Endpoint=sb://contoso-events.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=marker-of-the-key="
)
#: A private key as people paste it.
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nmarker-of-the-key\n-----END PRIVATE KEY-----"


def form_data(kind: Kind, values: dict[str, Value] | None = None, **common: Any) -> dict[str, str]:
    """Return what a browser posts for a kind: its examples, with ``values`` and the common fields in their place."""
    data = {
        "project": "web-shop",
        "environment": "staging",
        "name": "Web shop events",
        "on": "true",
        "reason": "OPS-1: to see them arrive",
        "submission": str(uuid.uuid4()),
    }
    for name, value in (kind.examples() | (values or {})).items():
        if isinstance(value, Secret):
            data[f"config-{name}"] = value.reveal()
        elif isinstance(value, str):
            data[f"config-{name}"] = value
        else:
            for number, row in enumerate(value):
                data |= {f"config-{name}-{number}-{column}": text for column, text in row.items()}
    return data | {name: str(value) for name, value in common.items()}


def confirmed(kind: Kind, data: dict[str, str]) -> dict[str, Any]:
    """Return posted data with every warning confirmed."""
    form = posted_form(kind, data)
    form.full_clean()
    return data | {"confirm": [warning.confirmation for warning in form.warnings]}


def posted(data: dict[str, str]) -> QueryDict:
    """Return posted data as Django has it."""
    query = QueryDict(mutable=True)
    query.update(data)
    return query


def posted_form(kind: Kind, data: dict[str, str]) -> DestinationForm:
    """Return the form as a view makes it of posted data."""
    parsed = posted_data.parse(kind, posted(data))
    return DestinationForm(kind, environment_options.load_for(parsed), parsed)


def new_form(kind: Kind, **initial: Any) -> DestinationForm:
    """Return a new form as a view makes it."""
    return DestinationForm(kind, environment_options.load(initial.get("project", "")), initial=initial)


def filled(kind: Kind, changes: dict[str, str] | None = None, **common: Any) -> DestinationForm:
    """Return the form of a kind with its examples posted, and with changes."""
    return posted_form(kind, form_data(kind, **common) | (changes or {}))


def without(kind: Kind, *names: str) -> DestinationForm:
    """Return the filled form without some of its fields."""
    return posted_form(kind, {name: value for name, value in form_data(kind).items() if name not in names})


def said(form: DestinationForm, name: str) -> str:
    """Return the first thing that is said at a field."""
    return str(form.errors[name][0])


def shown(form: DestinationForm) -> Page:
    """Return the form's fields as a page shows them."""
    return Page("".join(field.as_field_group() for field in form if not field.is_hidden))


def rows(*cells: tuple[str, str], start: int = 0) -> dict[str, str]:
    """Return rows of mParticle's identities as they are posted."""
    data = {}
    for number, (context_kind, identity) in enumerate(cells, start):
        data[f"config-user_identities-{number}-context_kind"] = context_kind
        data[f"config-user_identities-{number}-identity"] = identity
    return data


def mapped(changes: dict[str, str], **common: Any) -> DestinationForm:
    """Return mParticle's form with these rows and no others."""
    data = {name: value for name, value in form_data(MPARTICLE, **common).items() if "identit" not in name}
    return posted_form(MPARTICLE, data | changes)
