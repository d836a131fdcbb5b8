"""Azure Event Hubs."""

from __future__ import annotations

from destinations_ui.kinds.spec import CrossFieldWarning, Field, FieldWarning, Kind, Mark, Paste, SetupGuide
from destinations_ui.kinds.validators import event_hub_name, event_hub_namespace, shared_access_policy

KIND = Kind(
    slug="azure-event-hubs",
    label="Azure Event Hubs",
    summary="Stream events to a hub in your Azure subscription.",
    docs="https://launchdarkly.com/docs/integrations/data-export/event-hub",
    mark=Mark("EH", "#0b62b8"),
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
            warnings=(
                FieldWarning(
                    code="root_policy",
                    message="This policy has full access to the namespace. LaunchDarkly needs one with only the "
                    "Send permission.",
                    when=r"^RootManageSharedAccessKey$",
                ),
                FieldWarning(
                    code="length",
                    message="Azure documents at most 50 characters for a policy name. Check that this is the whole "
                    "name and nothing else.",
                    when=r"^.{51}",
                ),
            ),
        ),
        Field(
            name="policy_key",
            api="policyKey",
            label="Policy key",
            help="Open that policy and copy its primary or secondary key: 44 characters that end with =.",
            example="c2FuZGJveC1wb2xpY3kta2V5LTMyLWJ5dGVzLWxvbmc=",
            secret=True,
            # https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature
            warnings=(
                FieldWarning(
                    code="shape",
                    message="A policy’s key is 44 characters of Base64 and ends with =. Copy the whole primary or "
                    "secondary key, and nothing else.",
                    unless=r"^\s*[A-Za-z0-9+/]{43}=\s*$",
                ),
            ),
        ),
    ),
    setup="Create a shared access policy with only the Send right. If the namespace's firewall restricts networks, "
    "it has to let LaunchDarkly in.",
    arrival="It shows among the incoming messages in the hub’s metrics.",
    setup_guides=(
        SetupGuide(
            title="The event hub",
            about="Makes the hub in the namespace. The name of the resource group is yours to fill in.",
            language="Shell",
            text="az eventhubs eventhub create --resource-group=<<group>> \\\n"
            "  --namespace-name=<<namespace>> --name=<<name>>",
            source="https://learn.microsoft.com/cli/azure/eventhubs/eventhub",
            own=(("group", "RESOURCE_GROUP"),),
        ),
        SetupGuide(
            title="The policy, with Send and nothing more",
            about="Makes the policy on the hub, and shows its keys: the primary one is the policy key of this form.",
            language="Shell",
            text="az eventhubs eventhub authorization-rule create --resource-group=<<group>> \\\n"
            "  --namespace-name=<<namespace>> --eventhub-name=<<name>> --name=<<policy_name>> --rights Send\n"
            "az eventhubs eventhub authorization-rule keys list --resource-group=<<group>> \\\n"
            "  --namespace-name=<<namespace>> --eventhub-name=<<name>> --name=<<policy_name>>",
            source="https://learn.microsoft.com/cli/azure/eventhubs/eventhub/authorization-rule",
            own=(("group", "RESOURCE_GROUP"),),
        ),
    ),
    pastes=(
        # https://learn.microsoft.com/azure/event-hubs/event-hubs-get-connection-string
        Paste(
            name="connection string",
            sign=r"SharedAccessKey(?:Name)?\s{0,9}=|Endpoint\s{0,9}=\s{0,9}[\"']?sb:",
            parts=(
                r"Endpoint\s{0,9}=\s{0,9}(?:[a-z]{1,9}://)?(?P<namespace>[a-z0-9-]{1,99})\.(?P<domain>servicebus\.[a-z.]+)(?::\d+)?/?",
                r"SharedAccessKeyName\s{0,9}=\s{0,9}(?P<policy_name>[^;\s\"']+)",
                r"SharedAccessKey\s{0,9}=\s{0,9}(?P<policy_key>[^;\s\"']+)",
                r"EntityPath\s{0,9}=\s{0,9}(?P<name>[^;\s\"']+)",
            ),
            example="Endpoint=sb://contoso-events.servicebus.windows.net/;SharedAccessKeyName=launchdarkly-send;"
            "SharedAccessKey=c2FuZGJveC1wb2xpY3kta2V5LTMyLWJ5dGVzLWxvbmc=;EntityPath=launchdarkly",
        ),
        # https://learn.microsoft.com/azure/templates/microsoft.eventhub/namespaces/eventhubs/authorizationrules
        Paste(
            name="resource id",
            sign=r"/Microsoft\.EventHub/namespaces/",
            parts=(
                r"/namespaces/(?P<namespace>[a-z0-9-]+)(?:/eventhubs/(?P<name>[a-z0-9._-]+))?"
                r"(?:/authorizationRules/(?P<policy_name>[a-z0-9._-]+))?",
            ),
            example="/subscriptions/0b1f/resourceGroups/data/providers/Microsoft.EventHub/namespaces/contoso-events"
            "/eventhubs/launchdarkly/authorizationRules/launchdarkly-send",
        ),
        Paste(
            name="host name",
            sign=r"[a-z0-9]\.servicebus\.",
            parts=(
                r"(?:[a-z]{1,9}://)?(?P<namespace>[a-z0-9-]{1,99})\.(?P<domain>servicebus\.[a-z.]+)(?::\d+)?"
                r"(?:/(?P<name>[a-z0-9._-]+))?/?",
            ),
            example="sb://contoso-events.servicebus.windows.net/launchdarkly",
        ),
    ),
    facts=(("domain", r"servicebus\.[a-z.]{3,60}"),),
    cross_field_warnings=(
        CrossFieldWarning(
            code="other_cloud",
            message="The pasted text is of a namespace in one of Azure’s national clouds. LaunchDarkly is given only "
            "its name, and will look for it in Azure’s public cloud.",
            first=("namespace", "()"),
            second=("domain", r"^servicebus\.(?:windows\.net$|(.+))"),
        ),
    ),
)
