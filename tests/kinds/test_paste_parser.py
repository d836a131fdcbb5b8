"""Texts that people have at hand, read by the server. ``tests/browser/test_pasting.py`` reads the same in a browser."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui import kinds
from destinations_ui.kinds import Kind, SpecError
from destinations_ui.kinds.paste_parser import Paste, read
from destinations_ui.kinds.spec.warnings import FieldWarning
from tests.support.attempts import KINDS
from tests.support.pasted_texts import OTHER_TEXTS, TEXTS, Text


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_what_a_text_says(text: Text) -> None:
    reading = read(kinds.registry()[text.kind], text.text)

    assert reading is not None
    assert reading.source == text.source
    assert reading.kind == text.other
    assert dict(reading.values) == ({} if text.other else text.values)
    assert dict(reading.common) == text.common
    assert dict(reading.facts) == text.facts
    assert reading.unused == text.unused


@pytest.mark.parametrize(("slug", "text"), OTHER_TEXTS)
def test_what_is_no_known_text_says_nothing(slug: str, text: str) -> None:
    assert read(kinds.registry()[slug], text) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_each_text_of_a_kind_reads_its_own_example(kind: Kind) -> None:
    assert kind.pastes
    for paste in kind.pastes:
        reading = read(kind, paste.example)
        assert reading is not None
        assert reading.values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_what_is_sent_is_read_back_from_its_json(kind: Kind) -> None:
    body = {"name": "Any", "kind": kind.slug, "on": True, "config": kind.config(kind.examples())}

    reading = read(kind, json.dumps(body))

    assert reading is not None
    assert reading.unused == ()
    assert kind.config(reading.values) == body["config"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_no_example_of_a_plain_field_is_taken_for_a_text(kind: Kind) -> None:
    for field in kind.fields:
        reading = read(kind, field.example) if field.example else None
        assert reading is None or dict(reading.values) == {field.name: field.example}


@given(text=st.text(max_size=300) | st.from_regex(r"\A[\w\s=:;\"'{}\[\]$%/.-]{0,200}\Z"), kind=st.sampled_from(KINDS))
def test_no_text_breaks_the_reading_and_no_value_is_listed_as_unused(text: str, kind: Kind) -> None:
    for whole in (text, f"launchdarkly_destination config = {{ {text}", f'{{"config": {{{text}}}}}'):
        reading = read(kind, whole)
        if reading:
            assert not any(character in name for name in reading.unused for character in ";\n") or "{" in whole


def test_a_secret_of_a_reading_is_not_in_its_words() -> None:
    reading = read(kinds.registry()["azure-event-hubs"], TEXTS[0].text)

    assert TEXTS[0].values["policy_key"] not in repr(reading)


def test_a_text_that_fills_nothing_of_its_kind_is_refused() -> None:
    with pytest.raises(SpecError, match="sign is not found"):
        Paste(name="note", sign="coo", parts=("(?P<loft>x)",), example="grrr")
    with pytest.raises(SpecError, match="pattern"):
        Paste(name="note", sign="(", parts=(), example="x")
    with pytest.raises(SpecError, match="when or unless"):
        FieldWarning(code="odd", message="Odd.", when="a", unless="b")
