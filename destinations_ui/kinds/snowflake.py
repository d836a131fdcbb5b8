"""Snowflake."""

from __future__ import annotations

from destinations_ui.kinds.spec import Field, FieldWarning, Kind, Mark, Paste, SetupGuide
from destinations_ui.kinds.validators import host_url, pem_lines, public_key, snowflake_account_url

OUTLINE = """\
USE ROLE SYSADMIN;
CREATE WAREHOUSE IF NOT EXISTS LD_EXPORT_WH WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE;
CREATE DATABASE IF NOT EXISTS LD_EXPORT;
CREATE SCHEMA IF NOT EXISTS LD_EXPORT.EXPORT_PROJECT__ENVIRONMENT;
USE ROLE SECURITYADMIN;
CREATE ROLE IF NOT EXISTS LD_EXPORT_ROLE;
GRANT ROLE LD_EXPORT_ROLE TO ROLE SYSADMIN;
CREATE USER IF NOT EXISTS LD_EXPORT_USER_PROJECT__ENVIRONMENT
  DEFAULT_ROLE = LD_EXPORT_ROLE DEFAULT_WAREHOUSE = LD_EXPORT_WH RSA_PUBLIC_KEY = <<public_key_pkcs8>>;
GRANT ROLE LD_EXPORT_ROLE TO USER LD_EXPORT_USER_PROJECT__ENVIRONMENT;
USE ROLE SYSADMIN;
GRANT USAGE ON WAREHOUSE LD_EXPORT_WH TO ROLE LD_EXPORT_ROLE;
GRANT MONITOR, USAGE ON DATABASE LD_EXPORT TO ROLE LD_EXPORT_ROLE;"""
NETWORK_POLICY = """\
CREATE NETWORK RULE LD_EXPORT.EXPORT_PROJECT__ENVIRONMENT.LD_EXPORT_NETWORK_RULE
  TYPE = IPV4 MODE = INGRESS VALUE_LIST = ('35.192.85.117');
CREATE NETWORK POLICY LD_EXPORT_NETWORK_POLICY
  ALLOWED_NETWORK_RULE_LIST = ('LD_EXPORT.EXPORT_PROJECT__ENVIRONMENT.LD_EXPORT_NETWORK_RULE');
ALTER USER LD_EXPORT_USER_PROJECT__ENVIRONMENT SET NETWORK_POLICY = LD_EXPORT_NETWORK_POLICY;"""
# A public key in its frame. In JSON or an environment file, its lines end with a literal \n.
PEM = r"-----BEGIN (?:RSA )?PUBLIC KEY-----(?:[a-z0-9+/=\s]|\\[nr])+-----END (?:RSA )?PUBLIC KEY-----"
# What follows a host or an account in a URL.
URL_REST = r"(?:/(?P<unused_path>[^\s\"'?]+)?)?(?P<unused_parameters>\?[^\s\"']+)?"

KIND = Kind(
    slug="snowflake-v2",
    label="Snowflake",
    summary="Load events into a database of your Snowflake account every hour.",
    docs="https://launchdarkly.com/docs/integrations/data-export/snowflake",
    mark=Mark("Sf", "#0e6f8a"),
    fields=(
        Field(
            name="snowflake_host_address",
            api="snowflakeHostAddress",
            label="Account URL",
            help="Snowsight, account menu, View account details: the Account/Server URL, with https:// in front.",
            example="https://myorg-account123.snowflakecomputing.com",
            validators=(snowflake_account_url(),),
            normalize=host_url,
            warnings=(
                FieldWarning(
                    code="private_link",
                    message="This URL only works inside your own network, and LaunchDarkly connects over the internet. "
                    "Enter the public account URL unless LaunchDarkly told you otherwise.",
                    when=r"\.privatelink\.",
                ),
                FieldWarning(
                    code="underscore",
                    message="The account name has an underscore. Snowflake recommends a hyphen instead in URLs.",
                    when=r"^https://[^.]*_",
                ),
                FieldWarning(
                    code="government",
                    message="This account is in a US government region. Ask LaunchDarkly whether it can export there.",
                    when=r"\.snowflakecomputing\.mil",
                ),
            ),
        ),
        Field(
            name="public_key",
            api="publicKey",
            label="Public key",
            help="From the key pair that LaunchDarkly generated for this destination: public_key, not "
            "public_key_pkcs8, which goes into your Snowflake worksheet. It isn’t secret.",
            example="MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsandboxPublicKeyOnly",
            multiline=True,
            validators=(public_key(),),
            normalize=pem_lines,
            warnings=(
                FieldWarning(
                    code="shape",
                    message="A public key begins with MII or with a line that says BEGIN PUBLIC KEY. Check that this "
                    "is the key that LaunchDarkly generated.",
                    unless=r"^(?:MI|-----BEGIN (?:RSA )?PUBLIC KEY)",
                ),
            ),
        ),
    ),
    setup="In Snowflake, run LaunchDarkly’s script first: it creates the user with this public key. If you use "
    "network policies, allow LaunchDarkly’s IP address 35.192.85.117.",
    arrival="LaunchDarkly loads events every hour on the hour. Rows appear 10 to 15 minutes later.",
    setup_guides=(
        SetupGuide(
            title="Role, warehouse, database, schema and user",
            about="An outline with LaunchDarkly’s default names. Replace PROJECT__ENVIRONMENT with the two keys in "
            "capitals. If LaunchDarkly’s generated script differs, use that one: it also grants the permissions on the "
            "schema. The user gets public_key_pkcs8.",
            language="SQL",
            text=OUTLINE,
            source="https://launchdarkly.com/docs/integrations/data-export/snowflake",
            own=(("public_key_pkcs8", "PUBLIC_KEY_PKCS8"),),
        ),
        SetupGuide(
            title="The network policy",
            about="Only if the account restricts networks: allows LaunchDarkly’s IP address for that user.",
            language="SQL",
            text=NETWORK_POLICY,
            source="https://launchdarkly.com/docs/integrations/data-export/snowflake",
        ),
    ),
    pastes=(
        # https://docs.snowflake.com/en/user-guide/organizations-connect
        Paste(
            name="Snowsight URL",
            sign=r"app\.snowflake\.(?:com|cn)/[a-z0-9]",
            parts=(
                r"(?:https?://)?app\.snowflake\.(?P<domain>com|cn)/(?P<region>[a-z0-9]{1,20}-[a-z0-9.-]{1,60})/"
                rf"(?P<locator>[a-z0-9]+){URL_REST}",
                r"(?:https?://)?app\.snowflake\.(?P<domain>com|cn)/(?P<organization>[a-z0-9]+)/"
                rf"(?P<account>[a-z0-9_-]+){URL_REST}",
            ),
            made=(
                ("snowflake_host_address", "https://{organization}-{account}.snowflakecomputing.{domain}"),
                ("snowflake_host_address", "https://{locator}.{region}.snowflakecomputing.{domain}"),
            ),
            example="https://app.snowflake.com/myorg/account123/#/homepage",
        ),
        Paste(
            name="account URL",
            sign=r"[a-z0-9]\.snowflakecomputing\.(?:com|cn|mil)\b",
            parts=(
                r"(?:[a-z:]{1,20}//)?(?P<host>[a-z0-9][a-z0-9_-]{0,99}(?:\.[a-z0-9-]{1,63}){0,6}\.snowflakecomputing\."
                rf"(?:com|cn|mil))(?P<unused_port>:\d{{1,5}})?{URL_REST}",
            ),
            made=(("snowflake_host_address", "https://{host}"),),
            example="myorg-account123.snowflakecomputing.com/console/login",
        ),
        # What LaunchDarkly returns when it generates a pair.
        Paste(
            name="key pair",
            sign=r"[\"']public_?key[\"']?\s*:",
            parts=(rf"[\"']public_?key[\"']?\s*:\s*[\"'](?P<public_key>[a-z0-9+/=]{{40,}}|{PEM})",),
            example='{"public_key": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsandboxPublicKeyOnly"}',
        ),
        Paste(
            name="public key",
            sign=r"-----BEGIN (?:RSA )?PUBLIC KEY-----",
            parts=(rf"(?P<public_key>{PEM})",),
            example="-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n-----END PUBLIC KEY-----",
        ),
        Paste(
            name="private key",
            sign=r"-----BEGIN (?:RSA |ENCRYPTED )?PRIVATE KEY-----",
            instead="This is a private key. Enter the public key of the pair instead.",
            example="-----BEGIN PRIVATE KEY-----",
        ),
    ),
    # https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
    terraform=False,
)
