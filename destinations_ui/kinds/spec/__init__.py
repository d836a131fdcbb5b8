"""The vocabulary of a kind's file: one idea per module."""

from __future__ import annotations

from destinations_ui.kinds.spec.errors import SpecError
from destinations_ui.kinds.spec.field import Field, PlainValue, Row, Validator, Value
from destinations_ui.kinds.spec.kind import Kind, ReplacedBy
from destinations_ui.kinds.spec.mark import Mark
from destinations_ui.kinds.spec.paste import Paste
from destinations_ui.kinds.spec.setup_guides import SetupGuide
from destinations_ui.kinds.spec.warnings import AllEmptyWarning, CrossFieldWarning, FieldWarning

__all__ = [
    "AllEmptyWarning",
    "CrossFieldWarning",
    "Field",
    "FieldWarning",
    "Kind",
    "Mark",
    "Paste",
    "PlainValue",
    "ReplacedBy",
    "Row",
    "SetupGuide",
    "SpecError",
    "Validator",
    "Value",
]
