"""The vendors' rules for the values of a configuration. A message says what to type, and never repeats the value.

Each function returns a validator. LaunchDarkly itself checks almost none of this, so a wrong value would be silent
until someone misses the events.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from destinations_ui.kinds.spec.patterns import FLAGS

#: What gives away that a plain text holds a secret: keys of connection strings, private keys, LaunchDarkly's own keys.
SECRET_SIGNS = re.compile(
    r"sharedaccesskey\s*=|accountkey\s*=|private key-----|\b(?:api|sdk|mob)-[0-9a-f]{8}-[0-9a-f]{4}-"
    # How the Base64 text of an RSA private key begins (RFC 5208, RFC 8017), also without its frame.
    r"|\bMII[a-z0-9+/]{2}[AQgw]IBA"
    # A signature of Azure's, and an access key of AWS's (never the whole of it, but its secret is seldom far).
    r"|sharedaccesssignature\s|\bsig=[a-z0-9%+/]{20}|\bA(?:KI|SI)A[A-Z2-7]{16}\b|aws_secret_access_key",
    re.IGNORECASE,
)


def holds_secret(text: str) -> bool:
    """Tell whether a plain text gives itself away as holding a secret: it must be neither shown back nor stored."""
    return SECRET_SIGNS.search(text) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """A validator that wants the whole text to match a pattern. As data, so that the browser can say the same.

    Attributes:
        pattern: A regular expression for the whole text; see ``patterns``.
        message: What to type, when nothing more precise can be said.
        mistakes: (pattern found anywhere in the text, message for it): mistakes known from practice, tried first.
        any_case: Whether upper and lower case are the same to the vendor.
    """

    pattern: str
    message: str
    mistakes: tuple[tuple[str, str], ...] = ()
    any_case: bool = False

    def __call__(self, text: str) -> None:
        """Raise ``ValidationError`` with what to type when the text breaks the rule."""
        # Vendors mean plain digits, not all that Unicode has.
        if re.fullmatch(self.pattern, text, FLAGS if self.any_case else re.ASCII):
            return
        for found, answer in self.mistakes:
            if re.search(found, text, FLAGS):
                raise ValidationError(answer, code="known_mistake")
        raise ValidationError(self.message, code="invalid")


def matches(pattern: str, message: str, *mistakes: tuple[str, str], any_case: bool = False) -> Rule:
    """Return the :class:`Rule` with these parts."""
    return Rule(pattern, message, mistakes, any_case)


CONNECTION_STRING = (
    r"endpoint=",
    "This looks like a whole connection string. Enter only this field’s part.",
)


def event_hub_namespace() -> Rule:
    """Azure: 6 to 50 letters, digits and hyphens; begins with a letter, ends with a letter or digit.

    https://learn.microsoft.com/azure/templates/microsoft.eventhub/namespaces
    """
    return matches(
        r"[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]",
        "Enter the namespace’s short name: 6 to 50 letters, digits or hyphens. It begins with a letter and ends with a "
        "letter or digit. Example: contoso-events",
        CONNECTION_STRING,
        (
            r"servicebus\.",
            "Enter only the namespace’s short name, the part before .servicebus. Example: contoso-events",
        ),
    )


def event_hub_name() -> Rule:
    """Azure: 1 to 256 letters, digits, ``.``, ``-`` and ``_``; begins and ends with a letter or digit.

    https://learn.microsoft.com/azure/templates/microsoft.eventhub/namespaces/eventhubs
    """
    return matches(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?",
        "Enter the event hub’s name: up to 256 letters, digits, dots, hyphens or underscores. It begins and ends with "
        "a letter or digit. Example: launchdarkly",
        CONNECTION_STRING,
    )


def shared_access_policy() -> Rule:
    """Azure: up to 256 letters, digits, ``.``, ``-`` and ``_``; begins and ends with a letter or digit.

    The template reference says 50; Azure itself accepts longer ones, so those are a warning.
    https://learn.microsoft.com/azure/templates/microsoft.eventhub/namespaces/authorizationrules
    """
    return matches(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?",
        "Enter the shared access policy’s name: up to 256 letters, digits, dots, hyphens or underscores. It begins and "
        "ends with a letter or digit. Example: launchdarkly-send",
        CONNECTION_STRING,
    )


def google_project_id() -> Rule:
    """Google Cloud: 6 to 30 lower-case letters, digits and hyphens; old ids may carry a domain before a colon.

    https://cloud.google.com/sdk/gcloud/reference/projects/create
    """
    return matches(
        r"(?:[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
        "Enter the project ID: 6 to 30 lower-case letters, digits or hyphens. It begins with a letter and doesn’t end "
        "with a hyphen. Example: acme-analytics",
        (
            r"projects/|/topics/",
            "Enter only the project ID: the part between projects/ and /topics/. Example: acme-analytics",
        ),
        (r"^\d+$", "Enter the project ID, not its number. Example: acme-analytics"),
    )


def pubsub_topic_id() -> Rule:
    """Google Pub/Sub: 3 to 255 characters, begins with a letter and not with ``goog``.

    https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
    """
    return matches(
        r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}",
        "Enter the topic ID: 3 to 255 letters, digits or -_.~+%. It begins with a letter and not with goog. "
        "Example: launchdarkly-events",
        (
            r"/topics/|projects/",
            "Enter only the topic ID: the part after /topics/. Example: launchdarkly-events",
        ),
        (r"^goog", "Enter a topic ID that doesn’t begin with goog: Google reserves those."),
    )


def aws_region() -> Rule:
    """AWS: a region's code, such as ``us-east-1``.

    https://docs.aws.amazon.com/general/latest/gr/ak.html
    """
    return matches(
        r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}",
        "Enter the region code. Example: us-east-1",
        (
            r"^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}[a-z]$",
            "Enter the region, not the availability zone: remove the last letter. Example: us-east-1",
        ),
        (
            r"^arn:",
            "Enter only the region code: the fourth part of the stream’s ARN. Example: us-east-1",
        ),
    )


def kinesis_stream_name() -> Rule:
    """Kinesis: 1 to 128 letters, digits, ``.``, ``-`` and ``_``.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
    """
    return matches(
        r"[A-Za-z0-9_.-]{1,128}",
        "Enter the stream name: up to 128 letters, digits, dots, hyphens or underscores. Example: cat-stream",
        (
            r"^arn:",
            "Enter the stream name, not its ARN: only the part after stream/. Example: cat-stream",
        ),
    )


def iam_role_arn() -> Rule:
    """AWS: the ARN of an IAM role, in any partition, with or without a path.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
    """
    example = "Example: arn:aws:iam::123456789012:role/marketingadmin"
    return matches(
        r"arn:aws(?:-us-gov|-cn|-eusc|-iso(?:-[bef])?)?:iam::\d{12}:role/(?:[\x21-\x7E]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}",
        f"Enter the role’s whole ARN. {example}",
        (
            r"^arn:[a-z-]+:kinesis:",
            f"This is the stream’s ARN. Enter the ARN of the IAM role with permission to write to it. {example}",
        ),
        (
            r"^arn:[a-z-]+:iam::\d{12}:(?:user|group|policy)/",
            f"This is the ARN of a user, group or policy. Enter the ARN of a role. {example}",
        ),
        (
            r"^arn:[a-z-]+:sts:",
            f"This is the ARN of a role session. Enter the role’s own ARN, as shown in IAM. {example}",
        ),
    )


def snowflake_account_url() -> Rule:
    """Snowflake: the account URL over https, organization or locator form, public or private link, in any case.

    https://docs.snowflake.com/en/user-guide/organizations-connect
    """
    example = "Example: https://myorg-account123.snowflakecomputing.com"
    return matches(
        r"https://(?!app\.|registry\.|[^/]*\.registry\.)[a-z0-9][a-z0-9_-]{0,62}(?:\.[a-z0-9-]{1,63})*"
        r"\.snowflakecomputing\.(?:com|cn|mil)/?",
        f"Enter the whole account URL, with https://. {example}",
        (
            r"app\.snowflake(?:computing)?\.(?:com|cn|mil)",
            "This is a Snowsight URL. Enter the account URL: account menu, View account details, "
            f"Account/Server URL. {example}",
        ),
        (r"registry\.snowflakecomputing\.", f"This is the URL of an image registry. Enter the account URL. {example}"),
        (
            r"snowflakecomputing\.(?:com|cn|mil)/.",
            f"Enter the URL up to snowflakecomputing.com and nothing after it. {example}",
        ),
        any_case=True,
    )


def host_url(text: str) -> str:
    """Return the URL of a host in its usual spelling: in lower case, without a slash at the end."""
    return text.lower().rstrip("/")


def public_key() -> Rule:
    """A public key's text, with or without its PEM frame."""
    return matches(
        r"[\s\S]{40,}",
        "Enter the whole public key that LaunchDarkly generated: its text begins with MII.",
        (r"private key-----", "This is a private key. Enter the public key."),
    )


def pem_lines(text: str) -> str:
    r"""Return a PEM text with real line breaks in place of the ``\n`` that JSON and environment files have."""
    return text.replace("\\n", "\n").strip()


def context_kind() -> Rule:
    """LaunchDarkly: the key of a context kind: letters, digits, ``.``, ``-`` and ``_``; not ``kind`` itself.

    https://launchdarkly.com/docs/home/flags/context-kinds
    """
    return matches(
        r"(?!(?:kind|multi)$)[A-Za-z0-9._-]{1,256}",
        "Enter the context kind’s key: letters, digits, dots, hyphens or underscores. Example: user",
        (r"^(?:kind|multi)$", "LaunchDarkly reserves this word. Enter a context kind’s key. Example: user"),
    )


def mparticle_identity() -> Rule:
    """mParticle: an identity type, in lower case with underscores.

    https://docs.mparticle.com/integrations/launchdarkly/feed
    """
    return matches(
        r"[a-z][a-z0-9_]{1,63}",
        "Enter the identity type in lower case with underscores. Example: customer_id",
    )
