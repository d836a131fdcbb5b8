"""The contract of every kind, tested with its examples."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from destinations_ui import kinds
from destinations_ui.conf.secret import Secret
from destinations_ui.kinds import Field, Kind, Mark
from destinations_ui.kinds.spec import Value

#: Every kind's mark, and the one of unknown kinds.
MARKS = {slug: kinds.mark(slug) for slug in [*kinds.registry(), "databricks"]}

REQUIRED, OPTIONAL, SECRET = "required", "optional", "required and secret"

#: The form's name, LaunchDarkly's name, and the field's type. Typed from the design and from LaunchDarkly's and
#: Terraform's documentation, so that the specs are checked independently.
NAMES = {
    "azure-event-hubs": [
        ("namespace", "namespace", REQUIRED),
        ("name", "name", REQUIRED),
        ("policy_name", "policyName", REQUIRED),
        ("policy_key", "policyKey", SECRET),
    ],
    "google-pubsub": [
        ("project", "project", REQUIRED),
        ("topic", "topic", REQUIRED),
    ],
    "kinesis": [
        ("region", "region", REQUIRED),
        ("role_arn", "roleArn", REQUIRED),
        ("stream_name", "streamName", REQUIRED),
    ],
    "mparticle": [
        ("api_key", "apiKey", SECRET),
        ("secret", "secret", SECRET),
        ("environment", "environment", REQUIRED),
        ("user_identities", "userIdentities", OPTIONAL),
        ("user_identity", "userIdentity", OPTIONAL),
        ("anonymous_user_identity", "anonymousUserIdentity", OPTIONAL),
    ],
    "segment": [
        ("write_key", "writeKey", SECRET),
        ("user_id_context_kind", "userIDContextKind", OPTIONAL),
        ("anonymous_id_context_kind", "anonymousIDContextKind", OPTIONAL),
    ],
    "snowflake-v2": [
        ("snowflake_host_address", "snowflakeHostAddress", REQUIRED),
        ("public_key", "publicKey", REQUIRED),
    ],
}

every_kind = pytest.mark.parametrize("kind", kinds.registry().values(), ids=kinds.registry().keys())


def everything(kind: Kind) -> Iterator[Field]:
    """Yield the fields of a kind and their columns."""
    for field in kind.fields:
        yield field
        yield from field.columns


def secrets_of(kind: Kind) -> list[str]:
    """Return the example of each secret field."""
    return [field.example for field in kind.fields if field.secret]


def test_the_six_kinds_are_sorted_by_label() -> None:
    registry = kinds.registry()
    assert set(registry) == set(NAMES)
    assert all(slug == kind.slug for slug, kind in registry.items())
    labels = [kind.label for kind in registry.values()]
    assert labels == sorted(labels, key=str.casefold)
    assert len(set(labels)) == 6


@every_kind
def test_the_fields_have_the_documented_names(kind: Kind) -> None:
    found = [
        (field.name, field.api, SECRET if field.secret else REQUIRED if field.required else OPTIONAL)
        for field in kind.fields
    ]
    assert found == NAMES[kind.slug]


def test_the_mapping_of_mparticle_has_launchdarklys_two_columns() -> None:
    columns = kinds.registry()["mparticle"].field("user_identities").columns
    assert [column.api for column in columns] == ["ldContextKind", "mparticleUserIdentity"]
    assert kinds.registry()["mparticle"].at_least_one == (("user_identities", "user_identity"),)


def test_mparticle_knows_its_two_environments() -> None:
    choices = kinds.registry()["mparticle"].field("environment").choices
    assert {value for value, _ in choices} == {"production", "development"}


@every_kind
def test_the_file_is_named_like_the_kind(kind: Kind) -> None:
    # The slug is LaunchDarkly's; Snowflake's has a version.
    (module,) = [name for name in module_names() if kind.slug.startswith(name)]
    assert kind.slug.removeprefix(module) in {"", "-v2"}


def module_names() -> list[str]:
    """Return the names of the kinds' modules as slugs."""
    return [
        module.name.replace("_", "-")
        for module in _modules()
        if hasattr(importlib.import_module(f"{kinds.__name__}.{module.name}"), "KIND")
    ]


def _modules() -> Iterator[pkgutil.ModuleInfo]:
    return pkgutil.iter_modules(kinds.__path__)


@every_kind
def test_the_examples_are_sent_with_launchdarklys_names(kind: Kind) -> None:
    config = kind.split(kind.examples()).request
    assert list(config) == [api for _, api, _ in NAMES[kind.slug]]
    assert json.loads(json.dumps(config)) == config


def test_the_configurations_match_launchdarklys_documentation() -> None:
    configs = {slug: kind.split(kind.examples()).request for slug, kind in kinds.registry().items()}
    assert configs["kinesis"] == {
        "region": "us-east-1",
        "roleArn": "arn:aws:iam::123456789012:role/marketingadmin",
        "streamName": "cat-stream",
    }
    assert configs["mparticle"]["userIdentities"] == [{"ldContextKind": "user", "mparticleUserIdentity": "customer_id"}]


@every_kind
def test_all_values_except_the_secrets_can_be_shown(kind: Kind) -> None:
    public = kind.split(kind.examples()).public
    assert list(public) == [api for _, api, what in NAMES[kind.slug] if what is not SECRET]
    assert not any(secret in repr(public) for secret in secrets_of(kind))


@every_kind
def test_the_secrets_are_wrapped(kind: Kind) -> None:
    secrets = kind.split(kind.examples()).secrets
    assert list(secrets) == [api for _, api, what in NAMES[kind.slug] if what is SECRET]
    assert [secret.reveal() for secret in secrets.values()] == secrets_of(kind)
    assert not any(secret in repr(secrets) + repr(kind.examples()) for secret in secrets_of(kind))


@every_kind
def test_an_unknown_value_is_neither_sent_nor_shown(kind: Kind) -> None:
    values = kind.examples() | {"stray": "marker", "secret_too": Secret("marker")}
    assert "marker" not in repr([kind.split(values).request, kind.split(values).public])
    assert set(kind.split(values).secrets) == set(kind.split(kind.examples()).secrets)


@every_kind
def test_an_optional_field_left_empty_is_not_sent(kind: Kind) -> None:
    empties: tuple[Value, ...] = ("", [], ())
    for empty in empties:
        values = kind.examples() | {field.name: empty for field in kind.fields if not field.required}
        expected = [api for _, api, what in NAMES[kind.slug] if what is not OPTIONAL]
        assert list(kind.split(values).request) == expected
    required_only = {field.name: kind.examples()[field.name] for field in kind.fields if field.required}
    assert kind.split(required_only).request == kind.split(values).request


@every_kind
def test_an_empty_secret_is_neither_sent_nor_fingerprinted(kind: Kind) -> None:
    values = {field.name: Secret("") for field in kind.fields if field.secret}
    assert kind.split(values).request == {}
    assert kind.split(values).secrets == {}


@every_kind
def test_each_example_passes_its_validators(kind: Kind) -> None:
    for field in everything(kind):
        if not field.columns:
            assert field.example
            field.validate(field.example)
        if field.choices:
            assert field.example in dict(field.choices)


@every_kind
def test_each_suggestion_passes_the_fields_validators(kind: Kind) -> None:
    for field in everything(kind):
        assert len(dict(field.suggestions)) == len(field.suggestions)
        for value, label in field.suggestions:
            field.validate(value)
            assert label


@every_kind
def test_each_field_has_a_label_and_help(kind: Kind) -> None:
    for field in everything(kind):
        assert field.label == field.label.strip()
        assert field.label[0].isupper() or field.label.startswith("mParticle")
        assert field.help.endswith(".")
        assert field.help != field.label
    labels = [field.label for field in kind.fields]
    assert len(set(labels)) == len(labels)


@every_kind
def test_each_kind_has_texts_and_documentation(kind: Kind) -> None:
    assert kind.label
    assert kind.summary.endswith(".")
    assert kind.setup.endswith(".")
    assert kind.arrival.endswith(".")
    docs = urlsplit(kind.docs)
    assert (docs.scheme, docs.hostname) == ("https", "launchdarkly.com")
    assert docs.path.startswith("/docs/")


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_a_marks_letters_stand_out_from_its_color(mark: Mark) -> None:
    assert 1.05 / (luminance(mark.color) + 0.05) >= 4.5  # WCAG 2.2, 1.4.3, on white


def test_no_two_marks_look_alike() -> None:
    assert len({mark.letters.casefold() for mark in MARKS.values()}) == len(MARKS)
    assert len({mark.color for mark in MARKS.values()}) == len(MARKS)


def luminance(color: str) -> float:
    """Return the relative luminance of a color like #0b62b8."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (((value + 0.055) / 1.055) ** 2.4 if value > 0.04045 else value / 12.92 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_unknown_field_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        kinds.registry()["kinesis"].field("topic")


@every_kind
def test_the_shown_values_prefill_a_form(kind: Kind) -> None:
    replaced = {pair.old for pair in kind.replaced}
    values = {name: value for name, value in kind.examples().items() if name not in replaced}
    typed = kind.form_values(kind.split(values).public)
    assert typed == {name: value for name, value in values.items() if not kind.field(name).secret}
    assert kind.split(typed).public == kind.split(values).public


def test_an_older_field_is_not_copied_beside_its_replacement() -> None:
    mparticle = kinds.registry()["mparticle"]
    config = mparticle.split(mparticle.examples()).public
    assert "userIdentity" in config
    assert "user_identity" not in mparticle.form_values(config)
    assert mparticle.form_values({"userIdentity": "email"}) == {"user_identity": "email"}
