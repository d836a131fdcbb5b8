"""Snowflake."""

from __future__ import annotations

from destinations_ui.kinds.spec import Field, Kind
from destinations_ui.kinds.validators import public_key, snowflake_account_url

KIND = Kind(
    slug="snowflake-v2",
    label="Snowflake",
    summary="Load events into a database of your Snowflake account every hour.",
    docs="https://launchdarkly.com/docs/integrations/data-export/snowflake",
    icon="circle-stack",
    fields=(
        Field(
            name="snowflake_host_address",
            api="snowflakeHostAddress",
            label="Account URL",
            help="Snowsight, account menu, View account details: the Account/Server URL, with https:// in front.",
            example="https://myorg-account123.snowflakecomputing.com",
            validators=(snowflake_account_url(),),
        ),
        Field(
            name="public_key",
            api="publicKey",
            label="Public key",
            help="The public key of the pair that LaunchDarkly generated for this destination. It is not secret; "
            "LaunchDarkly keeps the private key.",
            example="MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsandboxPublicKeyOnly",
            multiline=True,
            validators=(public_key(),),
        ),
    ),
    setup="In Snowflake, run LaunchDarkly's script first: it makes the user that carries this public key. If you use "
    "network policies, allow LaunchDarkly's address 35.192.85.117.",
)
