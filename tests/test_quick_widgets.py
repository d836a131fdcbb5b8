"""Widgets that are drawn without a template are what Django's templates draw."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django import forms
from django.test.html import parse_html

from destinations_ui.quick_widgets import QuickDate, QuickSearch, QuickSelect, QuickText


@pytest.mark.parametrize("value", [None, "", "plain", "\"><script>'&", "é", datetime.date(2026, 11, 23)])
@pytest.mark.parametrize(
    ("quick", "slow"),
    [
        (QuickText, forms.TextInput),
        (QuickSearch, forms.SearchInput),
        (QuickDate, forms.DateInput),
    ],
)
def test_a_field_to_type_into(quick: type[forms.Widget], slow: type[forms.Widget], value: Any) -> None:
    given = {"class": "input", "data-mark": "<&>"}
    later = {"id": "id_q", "aria-invalid": "true", "maxlength": 200, "required": False, "disabled": True}

    assert parse_html(quick(given).render("q", value, later)) == parse_html(slow(given).render("q", value, later))


@pytest.mark.parametrize("value", [None, "", "b", "<&>", "no such choice"])
def test_a_field_to_choose_from(value: str | None) -> None:
    choices = [("", "All"), ("b", "<B>"), ("<&>", "\"C'")]
    quick, slow = QuickSelect({"class": "input"}), forms.Select({"class": "input"})
    quick.choices = slow.choices = choices

    assert parse_html(quick.render("kind", value, {"id": "x"})) == parse_html(slow.render("kind", value, {"id": "x"}))
