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
            help="In the event hub or its namespace, Shared access policies: a policy that has only the Send "
            "permission.",
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
                    message="A policy key is 44 characters of Base64 and ends with =. Copy only the primary or "
                    "secondary key.",
                    unless=r"^\s*[A-Za-z0-9+/]{43}=\s*$",
                ),
            ),
        ),
    ),
    setup="Create a shared access policy with only the Send permission. If the namespace’s firewall restricts "
    "networks, allow LaunchDarkly.",
    arrival="The event hub’s metrics show it as an incoming message.",
    setup_guides=(
        SetupGuide(
            title="The event hub",
            about="Creates the event hub in the namespace. Replace RESOURCE_GROUP with yours.",
            language="Shell",
            text="az eventhubs eventhub create --resource-group=<<group>> \\\n"
            "  --namespace-name=<<namespace>> --name=<<name>>",
            source="https://learn.microsoft.com/cli/azure/eventhubs/eventhub",
            own=(("group", "RESOURCE_GROUP"),),
        ),
        SetupGuide(
            title="The policy, with only the Send permission",
            about="Creates the policy on the event hub and shows its keys. Use the primary key as the policy key.",
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
                r"Endpoint\s{0,9}=\s{0,9}(?:[a-z]{1,9}://)?(?P<namespace>[a-z0-9-]{1,99})\.(?P<domain>servicebus\.[a-z.]+)(?P<unused_port>:\d+)?/?",
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
                r"/subscriptions/(?P<unused_subscription>[^/\s]{1,60})",
                r"/resourceGroups/(?P<unused_resource_group>[^/\s]{1,90})",
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
                r"(?:[a-z]{1,9}://)?(?P<namespace>[a-z0-9-]{1,99})\.(?P<domain>servicebus\.[a-z.]+)"
                r"(?P<unused_port>:\d+)?(?:/(?P<name>[a-z0-9._-]+)(?P<unused_path>/[^\s\"';]+)?)?/?",
            ),
            example="sb://contoso-events.servicebus.windows.net/launchdarkly",
        ),
    ),
    facts=(("domain", r"servicebus\.[a-z.]{3,60}"),),
    cross_field_warnings=(
        CrossFieldWarning(
            code="other_cloud",
            message="The pasted namespace is in a national Azure cloud. LaunchDarkly only gets its name and looks for "
            "it in Azure’s public cloud.",
            first=("namespace", "()"),
            second=("domain", r"^servicebus\.(?:windows\.net$|(.+))"),
        ),
    ),
)
