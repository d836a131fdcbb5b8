"""An invalid spec is refused when it is created, with the name of its field."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from destinations_ui.kinds import Field, Kind, Mark, SpecError
from destinations_ui.kinds.validators import aws_region


def field(**changes: Any) -> Field:
    """Return a valid field with changes."""
    return Field(
        **{"name": "topic", "api": "topic", "label": "Topic", "help": "Where it is.", "example": "events"} | changes
    )


def kind(**changes: Any) -> Kind:
    """Return a valid kind with changes."""
    good: dict[str, Any] = {
        "slug": "pigeon",
        "label": "Carrier pigeon",
        "summary": "Sends events by air.",
        "docs": "https://launchdarkly.com/docs/pigeon",
        "mark": Mark("CP", "#0b62b8"),
        "fields": (field(),),
    }
    return Kind(**good | changes)


def column(**changes: Any) -> Field:
    """Return a valid column with changes."""
    return field(**{"name": "loft", "api": "loft"} | changes)


def rows(**changes: Any) -> Field:
    """Return a valid field with columns and changes."""
    return field(**{"name": "lofts", "api": "lofts", "example": "", "columns": (column(),)} | changes)


def test_a_valid_kind_is_accepted() -> None:
    made = kind(fields=(field(), rows(required=False)), at_least_one=(("lofts",),))
    assert made.split(made.examples()).request == {"topic": "events", "lofts": [{"loft": "events"}]}


@pytest.mark.parametrize("name", ["", "Topic", "topicName", "topic-name", "1topic", "_topic", "topic_", "a__b", "a\n"])
def test_a_name_that_is_not_snake_case_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="snake_case") as caught:
        field(name=name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("api", ["", "Topic", "topic_name", "topic-name", "1topic", "topic name", "topic\n"])
def test_an_api_name_that_is_not_camel_case_is_refused(api: str) -> None:
    with pytest.raises(SpecError, match="camelCase") as caught:
        field(name="theme", api=api)
    assert "theme" in str(caught.value)


@pytest.mark.parametrize("attribute", ["label", "help", "example"])
@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_text_of_a_field_is_refused(attribute: str, empty: str) -> None:
    with pytest.raises(SpecError) as caught:
        field(name="theme", **{attribute: empty})
    assert "theme" in str(caught.value)
    assert attribute in str(caught.value)


def test_an_example_that_fails_its_validators_is_refused() -> None:
    with pytest.raises(SpecError, match=r"theme.*own validators refuse the example: Enter the region"):
        field(name="theme", validators=(aws_region(),))


def test_an_example_with_several_errors_is_refused() -> None:
    def validate(text: str) -> None:
        raise ValidationError(["Too short.", "Too red."])

    with pytest.raises(SpecError, match=r"theme.*Too short\. Too red\."):
        field(name="theme", validators=(validate,))


def test_an_example_that_is_not_a_choice_is_refused() -> None:
    with pytest.raises(SpecError, match=r"theme.*not one of the choices"):
        field(name="theme", choices=(("a", "A"), ("b", "B")))


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": True},
        {"choices": (("a", "A"),)},
        {"suggestions": (("a", "A"),)},
        {"validators": (aws_region(),)},
        {"example": "a"},
    ],
)
def test_a_field_with_columns_has_no_other_attributes(changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"lofts.*columns"):
        rows(**changes)


@pytest.mark.parametrize("changes", [{"secret": True}, {"required": False}])
def test_a_column_is_a_plain_text(changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"lofts.*column loft"):
        rows(columns=(column(**changes),))


def test_a_column_has_no_columns() -> None:
    with pytest.raises(SpecError, match=r"nests.*column lofts"):
        rows(name="nests", columns=(rows(),))


@pytest.mark.parametrize(
    ("second", "words"),
    [({"api": "other"}, "name loft appears twice"), ({"name": "other"}, "api loft appears twice")],
)
def test_two_columns_with_the_same_name_are_refused(second: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=f"lofts.*{words}"):
        rows(columns=(column(), column(**second)))


@pytest.mark.parametrize(
    ("second", "words"),
    [({"api": "other"}, "name topic appears twice"), ({"name": "other"}, "api topic appears twice")],
)
def test_two_fields_with_the_same_name_are_refused(second: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=f"Kind pigeon.*{words}"):
        kind(fields=(field(), field(**second)))


@pytest.mark.parametrize("slug", ["", "Pigeon", "carrier_pigeon", "-pigeon", "pigeon-", "a--b", "1a", "a b", "a\n"])
def test_an_invalid_slug_is_refused(slug: str) -> None:
    with pytest.raises(SpecError, match="lower case with hyphens") as caught:
        kind(slug=slug)
    assert repr(slug) in str(caught.value)


@pytest.mark.parametrize(
    ("letters", "color"),
    [("", "#0b62b8"), ("Big", "#0b62b8"), ("<", "#0b62b8"), ("B", "blue"), ("B", "#0b6"), ("B", '#0b62b8"')],
)
def test_an_ill_formed_mark_is_refused(letters: str, color: str) -> None:
    with pytest.raises(SpecError, match="mark"):
        Mark(letters, color)


@pytest.mark.parametrize("attribute", ["label", "summary"])
def test_an_empty_text_of_a_kind_is_refused(attribute: str) -> None:
    with pytest.raises(SpecError, match=f"Kind pigeon: {attribute} is empty"):
        kind(**{attribute: " "})


@pytest.mark.parametrize(
    "docs", ["", "http://launchdarkly.com/", "launchdarkly.com/docs", "javascript:alert(1)", "https:"]
)
def test_documentation_is_an_https_url(docs: str) -> None:
    with pytest.raises(SpecError, match="Kind pigeon: docs"):
        kind(docs=docs)


def test_a_kind_without_fields_is_refused() -> None:
    with pytest.raises(SpecError, match="Kind pigeon: it has no fields"):
        kind(fields=())


@pytest.mark.parametrize("group", [("topic",), ("lofts", "topic"), ("unknown",), ()])
def test_at_least_one_lists_optional_fields(group: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match="Kind pigeon: at_least_one") as caught:
        kind(fields=(field(), rows(required=False)), at_least_one=(group,))
    assert all(name in str(caught.value) for name in group if name != "lofts")


def test_a_spec_is_immutable() -> None:
    made = kind()
    for thing, attribute in ((made, "slug"), (made.fields[0], "secret")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, attribute, "other")
