"""The form for a destination of any kind. It reads nothing but what it is given."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.functional import cached_property

from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.forms.confirmations import PendingWarning, pending_warnings
from destinations_ui.destinations.forms.environment import (
    EnvironmentOptions,
    critical_message,
    environment_input,
    known_key,
    project_input,
)
from destinations_ui.destinations.forms.fields import BoundField, PlainField, Problem, SecretField
from destinations_ui.destinations.forms.kind_fields import MOST_ROWS, form_field, posted_rows
from destinations_ui.destinations.forms.posted_data import FACT, PREFIX, PostedData, plain_names
from destinations_ui.destinations.forms.text import lower_first
from destinations_ui.destinations.inventory import EnvironmentSlot
from destinations_ui.kinds.spec import Kind, Value
from destinations_ui.launchdarkly.resources import KEY, Environment

UNKNOWN_FIELDS = "The form had fields that {} doesn’t have, so nothing was sent. Check the fields below and try again."
NO_SUBMISSION = "The form had no one-time ID, so nothing was sent. Press the button again."
DISCARDED = (
    "{}: this looked like a secret, such as a key or a whole connection string, so it was removed. "
    "Enter only the value that this field is for."
)


class DestinationBoundField(BoundField):
    """A field of a destination's form: with its warnings, and a secret that the browser keeps unless it is invalid."""

    form: DestinationForm

    @cached_property
    def warnings(self) -> list[tuple[PendingWarning, bool]]:
        """Return the field's warnings, each with whether it is confirmed."""
        own = [warning for warning in self.form.warnings if f"{PREFIX}{warning.field}" == self.name]
        return [(warning, warning.confirmation in self.form.confirmations) for warning in own]

    @property
    def aria_describedby(self) -> str | None:
        """Return the ids of the help, the error and the warnings."""
        described = super().aria_describedby
        return f"{described or ''} {self.auto_id}_warning".strip() if self.warnings else described

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Let htmx preserve a typed secret, which is never sent back, unless it has to be typed again."""
        attrs = super().build_widget_attrs(attrs, widget)
        return attrs | {"hx-preserve": "true"} if isinstance(self.field, SecretField) and not self.errors else attrs


class DestinationForm(forms.Form):
    """The form for a destination of one kind: the common fields, and the kind's own from its spec."""

    bound_field_class = DestinationBoundField

    project = PlainField(label="Project", quotes=True, error_messages={"required": "Choose the project."})
    environment = PlainField(label="Environment", quotes=True, error_messages={"required": "Choose the environment."})
    name = PlainField(
        label="Destination name",
        help_text="Shown in LaunchDarkly.",
        max_length=256,
        widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
        error_messages={"required": "Enter a name.", "max_length": "Shorten the name to 256 characters."},
    )
    on = forms.TypedChoiceField(
        label="On or off",
        help_text="LaunchDarkly exports events only while the destination is on. Past events aren’t exported.",
        choices=(
            ("true", "On: send events as soon as it is created"),
            ("false", "Off: create it now, turn it on in LaunchDarkly later"),
        ),
        coerce=lambda value: value == "true",
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose whether the destination starts on or off."
        ),
    )
    reason = PlainField(
        label="Reason",
        help_text="Shown in the history. For example, a ticket number.",
        required=False,
        multiline=True,
        widget=forms.Textarea({"class": "input", "rows": 3}),
        error_messages={"max_length": "Shorten the reason to 2,048 characters."},
    )
    critical_key = PlainField(
        required=False,
        quotes=True,
        widget=forms.TextInput(
            {"class": "input", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        kind: Kind,
        options: EnvironmentOptions,
        posted: PostedData | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        row: str = "",
    ) -> None:
        """Make the form.

        Args:
            kind: Whose fields to show.
            options: The projects and environments to offer.
            posted: The posted form.
            initial: Values of a form that was not posted.
            row: The number of the form's row in a bulk form: it stands before its names and in its ids.
        """
        self.kind = kind
        self.options = options
        self.posted = posted
        #: Warnings about the values; known once the form has been validated.
        self.warnings: list[PendingWarning] = []
        self.confirmations = posted.data.getlist("confirm") if posted else []
        #: Why the form comes back although its fields are valid.
        self.notice = ""
        super().__init__(
            posted.for_row(row) if posted else None,
            initial={"submission": uuid.uuid4()} | dict(initial or {}),
            prefix=row or None,
        )
        config = {f"{PREFIX}{field.name}": form_field(kind, field, row=row) for field in kind.fields}
        self.fields |= config
        for fact, _ in kind.facts:
            self.fields[f"{FACT}{fact}"] = forms.CharField(required=False, widget=forms.HiddenInput, max_length=200)
        self.order_fields(["name", "on", "project", "environment", "critical_key", *config, "reason", "submission"])
        self.offer_environments()

    def renew_submission(self) -> None:
        """Give the form a new one-time id, for the next attempt."""
        self.data[self.add_prefix("submission")] = str(uuid.uuid4())  # type: ignore[index]  # a copy of our own

    # Project and environment

    def offer_environments(self) -> None:
        """Fill the inputs of project and environment with LaunchDarkly's lists; any other key may be typed."""
        attrs = {
            # Posted, not in the URL: what was typed could be a secret in the wrong field.
            "hx-post": reverse("environment-options", args=[self.kind]),
            "hx-params": "csrfmiddlewaretoken,project,environment",
            "hx-trigger": "change",
            # A late response to an earlier choice must not undo a newer one.
            "hx-sync": "this:replace",
            "hx-target": "#environment-field",
            "hx-swap": "outerHTML",
        }
        project, environment = (self.fields[name] for name in ("project", "environment"))
        chosen = known_key(self.current_value("project"))
        project.widget, project.help_text = project_input(self.options, attrs)
        environment.widget, environment.help_text = environment_input(
            self.options, chosen, self.current_value("environment"), attrs
        )
        slot = self.options.slot(self.current_value("environment"))
        #: The chosen environment, if it is critical: its key has to be typed.
        self.critical = slot.environment if slot and slot.environment.critical else None
        if self.critical:
            self.ask_critical_key(self.critical)
        if self.suggested_name:
            # A script replaces a suggestion that was not edited when the type or the environment changes.
            self.fields["name"].widget.attrs["data-suggested"] = self.suggested_name

    def current_value(self, name: str) -> str:
        """Return a field's value without making its bound field, which keeps the help text of its first use."""
        values: Mapping[str, Any] = self.data if self.is_bound else self.initial
        return str(values.get(self.add_prefix(name) if self.is_bound else name) or "")

    def ask_critical_key(self, environment: Environment) -> None:
        """Require the key of a critical environment."""
        self.critical = environment
        self.fields["critical_key"].label = f"Type “{environment.key}” to confirm"
        self.fields["critical_key"].required = True
        self.fields["critical_key"].error_messages["required"] = critical_message(environment)

    def require_critical_key(self, environment: Environment) -> None:
        """Refuse the form because only the action found out that the environment is critical."""
        self.ask_critical_key(environment)
        self.add_error("critical_key", critical_message(environment))

    @property
    def place(self) -> str:
        """The names of the chosen project and environment; empty unless LaunchDarkly lists both."""
        return self.options.place(self.current_value("project"), self.current_value("environment"))

    @property
    def suggested_name(self) -> str:
        """A name for the destination; empty while no listed environment is chosen."""
        slot = self.options.slot(self.current_value("environment"))
        return f"{slot.environment.name or slot.environment.key} events to {self.kind.label}"[:256] if slot else ""

    def suggest_name(self) -> None:
        """Let a new form begin with the suggested name, unless it has one."""
        self.initial.setdefault("name", self.suggested_name)

    @property
    def taken(self) -> EnvironmentSlot | None:
        """The chosen environment, if it has a destination already."""
        slot = self.options.slot(self.current_value("environment"))
        return slot if slot and slot.destinations else None

    def clean_project(self) -> str:
        key: str = self.cleaned_data["project"]
        if len(self.options.project_keys(key)) > 1:
            raise ValidationError("Several projects have this name. Enter the project’s key.")
        if not KEY.fullmatch(key):
            raise ValidationError("Enter the name or key of a project. Example: web-shop")
        if self.options.lacks_project(key):
            raise ValidationError("No project with this name or key. Choose one from the list.")
        return key

    def clean_environment(self) -> str:
        key: str = self.cleaned_data["environment"]
        if len(self.options.environment_keys(key)) > 1:
            raise ValidationError("Several environments of the project have this name. Choose one from the list.")
        if not KEY.fullmatch(key):
            raise ValidationError("Enter the name or key of an environment. Example: production")
        if "project" in self.cleaned_data and self.options.lacks_environment(key):
            raise ValidationError("No environment with this name or key in the project. Choose one from the list.")
        return key

    def clean_critical_key(self) -> str:
        """Want the key of a critical environment typed, so that it is not chosen by mistake."""
        typed: str = self.cleaned_data["critical_key"]
        if self.critical and typed != self.critical.key:
            raise ValidationError(critical_message(self.critical))
        return typed

    def lists_note(self) -> str:
        """Return why LaunchDarkly's lists could not be loaded."""
        return self.options.projects.problem

    # All fields together

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.check_posted_data()
        self.check_submission()
        for field in self.kind.fields:
            value = cleaned.get(f"{PREFIX}{field.name}")
            if isinstance(value, Secret) and (text := self.kind.whole_text(value.reveal())):
                self.replace_errors(
                    f"{PREFIX}{field.name}", f"This is a whole {text}. Enter only the {lower_first(field.label)}."
                )
        for group in self.kind.at_least_one:
            names = [f"{PREFIX}{name}" for name in group]
            if not any(cleaned.get(name) for name in names) and not any(n in self.errors for n in names):
                labels = " or ".join(f"“{self.fields[name].label}”" for name in names)
                self.add_error(names[0], f"Fill at least one of {labels}.")
        values = {field.name: cleaned.get(f"{PREFIX}{field.name}", "") for field in self.kind.fields}
        for pair in self.kind.replaced:
            if pair.contradicts(values):
                message = f"The mapping above has another value for {pair.row[1]}. Leave this field empty."
                self.add_error(f"{PREFIX}{pair.old}", message)
        self.warnings = list(pending_warnings(self.kind, self.texts(cleaned), values))
        return cleaned

    def check_posted_data(self) -> None:
        """Report values that were discarded, and fields that are not the kind's."""
        if self.posted is None:
            return
        for name in {self.field_name(name) for name in self.posted.discarded}:
            self.replace_errors(name, DISCARDED.format(self.fields[name].label if name else "One field"))
        if self.posted.unknown:
            self.add_error(None, UNKNOWN_FIELDS.format(self.kind.label))

    def check_submission(self) -> None:
        """Replace a missing one-time id: nobody typed it, so there is nothing to fix."""
        if "submission" in self.errors:
            del self.errors["submission"]
            self.renew_submission()
            self.add_error(None, NO_SUBMISSION)

    def texts(self, cleaned: Mapping[str, Any]) -> dict[str, str]:
        """Return the valid values of the kind's fields and facts, as the warnings read them."""
        facts = {fact: cleaned.get(f"{FACT}{fact}") for fact, _ in self.kind.facts}
        fields = {field.name: cleaned.get(f"{PREFIX}{field.name}") for field in self.kind.fields}
        texts = {
            name: value.reveal() if isinstance(value, Secret) else value for name, value in (facts | fields).items()
        }
        return {name: text for name, text in texts.items() if isinstance(text, str) and text}

    def field_name(self, posted: str) -> str:
        """Return the field that a posted name belongs to: a cell belongs to its rows."""
        return next((name for name in self.fields if posted == name or posted.startswith(f"{name}-")), "")

    def replace_errors(self, name: str, message: str) -> None:
        """Let a message be the only one of a field."""
        self.errors.pop(name, None)
        self.add_error(name or None, message)

    def values(self) -> dict[str, Value]:
        """Return the kind's valid values by the names of its spec."""
        return {field.name: self.cleaned_data[f"{PREFIX}{field.name}"] for field in self.kind.fields}

    def unconfirmed(self) -> list[PendingWarning]:
        """Return the warnings that are not confirmed."""
        return [warning for warning in self.warnings if warning.confirmation not in self.confirmations]

    def confirmed(self) -> list[dict[str, str]]:
        """Return the warnings of a form that has none left to confirm, as the record keeps them."""
        return [
            {"field": str(self.fields[f"{PREFIX}{warning.field}"].label), "message": warning.message}
            for warning in self.warnings
        ]

    # The page

    def config_fields(self) -> Iterator[forms.BoundField]:
        """Yield the kind's own fields."""
        for field in self.kind.fields:
            yield self[f"{PREFIX}{field.name}"]

    def facts(self) -> Iterator[forms.BoundField]:
        """Yield the hidden fields for facts from a pasted text."""
        for fact, _ in self.kind.facts:
            yield self[f"{FACT}{fact}"]

    def plain_names(self) -> list[str]:
        """Return the names of inputs that may leave the browser before the form is sent."""
        return plain_names(self.kind)

    def confirm_name(self) -> str:
        """Return the name of the confirmations."""
        return self.add_prefix("confirm")

    def problems(self) -> list[Problem]:
        """Return the lines of the error summary, in the order of the form."""
        lines = [Problem(str(message), "form") for message in self.non_field_errors()]
        for bound in self:
            anchor = bound.id_for_label or f"{bound.auto_id}_0"
            lines += [Problem(str(message), anchor) for message in bound.errors]
        return lines

    def questions(self) -> list[Problem]:
        """Return the lines of the summary of warnings to confirm."""
        return [
            Problem(warning.message, self[f"{PREFIX}{warning.field}"].id_for_label) for warning in self.unconfirmed()
        ]


def as_typed(posted: PostedData, command: str = "") -> dict[str, Any]:
    """Return the initial values of a form that comes back as typed, all but the secrets.

    ``command`` adds a row or removes one: ``add:<name>``, ``remove:<name>:<number>``.
    """
    action, _, target = command.partition(":")
    name, _, number = target.partition(":")
    typed: dict[str, Any] = dict(posted.public())
    for field in posted.kind.fields:
        if field.columns:
            rows = posted_rows(field.columns, posted.data, f"{PREFIX}{field.name}")
            changed = name == f"{PREFIX}{field.name}"
            typed[f"{PREFIX}{field.name}"] = change_rows(rows or [{}], action, number) if changed else rows
    return typed


def change_rows(rows: list[dict[str, str]], action: str, number: str) -> list[dict[str, str]]:
    """Return rows with an empty one added, or with one removed."""
    if action == "add" and len(rows) < MOST_ROWS:
        return [*rows, {}]
    if action == "remove" and number.isdecimal():
        return [row for index, row in enumerate(rows) if index != int(number[:4])]
    return rows
