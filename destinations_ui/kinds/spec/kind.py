"""A kind of destination: its fields, and everything that follows from them. Data; no Django view or model.

The form, the request to LaunchDarkly, the record, the documentation and the tests all read one :class:`Kind`. An
invalid one raises :class:`SpecError` when its file is imported.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds.spec.errors import SpecError
from destinations_ui.kinds.spec.field import Field, PlainValue, Value, refuse_duplicates
from destinations_ui.kinds.spec.mark import Mark
from destinations_ui.kinds.spec.paste import COMMON_TEXTS, Paste
from destinations_ui.kinds.spec.setup_guides import SetupGuide
from destinations_ui.kinds.spec.warnings import AllEmptyWarning, CrossFieldWarning

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ConfigParts:
    """A configuration under LaunchDarkly's names.

    Attributes:
        request: What is sent, secrets in clear.
        public: What may be stored and shown: the fields known not to be secret.
        secrets: The secret fields.
    """

    request: dict[str, object] = dataclasses.field(repr=False)
    public: dict[str, object]
    secrets: dict[str, Secret]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplacedBy:
    """An older field that one row of a newer field replaces.

    Attributes:
        old: The older field's name.
        new: The newer field's name; it has columns.
        row: (column, value) of the row that means the same as the older field.
        column: The column that holds the older field's value.
    """

    old: str
    new: str
    row: tuple[str, str]
    column: str

    def contradicts(self, values: Mapping[str, Value]) -> bool:
        """Return whether the two fields have different values."""
        rows, (column, wanted) = values.get(self.new), self.row
        if not values.get(self.old) or not rows or isinstance(rows, (str, Secret)):
            return False
        return any(row[column] == wanted and row[self.column] != values[self.old] for row in rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of destination that can be created.

    Attributes:
        slug: LaunchDarkly's ``kind``, also Terraform's: ``kinesis``.
        label: The vendor's name for it.
        summary: One line that helps to choose.
        docs: The URL of LaunchDarkly's documentation.
        mark: What makes it easy to recognize in a list.
        fields: In the order of the form.
        at_least_one: Groups of field names of which one must be filled.
        setup: What the vendor's side needs before events arrive, in a sentence or two.
        arrival: Where and when the first event is seen, in a sentence.
        setup_guides: Commands and policies to copy.
        pastes: Texts that users have at hand, and the fields that they fill.
        facts: What a pasted text contains beside the fields, as (name, pattern for the whole value).
        cross_field_warnings: Warnings about two values.
        all_empty_warnings: Warnings about optional fields that are all empty.
        replaced: Older fields that must not contradict newer ones, and are not copied beside them.
        terraform: Whether LaunchDarkly's Terraform provider has a resource for it.
    """

    slug: str
    label: str
    summary: str
    docs: str
    mark: Mark
    fields: tuple[Field, ...]
    at_least_one: tuple[tuple[str, ...], ...] = ()
    setup: str = ""
    arrival: str = ""
    setup_guides: tuple[SetupGuide, ...] = ()
    pastes: tuple[Paste, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    cross_field_warnings: tuple[CrossFieldWarning, ...] = ()
    all_empty_warnings: tuple[AllEmptyWarning, ...] = ()
    replaced: tuple[ReplacedBy, ...] = ()
    terraform: bool = True

    def __post_init__(self) -> None:
        """Raise :class:`SpecError`, naming the kind, when it is invalid."""
        if not SLUG.fullmatch(self.slug):
            raise SpecError(f"The kind {self.slug!r} is not written in lower case with hyphens.")
        for attribute in ("label", "summary"):
            if not getattr(self, attribute).strip():
                raise SpecError(f"Kind {self.slug}: {attribute} is empty.")
        docs = urlsplit(self.docs)
        if docs.scheme != "https" or not docs.hostname:
            raise SpecError(f"Kind {self.slug}: docs is not an https URL.")
        if not self.fields:
            raise SpecError(f"Kind {self.slug}: it has no fields.")
        refuse_duplicates(f"Kind {self.slug}", self.fields)
        self._check_names()

    def _check_names(self) -> None:
        """Raise :class:`SpecError` when a part of the kind names a field that is missing or of the wrong sort."""
        optional = {field.name for field in self.fields if not field.required}
        for group in self.at_least_one:
            if not group or not optional.issuperset(group):
                names = ", ".join(name for name in group if name not in optional) or "nothing"
                raise SpecError(f"Kind {self.slug}: at_least_one names {names}, which is no optional field.")
        for pair in self.replaced:
            if pair.old not in optional or {pair.row[0], pair.column} > {c.name for c in self.field(pair.new).columns}:
                raise SpecError(f"Kind {self.slug}: replaced names {pair.old} and {pair.new}, which do not fit.")
        for warning in self.all_empty_warnings:
            if not optional.issuperset(warning.fields):
                raise SpecError(f"Kind {self.slug}: warning {warning.code} names what is no optional field.")
        plain = {field.name for field in self.fields if not (field.secret or field.columns)}
        for guide in self.setup_guides:
            if wrong := guide.fields() - plain:
                raise SpecError(f"Kind {self.slug}: guide {guide.title} needs {', '.join(wrong)}, no plain field.")
        fields = {field.name for field in self.fields if not field.columns}
        known = fields | dict(self.facts).keys()
        for paste in self.pastes:
            if not paste.fills() <= known or not (paste.fills() & fields or paste.instead):
                raise SpecError(f"Kind {self.slug}: paste {paste.name} fills what is no field and no fact.")
        for cross in self.cross_field_warnings:
            if cross.first[0] not in fields or cross.second[0] not in known:
                raise SpecError(f"Kind {self.slug}: warning {cross.code} names what is no field and no fact.")

    def field(self, name: str) -> Field:
        """Return the field with that name.

        Raises:
            KeyError: when the kind has none.
        """
        return {field.name: field for field in self.fields}[name]

    def whole_text(self, text: str, *, with_secret: bool = False) -> str:
        """Return the name of the text that was put into one field as a whole, or an empty string.

        Args:
            text: The field's value.
            with_secret: Whether only a text counts that can contain one of the kind's secrets.
        """
        for name, sign in COMMON_TEXTS.items():
            if re.search(sign, text):
                return name
        secrets = {field.name for field in self.fields if field.secret}
        for paste in self.pastes:
            if paste.found_in(text) and not (with_secret and secrets.isdisjoint(paste.fills())):
                return paste.name
        return ""

    def split(self, values: Mapping[str, Value]) -> ConfigParts:
        """Return the configuration to send, and its public and secret parts. Empty fields are left out."""
        filled = [(field, values[field.name]) for field in self.fields if values.get(field.name)]
        return ConfigParts(
            request={field.api: field.to_api(value) for field, value in filled},
            public={field.api: field.to_api(value) for field, value in filled if not field.secret},
            secrets={field.api: value for field, value in filled if field.secret and isinstance(value, Secret)},
        )

    def form_values(self, config: Mapping[str, Any]) -> dict[str, PlainValue]:
        """Return the values of a form for a public configuration: the inverse of :meth:`split`.

        A value of the wrong type is left out, and so is an older field beside the one that replaces it.
        """
        found = {field.name: field.from_api(config.get(field.api)) for field in self.fields if not field.secret}
        old = {pair.old for pair in self.replaced if found.get(pair.new)}
        return {name: value for name, value in found.items() if value and name not in old}

    def examples(self) -> dict[str, Value]:
        """Return every field's example as a checked value."""
        return {field.name: field.example_value() for field in self.fields}
