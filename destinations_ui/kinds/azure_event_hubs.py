"""Azure Event Hubs."""

from __future__ import annotations

from destinations_ui.kinds.spec import Field, Kind
from destinations_ui.kinds.validators import (
    event_hub_name,
    event_hub_namespace,
    shared_access_policy,
)

KIND = Kind(
    slug="azure-event-hubs",
    label="Azure Event Hubs",
    summary="Stream events to a hub in your Azure subscription.",
    docs="https://launchdarkly.com/docs/integrations/data-export/event-hub",
    icon="bolt",
    fields=(
        Field(
            name="namespace",
            api="namespace",
            label="Namespace",
            help="Azure portal, Event Hubs: the short name of the namespace, without .servicebus.windows.net.",
            example="contoso-events",
            validators=(event_hub_namespace(),),
        ),
        Field(
            name="name",
            api="name",
            label="Event hub",
            help="In the namespace, under Entities, Event Hubs: the name of the hub.",
            example="launchdarkly",
            validators=(event_hub_name(),),
        ),
        Field(
            name="policy_name",
            api="policyName",
            label="Shared access policy",
            help="In the hub or its namespace, Shared access policies: the name of a policy that has Send and "
            "nothing more.",
            example="launchdarkly-send",
            validators=(shared_access_policy(),),
        ),
        Field(
            name="policy_key",
            api="policyKey",
            label="Policy key",
            help="Open that policy and copy its primary or secondary key: 44 characters that end with =.",
            example="c2FuZGJveC1wb2xpY3kta2V5LTMyLWJ5dGVzLWxvbmc=",
            secret=True,
        ),
    ),
    setup="Create a shared access policy with only the Send right. If the namespace's firewall restricts networks, "
    "it has to let LaunchDarkly in.",
)
