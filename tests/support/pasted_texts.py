"""Texts as people have them at hand, and the fields that each fills."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

KEY = "c2FuZGJveC1wb2xpY3kta2V5LTMyLWJ5dGVzLWxvbmc="
ROLE = "arn:aws:iam::123456789012:role/marketingadmin"
HUB = {"namespace": "contoso-events", "policy_name": "send", "policy_key": KEY}
TOPIC = {"project": "acme-analytics", "topic": "launchdarkly-events"}
STREAM = {"region": "us-east-1", "stream_name": "cat-stream"}
SNOWFLAKE = {"snowflake_host_address": "https://myorg-account123.snowflakecomputing.com"}
IDENTITIES = [
    {"context_kind": "user", "identity": "customer_id"},
    {"context_kind": "device", "identity": "google"},
]
RSA = "-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEAy8Dbv8prpJ1kKhlGeJYoz\n-----END RSA PUBLIC KEY-----"
FRAMED = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----"
ROWS = [{"ldContextKind": row["context_kind"], "mparticleUserIdentity": row["identity"]} for row in IDENTITIES]
FEED = {"api_key": "us1-key-of-the-feed", "secret": "secret-of-the-feed"}


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text, the form it is pasted into, and what it says there."""

    kind: str
    what: str
    text: str
    source: str
    values: dict[str, Any] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)
    on: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    other: str = ""
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def texts(kind: str, source: str, *rows: tuple[str, str, dict[str, Any]], **same: Any) -> list[Text]:
    """Return texts of one sort: what, the text, and what differs from the others."""
    return [Text(kind=kind, source=source, what=what, text=text, **(same | more)) for what, text, more in rows]


AZURE = {"domain": "servicebus.windows.net"}
HOST = "contoso-events.servicebus.windows.net"
ACCOUNT = {"stream_account": "123456789012"}
TERRAFORM = "Terraform block"
JSON = "JSON object"
CURL = "curl command"
ADDRESS = "https://app.launchdarkly.com/api/v2/destinations/web-shop/staging"

TEXTS = [
    *texts(
        "azure-event-hubs",
        "connection string",
        (
            "of the namespace",
            f"Endpoint=sb://{HOST}/;SharedAccessKeyName=send;SharedAccessKey={KEY}",
            {"values": HUB},
        ),
        (
            "of the hub",
            f"Endpoint=sb://{HOST}/;SharedAccessKeyName=send;SharedAccessKey={KEY};EntityPath=clicks",
            {"values": HUB | {"name": "clicks"}},
        ),
        (
            "in another order",
            f"EntityPath=clicks;SharedAccessKey={KEY};Endpoint=sb://{HOST}/;SharedAccessKeyName=send",
            {"values": HUB | {"name": "clicks"}},
        ),
        (
            "with blanks, line breaks and other capitals",
            f"  endpoint = sb://{HOST} ;\n sharedaccesskeyname = send ;\n sharedaccesskey = {KEY} \n",
            {"values": HUB},
        ),
        (
            "in an environment file",
            f'EVENT_HUB="Endpoint=sb://{HOST}/;SharedAccessKeyName=send;SharedAccessKey={KEY}"',
            {"values": HUB, "unused": ("EVENT_HUB",)},
        ),
        (
            "with a host and no scheme",
            f"Endpoint={HOST};SharedAccessKeyName=send;SharedAccessKey={KEY}",
            {"values": HUB},
        ),
        (
            "with a part that no field takes",
            f"Endpoint=sb://{HOST}/;SharedAccessKeyName=send;SharedAccessKey={KEY};UseDevelopmentEmulator=1",
            {"values": HUB, "unused": ("UseDevelopmentEmulator",)},
        ),
        (
            "with a port",
            f"Endpoint=sb://{HOST}:9093/;SharedAccessKeyName=send;SharedAccessKey={KEY}",
            {"values": HUB, "unused": ("port",)},
        ),
        (
            "of a national cloud",
            f"Endpoint=sb://contoso-events.servicebus.chinacloudapi.cn/;SharedAccessKeyName=send;SharedAccessKey={KEY}",
            {"values": HUB, "facts": {"domain": "servicebus.chinacloudapi.cn"}},
        ),
        facts=AZURE,
    ),
    *texts(
        "azure-event-hubs",
        "host name",
        ("alone", HOST, {"values": {"namespace": "contoso-events"}}),
        ("with sb://", f"sb://{HOST}/", {"values": {"namespace": "contoso-events"}}),
        ("with the hub", f"https://{HOST}/clicks", {"values": {"namespace": "contoso-events", "name": "clicks"}}),
        (
            "with the hub, a port and a path",
            f"https://{HOST}:443/clicks/messages",
            {"values": {"namespace": "contoso-events", "name": "clicks"}, "unused": ("port", "path")},
        ),
        (
            "beside another one",
            f"{HOST} other-events.servicebus.windows.net",
            {"values": {"namespace": "contoso-events"}, "unused": ("a second Namespace",)},
        ),
        (
            "beside a key, which is not repeated",
            f"{HOST} {KEY}",
            {"values": {"namespace": "contoso-events"}, "unused": ("other text",)},
        ),
        facts=AZURE,
    ),
    *texts(
        "azure-event-hubs",
        "resource id",
        (
            "of a policy",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.EventHub/namespaces/contoso-events/eventhubs/clicks"
            "/authorizationRules/send",
            {
                "values": {"namespace": "contoso-events", "name": "clicks", "policy_name": "send"},
                "unused": ("subscription", "resource group"),
            },
        ),
        (
            "of a hub",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.EventHub/namespaces/contoso-events/eventhubs/clicks",
            {
                "values": {"namespace": "contoso-events", "name": "clicks"},
                "unused": ("subscription", "resource group"),
            },
        ),
    ),
    *texts(
        "google-pubsub",
        "topic’s full name",
        ("relative", "projects/acme-analytics/topics/launchdarkly-events", {}),
        ("full", "//pubsub.googleapis.com/projects/acme-analytics/topics/launchdarkly-events", {}),
        ("of the API", "https://pubsub.googleapis.com/v1/projects/acme-analytics/topics/launchdarkly-events", {}),
        (
            "of a call of the API",
            "https://pubsub.googleapis.com/v1/projects/acme-analytics/topics/launchdarkly-events:publish",
            {"unused": ("method",)},
        ),
        ("in a line of YAML", "name: projects/acme-analytics/topics/launchdarkly-events\n", {"unused": ("name",)}),
        values=TOPIC,
    ),
    *texts(
        "google-pubsub",
        "subscription’s full name",
        (
            "instead of the topic’s",
            "projects/acme-analytics/subscriptions/launchdarkly-events-sub",
            {
                "values": {"project": "acme-analytics"},
                "unused": ("subscription",),
                "instead": "Enter the topic that this subscription belongs to.",
            },
        ),
    ),
    *texts(
        "google-pubsub",
        "Google Cloud console URL",
        (
            "of the topic",
            "https://console.cloud.google.com/cloudpubsub/topic/detail/launchdarkly-events?project=acme-analytics",
            {"values": TOPIC},
        ),
    ),
    *texts(
        "kinesis",
        "ARN",
        ("of the stream", "arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream", {"values": STREAM}),
        (
            "of stream and role",
            f"stream arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream role {ROLE}",
            {"values": STREAM | {"role_arn": ROLE}},
        ),
        (
            "of a consumer",
            "arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream/consumer/me:1",
            {"values": STREAM, "unused": ("consumer",)},
        ),
        (
            "in GovCloud",
            "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/cat-stream",
            {"values": STREAM | {"region": "us-gov-west-1"}},
        ),
        (
            "of a role with a path",
            "role: arn:aws:iam::123456789012:role/team/data/marketingadmin",
            {
                "values": {"role_arn": "arn:aws:iam::123456789012:role/team/data/marketingadmin"},
                "facts": {},
                "unused": ("role",),
            },
        ),
        (
            "in an answer of the AWS command line",
            '{"StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream"}',
            {"values": STREAM, "unused": ("StreamARN",)},
        ),
        facts=ACCOUNT,
    ),
    *texts(
        "kinesis",
        "AWS console URL",
        (
            "of the stream",
            "https://us-east-1.console.aws.amazon.com/kinesis/home?region=us-east-1#/streams/details/cat-stream/x",
            {"values": STREAM},
        ),
    ),
    *texts(
        "mparticle",
        "key and secret",
        ("on two lines", "Key: us1-key-of-the-feed\nSecret: secret-of-the-feed", {}),
        ("by their long names", "Server-to-server key = us1-key-of-the-feed\nAPI secret = secret-of-the-feed", {}),
        values=FEED,
    ),
    *texts(
        "segment",
        "snippet",
        ("of JavaScript", 'analytics.load("abcdefghijklmnopqrstuvwxyz012345");', {}),
        ("of settings", "SEGMENT_WRITE_KEY=abcdefghijklmnopqrstuvwxyz012345", {}),
        ("of Node", "new Analytics({ writeKey: 'abcdefghijklmnopqrstuvwxyz012345' })", {}),
        values={"write_key": "abcdefghijklmnopqrstuvwxyz012345"},
    ),
    *texts(
        "snowflake-v2",
        "account URL",
        (
            "with a path",
            "https://myorg-account123.snowflakecomputing.com/console/login",
            {"values": SNOWFLAKE, "unused": ("path",)},
        ),
        ("without a scheme", "myorg-account123.snowflakecomputing.com", {"values": SNOWFLAKE}),
        (
            "of JDBC",
            "jdbc:snowflake://myorg-account123.snowflakecomputing.com/?warehouse=w",
            {"values": SNOWFLAKE, "unused": ("parameters",)},
        ),
        (
            "with the locator",
            "xy12345.eu-central-1.aws.snowflakecomputing.com:443",
            {
                "values": {"snowflake_host_address": "https://xy12345.eu-central-1.aws.snowflakecomputing.com"},
                "unused": ("port",),
            },
        ),
        (
            "of a private link",
            "myorg-account123.privatelink.snowflakecomputing.com",
            {"values": {"snowflake_host_address": "https://myorg-account123.privatelink.snowflakecomputing.com"}},
        ),
        (
            "in China",
            "myorg-account123.snowflakecomputing.cn",
            {"values": {"snowflake_host_address": "https://myorg-account123.snowflakecomputing.cn"}},
        ),
        (
            "of the US government",
            "https://myorg-account123.snowflakecomputing.mil",
            {"values": {"snowflake_host_address": "https://myorg-account123.snowflakecomputing.mil"}},
        ),
    ),
    *texts(
        "snowflake-v2",
        "Snowsight URL",
        (
            "of an organisation",
            "https://app.snowflake.com/myorg/account123/#/homepage",
            {"values": SNOWFLAKE, "unused": ("path",)},
        ),
        (
            "in China",
            "https://app.snowflake.cn/myorg/account123",
            {"values": {"snowflake_host_address": "https://myorg-account123.snowflakecomputing.cn"}},
        ),
        (
            "of a locator",
            "https://app.snowflake.com/us-east-1/xy12345/worksheets",
            {
                "values": {"snowflake_host_address": "https://xy12345.us-east-1.snowflakecomputing.com"},
                "unused": ("path",),
            },
        ),
        (
            "of a locator in another cloud",
            "app.snowflake.com/west-europe.azure/xy12345",
            {"values": {"snowflake_host_address": "https://xy12345.west-europe.azure.snowflakecomputing.com"}},
        ),
    ),
    *texts(
        "snowflake-v2",
        "public key",
        (
            "with its frame",
            f"the key:\n{FRAMED}\n",
            {
                "values": {"public_key": FRAMED},
                "unused": ("key",),
            },
        ),
        ("of RSA alone", f"{RSA}\n\n", {"values": {"public_key": RSA}}),
        (
            "in an environment file",
            "PUBLIC_KEY='" + FRAMED.replace("\n", "\\n") + "'",
            {"values": {"public_key": FRAMED}, "unused": ("PUBLIC_KEY",)},
        ),
    ),
    *texts(
        "snowflake-v2",
        "key pair",
        (
            "with frames, as JSON",
            json.dumps({"public_key": FRAMED, "public_key_pkcs8": "MIIBIjANBgk"}),
            {"values": {"public_key": FRAMED}, "unused": ("public_key_pkcs8",)},
        ),
        (
            "as LaunchDarkly returns it",
            '{"public_key": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", "public_key_pkcs8": "MIIBIjANBgk"}',
            {
                "values": {"public_key": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"},
                "unused": ("public_key_pkcs8",),
            },
        ),
    ),
    *texts(
        "kinesis",
        JSON,
        (
            "the body",
            f'{{"name": "Clicks", "kind": "kinesis", "on": 1, "config": {{"region": "us-east-1", "roleArn": "{ROLE}", '
            '"streamName": "cat-stream"}}',
            {"common": {"name": "Clicks"}, "unused": ("on",)},
        ),
        (
            "that starts off",
            f'{{"kind": "kinesis", "on": false, "tags": [], "config": {{"region": "us-east-1", "roleArn": "{ROLE}", '
            '"streamName": "cat-stream"}}',
            {"on": "false", "unused": ("tags",)},
        ),
        (
            "the configuration alone",
            f'{{"region": "us-east-1", "roleArn": "{ROLE}", "streamName": "cat-stream", "shards": "2"}}',
            {"unused": ("shards",)},
        ),
        (
            "with the configuration as a text",
            '{"kind": "kinesis", "config": "{\\"region\\": \\"us-east-1\\", \\"streamName\\": \\"cat-stream\\"}"}',
            {"values": STREAM},
        ),
        (
            "of another kind",
            '{"kind": "segment", "config": {"writeKey": "abcdefghijklmnopqrstuvwxyz012345"}}',
            {"values": {"write_key": "abcdefghijklmnopqrstuvwxyz012345"}, "other": "segment"},
        ),
        (
            "of another kind’s configuration alone",
            '{"project": "acme-analytics", "topic": "launchdarkly-events"}',
            {"values": TOPIC, "other": "google-pubsub"},
        ),
        values=STREAM | {"role_arn": ROLE},
    ),
    *texts(
        "kinesis",
        CURL,
        (
            "a curl command",
            f'curl -X POST \'{ADDRESS}\' -H "Authorization: $TOKEN" -d \'{{"name": "It\'\\\'\'s", "kind": "kinesis", '
            f'"config": {{"region": "us-east-1", "roleArn": "{ROLE}", "streamName": "cat-stream"}}}}\'',
            {"common": {"name": "It's", "project": "web-shop", "environment": "staging"}},
        ),
        (
            "a curl command in double quotes",
            f'curl {ADDRESS} -d "{{\\"kind\\": \\"kinesis\\", \\"config\\": {{\\"region\\": \\"us-east-1\\", '
            f'\\"roleArn\\": \\"{ROLE}\\", \\"streamName\\": \\"cat-stream\\"}}}}"',
            {"common": {"project": "web-shop", "environment": "staging"}},
        ),
        values=STREAM | {"role_arn": ROLE},
    ),
    *texts(
        "azure-event-hubs",
        JSON,
        (
            "an answer, whose secret is not the secret",
            '{"_links": {"self": {"href": "/api/v2/destinations/web-shop/staging/61"}}, "name": "Hub", "config": '
            '{"namespace": "contoso-events", "name": "clicks", "policyName": "send", "policyKey": "c2F****xvbm"}}',
            {
                "values": {"namespace": "contoso-events", "name": "clicks", "policy_name": "send"},
                "common": {"name": "Hub", "project": "web-shop", "environment": "staging"},
                "unused": ("policyKey",),
            },
        ),
        (
            "the body",
            '{"name": "Hub", "kind": "azure-event-hubs", "config": {"namespace": "contoso-events", "name": "clicks", '
            f'"policyName": "send", "policyKey": "{KEY}"}}}}',
            {"values": HUB | {"name": "clicks"}, "common": {"name": "Hub"}},
        ),
    ),
    *texts(
        "mparticle",
        JSON,
        (
            "with what no field takes",
            '{"key": "us1-key-of-the-feed", "secret": "secret-of-the-feed"}',
            {"values": {"secret": "secret-of-the-feed"}, "unused": ("key",)},
        ),
        (
            "with rows",
            '{"name": "Feed", "kind": "mparticle", "config": {"apiKey": "us1-key-of-the-feed", "secret": '
            '"secret-of-the-feed", "environment": "development", "userIdentities": [{"ldContextKind": "user", '
            '"mparticleUserIdentity": "customer_id"}, {"ldContextKind": "device", '
            '"mparticleUserIdentity": "google"}]}}',
            {
                "values": FEED | {"environment": "development", "user_identities": IDENTITIES},
                "common": {"name": "Feed"},
            },
        ),
    ),
    *texts(
        "kinesis",
        TERRAFORM,
        (
            "a whole block",
            f"""
            # Clicks of the shop, region = "eu-west-1" is gone
            resource "launchdarkly_destination" "clicks" {{
              project_key = "web-shop"
              env_key     = "staging"
              name        = "Clicks"
              kind        = "kinesis"
              config = {{
                region      = "us-east-1"
                role_arn    = "{ROLE}"
                stream_name = "cat-stream"
              }}
              on   = true
              tags = ["terraform"]
            }}
            """,
            {
                "common": {"name": "Clicks", "project": "web-shop", "environment": "staging"},
                "on": "true",
                "unused": ("tags",),
            },
        ),
        (
            "before another block",
            f"""resource "launchdarkly_destination" "clicks" {{
              name = "Clicks"
              kind = "kinesis"
              config = {{ region = "us-east-1", role_arn = "{ROLE}", stream_name = "cat-stream" }}
              on = false
            }}
            resource "launchdarkly_destination" "other" {{
              name = "Other"
              kind = "segment"
              config = {{ write_key = "abcdefghijklmnopqrstuvwxyz012345" }}
            }}""",
            {"common": {"name": "Clicks"}, "on": "false", "unused": ("a second destination",)},
        ),
        (
            "with references",
            """resource "launchdarkly_destination" "clicks" {
              project_key = launchdarkly_project.shop.key
              kind = "kinesis"
              config = { region = "us-east-1", role_arn = aws_iam_role.export.arn, stream_name = "cat-${var.env}" }
            }""",
            {"values": {"region": "us-east-1"}, "unused": ("role_arn", "stream_name", "project_key")},
        ),
        values=STREAM | {"role_arn": ROLE},
    ),
    *texts(
        "mparticle",
        TERRAFORM,
        (
            "with jsonencode",
            """resource "launchdarkly_destination" "feed" {
              kind = "mparticle"
              name = "Say \\"yes\\" to $${you}"
              config = {
                api_key = "us1-key-of-the-feed"
                secret = var.secret
                environment = "production"
                user_identities = jsonencode([
                  { ldContextKind = "user", mparticleUserIdentity = "customer_id" },
                  { "ldContextKind" : "device", "mparticleUserIdentity" : "google" }
                ])
              }
            }""",
            {"common": {"name": 'Say "yes" to ${you}'}, "unused": ("secret",)},
        ),
        (
            "with the rows as JSON in quotes",
            """resource "launchdarkly_destination" "feed" {
              kind = "mparticle"
              config = {
                user_identities = """
            + json.dumps(json.dumps(ROWS))
            + """
                environment = "production"
                api_key = "us1-key-of-the-feed"
              }
            }""",
            {},
        ),
        values={"user_identities": IDENTITIES, "environment": "production", "api_key": "us1-key-of-the-feed"},
    ),
    *texts(
        "segment",
        TERRAFORM,
        (
            "of another kind",
            'resource "launchdarkly_destination" "x" {\n kind = "google-pubsub"\n config = { topic = "clicks" }\n}',
            {"values": {"topic": "clicks"}, "other": "google-pubsub"},
        ),
    ),
]

#: (kind, text): what is no known text, and stays what it is.
OTHER_TEXTS = [
    ("azure-event-hubs", ""),
    ("azure-event-hubs", "contoso-events"),
    ("azure-event-hubs", KEY),
    ("azure-event-hubs", "{" * 5_000 + "}" * 5_000),
    ("azure-event-hubs", "SharedAccessKey=" + "x" * 20_000),
    # Made to be slow to read.
    ("mparticle", "key:" * 2_000),
    ("mparticle", "key: a " * 1_100),
    ("snowflake-v2", "a." * 3_900 + "snowflakecomputing.net"),
    ("snowflake-v2", "a" * 7_900),
    ("google-pubsub", "projects/" * 800),
    ("kinesis", "launchdarkly_destination config" + " " * 7_900),
    ("kinesis", "launchdarkly_destination config" + "a" * 7_900),
    ("google-pubsub", "projects/"),
    ("google-pubsub", "launchdarkly-events"),
    ("kinesis", "arn:aws:iam::123456789012:user/oskar"),
    ("kinesis", "arn:aws:sts::123456789012:assumed-role/x/y"),
    ("kinesis", "us-east-1"),
    ("kinesis", '{"a": [1, 2'),
    ("kinesis", "launchdarkly_destination"),
    ("kinesis", 'resource "launchdarkly_destination" "x" {}'),
    ("mparticle", "the key to success"),
    ("segment", "abcdefghijklmnopqrstuvwxyz012345"),
    ("snowflake-v2", "https://app.snowflake.com/"),
    ("snowflake-v2", "https://example.com/"),
]
