"""Pasted texts: the browser parses them, and the server refuses one left in a field."""

from __future__ import annotations

import pytest

from destinations_ui import kinds
from destinations_ui.kinds import Kind, SpecError, client_spec
from destinations_ui.kinds.spec.paste import Paste
from tests.support.attempts import KINDS, WITH_SECRETS
from tests.support.pasted_texts import TEXTS, Text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_every_kind_recognizes_the_examples_of_its_texts(kind: Kind) -> None:
    assert kind.pastes
    for paste in kind.pastes:
        assert kind.whole_text(paste.example)


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_a_whole_text_is_recognized(text: Text) -> None:
    assert kinds.registry()[text.kind].whole_text(text.text)


@pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
def test_no_secret_is_mistaken_for_a_whole_text(kind: Kind) -> None:
    assert not any(kind.whole_text(field.example) for field in kind.fields if field.secret)


def test_what_is_cut_away_fills_nothing() -> None:
    paste = Paste(name="note", sign="coo", parts=(r"(?P<loft>co+)(?P<unused_echo>-co+)?",), example="coo-coo")

    assert paste.fills() == {"loft"}


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_the_browser_gets_what_to_enter_instead(text: Text) -> None:
    payload = client_spec.payload(kinds.registry()[text.other or text.kind], [])
    instead = {paste["name"]: paste.get("instead", "") for paste in payload["pastes"]}

    assert text.instead in instead.get(text.source, "")


def test_a_text_without_a_sign_or_with_an_invalid_pattern_is_refused() -> None:
    with pytest.raises(SpecError, match="sign is not found"):
        Paste(name="note", sign="coo", parts=("(?P<loft>x)",), example="grrr")
    with pytest.raises(SpecError, match="pattern"):
        Paste(name="note", sign="(", parts=(), example="x")
