"""The vendors' rules: what they accept and refuse, and their messages.

The rules are copied from the vendors' documentation, which ``destinations_ui/kinds/validators.py`` names.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from destinations_ui.kinds import validators
from destinations_ui.kinds.spec import Validator

ROLE = "arn:aws:iam::123456789012:role"
STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream"
CONNECTION_STRING = (
    "Endpoint=sb://contoso-events.servicebus.windows.net/;SharedAccessKeyName=send;"
    "SharedAccessKey=c2FuZGJveA==;EntityPath=launchdarkly"
)
TOPIC = "projects/acme-analytics/topics/launchdarkly-events"
PUBLIC_KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"

#: Rule → accepted and refused values.
RULES: dict[Callable[[], Validator], tuple[list[str], list[str]]] = {
    validators.event_hub_namespace: (
        ["namesp", "contoso-events", "Contoso-1", "a" * 50, "a-----1"],
        [
            *("name5", "a" * 51, "1contoso", "-contoso", "contoso-", "contoso_events", "contoso events", "cöntoso"),
            *("contoso.events", "contoso-events.servicebus.windows.net", CONNECTION_STRING, "sb://contoso-events/"),
        ],
    ),
    validators.event_hub_name: (
        ["a", "1", "launchdarkly", "Launch.dark-ly_2", "a" * 256],
        ["a" * 257, ".hub", "hub.", "-hub", "hub-", "_hub", "hub_", "my hub", "my/hub", "hüb", CONNECTION_STRING],
    ),
    validators.shared_access_policy: (
        ["a", "RootManageSharedAccessKey", "launchdarkly-send", "a.b-c_d", "a" * 256],
        ["a" * 257, ".send", "send-", "_send", "my policy", "sénd", "send/", CONNECTION_STRING],
    ),
    validators.google_project_id: (
        ["acme-1", "acme-analytics", "a" * 30, "test-project", "example.com:acme-analytics"],
        [
            *("acme1", "a" * 31, "1acme-analytics", "-acme-analytics", "acme-analytics-", "Acme-Analytics"),
            *("acme_analytics", "acme.analytics", "acme analytics", "123456789012", TOPIC, "projects/acme-analytics"),
            *(":acme-analytics", "example.com:", "-a.com:acme-analytics", "äcme-analytics"),
        ],
    ),
    validators.pubsub_topic_id: (
        ["abc", "launchdarkly-events", "A1-_.~+%", "a" * 255, "not-goog", "Goods", "test-topic"],
        [
            *("ab", "a" * 256, "1abc", "-abc", "goog-events", "google", "my topic", "my/topic", "tøpic", TOPIC),
            "topics/launchdarkly-events",
        ],
    ),
    validators.aws_region: (
        ["us-east-1", "eu-central-2", "ap-southeast-7", "us-gov-west-1", "cn-north-1", "mx-central-1"],
        [
            *("us-east", "us-east-1a", "US-EAST-1", "useast1", "us_east_1", "N. Virginia", "us-east-123", "us--1"),
            *("us-east-\u0661", STREAM_ARN, "https://kinesis.us-east-1.amazonaws.com"),
        ],
    ),
    validators.kinesis_stream_name: (
        ["a", "cat-stream", "Cat_Stream.2", "-", "a" * 128],
        ["a" * 129, "cat stream", "cat/stream", "cät", STREAM_ARN, "stream/cat-stream"],
    ),
    validators.iam_role_arn: (
        [
            *(f"{ROLE}/marketingadmin", f"{ROLE}/a/path/name", f"{ROLE}/" + "a" * 64, f"{ROLE}/Name_+=,.@-9"),
            *("arn:aws-us-gov:iam::123456789012:role/x", "arn:aws-cn:iam::123456789012:role/x"),
            *("arn:aws-eusc:iam::123456789012:role/x", "arn:aws-iso:iam::123456789012:role/x"),
            *("arn:aws-iso-b:iam::123456789012:role/x", "arn:aws-iso-f:iam::123456789012:role/x"),
            f"{ROLE}/{'p' * 510}/x",
        ],
        [
            *("marketingadmin", "role/marketingadmin", ROLE, f"{ROLE}/", f"{ROLE}/" + "a" * 65, f"{ROLE}/a b"),
            *("arn:aws:iam::12345678901:role/x", "arn:aws:iam::1234567890123:role/x", "arn:aws:iam:::role/x"),
            *("arn:aws:iam:us-east-1:123456789012:role/x", "ARN:AWS:IAM::123456789012:ROLE/x", STREAM_ARN),
            *("arn:aws:iam::123456789012:user/oskar", "arn:aws:sts::123456789012:assumed-role/x/y"),
            *("arn:aws:iam::12345678901\u0662:role/x", f" {ROLE}/x", f"{ROLE}/x ", f"{ROLE}/{'p' * 511}/x"),
        ],
    ),
    validators.snowflake_account_url: (
        [
            "https://myorg-account123.snowflakecomputing.com",
            "https://myorg-account123.snowflakecomputing.com/",
            "https://MYORG-ACCOUNT_1.snowflakecomputing.com",
            "https://xy12345.eu-central-1.aws.snowflakecomputing.com",
            "https://xy12345.eu-central-1.privatelink.snowflakecomputing.com",
            "https://xy12345.cn-northwest-1.snowflakecomputing.cn",
            "https://xy12345.us-gov-west-1.snowflakecomputing.mil",
            "HTTPS://MYORG-ACCOUNT123.SNOWFLAKECOMPUTING.COM",
            f"https://{'a' * 63}.snowflakecomputing.com",
        ],
        [
            "myorg-account123.snowflakecomputing.com",
            "http://myorg-account123.snowflakecomputing.com",
            "https://myorg-account123.snowflakecomputing.com/console",
            "https://myorg-account123.snowflakecomputing.com:443",
            "https://myorg-account123.snowflakecomputing.com?x=1",
            "https://myorg-account123.snowflakecomputing.com.example.com",
            "https://snowflakecomputing.com",
            "https://.snowflakecomputing.com",
            "https://oskar@myorg.snowflakecomputing.com",
            "https://example.com/.snowflakecomputing.com",
            "https://myorg.snowflakecomputing.org",
            "https://app.snowflake.com/myorg/account123",
            "https://app.snowflakecomputing.com",
            "https://myorg-account123.registry.snowflakecomputing.com",
            f"https://{'a' * 64}.snowflakecomputing.com",
            f"https://xy12345.{'a' * 64}.snowflakecomputing.com",
            "myorg-account123",
        ],
    ),
    validators.public_key: (
        [PUBLIC_KEY, "x" * 40, f"-----BEGIN PUBLIC KEY-----\n{PUBLIC_KEY}\n-----END PUBLIC KEY-----\n"],
        ["MIIB", "x" * 39],
    ),
    validators.context_kind: (
        ["user", "a", "anonymousUser", "org.unit-1_x", "a" * 256, "kinds", "Multi"],
        ["a" * 257, "kind", "multi", "my kind", "kind/user", "üser", "user:1"],
    ),
    validators.mparticle_identity: (
        ["customer_id", "email", "other_id_10", "mobile_number", "a" * 64],
        ["a", "a" * 65, "Customer ID", "customerId", "customer-id", "1id", "_id", "kundé"],
    ),
}

ACCEPTED = [(rule, text) for rule, (texts, _) in RULES.items() for text in texts]
REFUSED = [(rule, text) for rule, (_, texts) in RULES.items() for text in texts]


def refusal(rule: Callable[[], Validator], text: str) -> str:
    """Return a rule's message for a refused text."""
    with pytest.raises(ValidationError) as caught:
        rule()(text)
    return str(caught.value.message)


def names(pairs: list[tuple[Callable[[], Validator], str]]) -> list[str]:
    """Return the names of cases."""
    return [f"{rule.__name__}-{text[:40]}-{len(text)}" for rule, text in pairs]


def test_every_rule_is_in_the_table() -> None:
    made = {name for name, value in vars(validators).items() if getattr(value, "__annotations__", {}) == RETURNS}
    assert made == {rule.__name__ for rule in RULES}


#: The error of a rule factory called without arguments.
RETURNS = {"return": "Rule"}


@pytest.mark.parametrize(("rule", "text"), ACCEPTED, ids=names(ACCEPTED))
def test_a_value_that_the_vendor_accepts_is_accepted(rule: Callable[[], Validator], text: str) -> None:
    rule()(text)


@pytest.mark.parametrize(("rule", "text"), REFUSED, ids=names(REFUSED))
def test_a_value_that_the_vendor_refuses_is_refused(rule: Callable[[], Validator], text: str) -> None:
    message = refusal(rule, text)
    assert message.endswith(".") or "Example: " in message
    assert any(word in message for word in ("Enter", "leave out"))
    # The example may equal or contain the value.
    assert len(text) <= 12 or text not in message.partition("Example: ")[0]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not validators.public_key])
@pytest.mark.parametrize("stray", ["\n", "\r\n", " ", "\0", "\u200b"])
def test_text_before_or_after_the_value_is_refused(rule: Callable[[], Validator], stray: str) -> None:
    for text in RULES[rule][0]:
        refusal(rule, text + stray)
        refusal(rule, stray + text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_an_empty_text_is_refused(rule: Callable[[], Validator]) -> None:
    refusal(rule, "")


@pytest.mark.parametrize(
    ("rule", "text", "words"),
    [
        (validators.event_hub_namespace, "contoso-events.servicebus.windows.net", "the part before .servicebus"),
        (validators.event_hub_namespace, CONNECTION_STRING, "whole connection string"),
        (validators.event_hub_name, CONNECTION_STRING, "whole connection string"),
        (validators.shared_access_policy, CONNECTION_STRING, "whole connection string"),
        (validators.google_project_id, TOPIC, "between projects/ and /topics/"),
        (validators.google_project_id, "123456789012", "not its number"),
        (validators.pubsub_topic_id, TOPIC, "the part after /topics/"),
        (validators.pubsub_topic_id, "google-events", "doesn’t begin with goog"),
        (validators.aws_region, "us-east-1a", "not the availability zone"),
        (validators.aws_region, STREAM_ARN, "fourth part"),
        (validators.kinesis_stream_name, STREAM_ARN, "not its ARN"),
        (validators.iam_role_arn, STREAM_ARN, "the stream’s ARN"),
        (validators.iam_role_arn, "arn:aws:iam::123456789012:user/oskar", "a user, group or policy"),
        (validators.iam_role_arn, "arn:aws:sts::123456789012:assumed-role/x/y", "a role session"),
        (validators.snowflake_account_url, "https://app.snowflake.com/myorg/a1", "Snowsight"),
        (validators.snowflake_account_url, "https://a1.snowflakecomputing.com/console", "nothing after it"),
        (validators.context_kind, "kind", "reserves this word"),
        (validators.context_kind, "multi", "reserves this word"),
    ],
)
def test_a_common_mistake_has_its_own_message(rule: Callable[[], Validator], text: str, words: str) -> None:
    assert words in refusal(rule, text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_message_never_repeats_the_value(rule: Callable[[], Validator]) -> None:
    validate = rule()
    prefixes = st.sampled_from(["", "arn:aws:iam::", "projects/", "https://app.snowflake.com/", "Endpoint=sb://"])

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.builds(str.__add__, prefixes, st.text(min_size=13)))
    def check(text: str) -> None:
        try:
            validate(text)
        except ValidationError as error:
            assert text not in str(error)  # noqa: PT017  # an accepted text is fine too
            assert text not in repr(error)  # noqa: PT017  # as above
        else:
            assume(False)

    if rule is not validators.public_key:  # It has no maximum length.
        check()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_text_makes_a_rule_slow(rule: Callable[[], Validator]) -> None:
    # A rule with catastrophic backtracking would not end.
    validate = rule()
    for text in ("a-" * 50_000, "a." * 50_000 + "!", f"{ROLE}/" + "a/" * 50_000 + " ", "https://" + "a.b-" * 50_000):
        try:
            validate(text)
        except ValidationError:
            continue
        assert rule is validators.public_key


@pytest.mark.parametrize(
    "text",
    [
        CONNECTION_STRING,
        "DefaultEndpointsProtocol=https;AccountKey=c2FuZGJveA==",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        "api-4dfc17e5-2acc-4075-83bf-0123456789ab",
        "the key is sdk-4dfc17e5-2acc-4075-83bf-0123456789ab",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
        "MIIJQgIBADANBgkqhkiG9w0BAQEFAASCCSwwggkoAgEAAoICAQC1pQ",
        "MIIEpAIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun",
    ],
)
def test_a_text_that_contains_a_secret_is_recognized(text: str) -> None:
    assert validators.holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC_KEY,
        "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAu1SU1LfVLPHCozMxH2Mo",
        f"-----BEGIN PUBLIC KEY-----\n{PUBLIC_KEY}\n-----END PUBLIC KEY-----",
        "Endpoint=sb://contoso-events.servicebus.windows.net/",
        "api-gateway",
        "launchdarkly-events",
        "Rotate the shared access key",
        *(text for _, text in ACCEPTED),
    ],
)
def test_an_ordinary_text_is_not_mistaken_for_a_secret(text: str) -> None:
    assert not validators.holds_secret(text)
