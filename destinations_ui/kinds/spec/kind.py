"""What a kind of destination is: its fields, and all that follows from them. Data; no Django view or model in sight.

One :class:`Kind` answers every question about its kind: the form, the request to LaunchDarkly, the record, what is
secret, the documentation and the tests. A wrong one raises :class:`SpecError` when its file is imported.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from destinations_ui.conf.secret import Secret
from destinations_ui.kinds.spec.paste import Paste
from destinations_ui.kinds.spec.patterns import SpecError
from destinations_ui.kinds.spec.setup_guides import Guide
from destinations_ui.kinds.spec.warnings import SECRET_CAUTIONS, CrossFieldWarning, FieldWarning

#: Raises Django's ``ValidationError``, whose message says what to type.
Validator = Callable[[str], None]

#: A row of a field that has columns: column name → text.
Row = Mapping[str, str]
#: A field's checked value: text, a secret, or rows.
Value = str | Secret | Sequence[Row]
#: What a form shows of a field that is not secret: text, or rows.
PlainValue = str | Sequence[Row]

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
API_NAME = re.compile(r"[a-z][A-Za-z0-9]*")
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

#: Texts that can be pasted for every kind → how one is recognized.
COMMON_TEXTS = {
    "Terraform block": r"\bresource\s+[\"']launchdarkly_destination\b",
    "curl command": r"\bcurl\s[\s\S]*https?://",
    "JSON of LaunchDarkly’s API": r"^\s*\{\s*[\"']",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a kind's configuration.

    Attributes:
        name: Terraform's name where Terraform has one, and the form's after ``config-``: ``role_arn``.
        api: LaunchDarkly's name: ``roleArn``. Written out, since the two do not convert by rule.
        label: What the field is called on the page.
        help: Where an operator finds the value.
        example: A value that the validators accept: shown at the field and used by the tests.
        required: Whether the field must be filled. An optional field left empty is not sent.
        secret: Whether the value must never be shown or stored.
        multiline: Whether the value may have line breaks.
        choices: The only values allowed, as (value, label).
        suggestions: Values to offer, as (value, label); others are allowed.
        validators: Called in turn with the cleaned text.
        cautions: What is unusual in a value and may still be right.
        columns: For a field that holds rows of texts: the columns. Such a field has no value of its own.
    """

    name: str
    api: str
    label: str
    help: str
    example: str = ""
    required: bool = True
    secret: bool = False
    multiline: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[tuple[str, str], ...] = ()
    validators: tuple[Validator, ...] = ()
    cautions: tuple[FieldWarning, ...] = ()
    columns: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a field that is ill-formed.

        Raises:
            SpecError: naming the field and what is wrong with it.
        """
        if not NAME.fullmatch(self.name):
            raise SpecError(f"The field name {self.name!r} is not in snake_case.")
        if not API_NAME.fullmatch(self.api):
            raise SpecError(f"Field {self.name}: the API name {self.api!r} is not in camelCase.")
        for attribute in ("label", "help"):
            if not getattr(self, attribute).strip():
                raise SpecError(f"Field {self.name}: {attribute} is empty.")
        if self.columns:
            self._check_columns()
            return
        if not self.example.strip():
            raise SpecError(f"Field {self.name}: example is empty.")
        if self.choices and self.example not in dict(self.choices):
            raise SpecError(f"Field {self.name}: the example is not one of the choices.")
        try:
            self.validate(self.example)
        except ValidationError as error:
            words = " ".join(error.messages)
            raise SpecError(f"Field {self.name}: its own validators refuse the example: {words}") from None
        if unusual := self.unusual(self.example):
            raise SpecError(f"Field {self.name}: its own caution {unusual[0].code} is about the example.")

    def _check_columns(self) -> None:
        if self.secret or self.choices or self.suggestions or self.validators or self.cautions or self.example:
            raise SpecError(f"Field {self.name}: with columns, all else is said by the columns.")
        refuse_duplicates(f"Field {self.name}", self.columns)
        for column in self.columns:
            if column.secret or column.columns or not column.required:
                raise SpecError(f"Field {self.name}: column {column.name} is not a plain text.")

    def validate(self, text: str) -> None:
        """Raise Django's ``ValidationError`` when a validator refuses ``text``."""
        for validator in self.validators:
            validator(text)

    def unusual(self, text: str) -> list[FieldWarning]:
        """Return the cautions that a text gives rise to."""
        return [caution for caution in self.all_cautions if caution.concerns(text)]

    @property
    def all_cautions(self) -> tuple[FieldWarning, ...]:
        """Its cautions, with those that every secret has."""
        return (*SECRET_CAUTIONS, *self.cautions) if self.secret else self.cautions

    def example_value(self) -> Value:
        """Return the example in the shape of a checked value."""
        if self.columns:
            return [{column.name: column.example for column in self.columns}]
        return Secret(self.example) if self.secret else self.example


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of destination that can be created.

    Attributes:
        slug: LaunchDarkly's ``kind``, also Terraform's: ``kinesis``.
        label: The vendor's name for it.
        summary: One line that helps to choose.
        docs: LaunchDarkly's page about it.
        icon: A Heroicons name.
        fields: In the order of the form.
        at_least_one: Groups of field names of which one must be filled.
        setup: What the other side needs before events arrive, in a sentence or two.
        arrival: Where and when the first event is seen, in a sentence.
        guides: What the other side needs, to copy.
        pastes: Texts that people have at hand, and the fields that they fill.
        facts: What a pasted text tells beside the fields, as (name, pattern for the whole of it).
        comparisons: Cautions about two values.
        terraform: Whether LaunchDarkly's Terraform provider has a resource for it.
    """

    slug: str
    label: str
    summary: str
    docs: str
    icon: str
    fields: tuple[Field, ...]
    at_least_one: tuple[tuple[str, ...], ...] = ()
    setup: str = ""
    arrival: str = ""
    guides: tuple[Guide, ...] = ()
    pastes: tuple[Paste, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    comparisons: tuple[CrossFieldWarning, ...] = ()
    terraform: bool = True

    def __post_init__(self) -> None:
        """Refuse a kind that is ill-formed.

        Raises:
            SpecError: naming the kind and what is wrong with it.
        """
        if not SLUG.fullmatch(self.slug):
            raise SpecError(f"The kind {self.slug!r} is not written in lower case with hyphens.")
        for attribute in ("label", "summary", "icon"):
            if not getattr(self, attribute).strip():
                raise SpecError(f"Kind {self.slug}: {attribute} is empty.")
        docs = urlsplit(self.docs)
        if docs.scheme != "https" or not docs.hostname:
            raise SpecError(f"Kind {self.slug}: docs is not an https address.")
        if not self.fields:
            raise SpecError(f"Kind {self.slug}: it has no fields.")
        refuse_duplicates(f"Kind {self.slug}", self.fields)
        optional = {field.name for field in self.fields if not field.required}
        for group in self.at_least_one:
            wrong = [name for name in group if name not in optional]
            if wrong or not group:
                named = ", ".join(wrong) or "nothing"
                raise SpecError(f"Kind {self.slug}: at_least_one names {named}, which is no optional field.")
        self._check_texts()

    def _check_texts(self) -> None:
        plain = {field.name for field in self.fields if not (field.secret or field.columns)}
        for guide in self.guides:
            if wrong := guide.wants() - plain:
                raise SpecError(f"Kind {self.slug}: guide {guide.title} wants {', '.join(wrong)}, no plain field.")
        fields = {field.name for field in self.fields if not field.columns}
        known = fields | dict(self.facts).keys()
        for paste in self.pastes:
            if not paste.fills() <= known or not paste.fills() & fields:
                raise SpecError(f"Kind {self.slug}: paste {paste.name} fills what is no field and no fact.")
        for comparison in self.comparisons:
            if comparison.first[0] not in fields or comparison.second[0] not in known:
                raise SpecError(f"Kind {self.slug}: comparison {comparison.code} names what is no field and no fact.")

    def field(self, name: str) -> Field:
        """Return the field of that name.

        Raises:
            KeyError: when the kind has none.
        """
        return {field.name: field for field in self.fields}[name]

    def known_texts(self) -> list[str]:
        """Return what the texts are called that can be pasted into its form."""
        own = dict.fromkeys(paste.name for paste in self.pastes)
        return [*own, *COMMON_TEXTS]

    def split(self, values: Mapping[str, Value]) -> ConfigParts:
        """Return the configuration to send, and its public and secret parts. Empty fields are left out."""
        filled = [(field, values[field.name]) for field in self.fields if values.get(field.name)]
        return ConfigParts(
            request={field.api: outgoing(field, value) for field, value in filled},
            public={field.api: outgoing(field, value) for field, value in filled if not field.secret},
            secrets={field.api: value for field, value in filled if field.secret and isinstance(value, Secret)},
        )

    def config(self, values: Mapping[str, Value]) -> dict[str, object]:
        """Return the ``config`` object to send: LaunchDarkly's names, secrets in clear, empty fields left out."""
        return {field.api: outgoing(field, values[field.name]) for field in self.fields if values.get(field.name)}

    def public_config(self, values: Mapping[str, Value]) -> dict[str, object]:
        """Return what may be stored and shown of a configuration: the fields known not to be secret."""
        return {
            field.api: outgoing(field, values[field.name])
            for field in self.fields
            if values.get(field.name) and not field.secret
        }

    def whole_text(self, text: str, *, with_secret: bool = False) -> str:
        """Return the name of the text that was put into one field as a whole, or an empty string.

        Args:
            text: The field's value.
            with_secret: Whether only a text counts that can hold one of the kind's secrets.
        """
        for name, sign in COMMON_TEXTS.items():
            if re.search(sign, text):
                return name
        secrets = {field.name for field in self.fields if field.secret}
        for paste in self.pastes:
            if paste.found_in(text) and not (with_secret and secrets.isdisjoint(paste.fills())):
                return paste.name
        return ""

    def typed(self, config: Mapping[str, Any]) -> dict[str, PlainValue]:
        """Return what a form would have for a public configuration: the inverse of :meth:`public_config`.

        What is no value of a plain field is left out, whatever it is.
        """
        found = ((field, plain_value(field, config.get(field.api))) for field in self.fields if not field.secret)
        return {field.name: value for field, value in found if value}

    def secrets(self, values: Mapping[str, Value]) -> dict[str, Secret]:
        """Return the filled secret fields, under LaunchDarkly's names."""
        found = ((field.api, values.get(field.name)) for field in self.fields if field.secret)
        return {api: value for api, value in found if isinstance(value, Secret) and value}

    def examples(self) -> dict[str, Value]:
        """Return every field's example, in the shape of checked values."""
        return {field.name: field.example_value() for field in self.fields}


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


def outgoing(field: Field, value: Value) -> object:
    """Return a checked value as LaunchDarkly wants it, secrets in clear."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, str):
        return value
    return [{column.api: row[column.name] for column in field.columns} for row in value]


def plain_value(field: Field, value: object) -> PlainValue:
    """Return a field's value out of a stored configuration as a form shows it; empty where it has another type."""
    if field.columns:
        rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        return [
            {column.name: row[column.api] for column in field.columns if isinstance(row.get(column.api), str)}
            for row in rows
        ]
    return value if isinstance(value, str) else ""


def refuse_duplicates(where: str, fields: Sequence[Field]) -> None:
    """Raise :class:`SpecError` when two fields share a name on either side."""
    for attribute in ("name", "api"):
        names = [getattr(field, attribute) for field in fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SpecError(f"{where}: {attribute} {', '.join(twice)} appears twice.")
