"""The form for a destination of any kind."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse

from destinations_ui import kinds
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.confirmations import MARK, PendingWarning, unusual
from destinations_ui.destinations.forms.fields import (
    MOST_ROWS,
    PlainField,
    RowsField,
    SecretField,
    SuggestInput,
    form_field,
    lower_first,
    tidy,
)
from destinations_ui.destinations.forms.posted_data import (
    FACT,
    PREFIX,
    foreign_names,
    numbered,
    plain_names,
    secret_field_names,
    without_secrets,
)
from destinations_ui.kinds.spec.kind import Kind, Value
from destinations_ui.kinds.spec.patterns import FLAGS
from destinations_ui.launchdarkly.resources import KEY, Environment

#: Fields that hold a key of LaunchDarkly's.
KEYS = {"project", "environment", "critical_key"}
ON = {"true": True, "on": True, "yes": True, "1": True}
OFF = {"false": False, "off": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the error summary: what is wrong, and the id of the input to mend."""

    message: str
    anchor: str


def as_switch(value: Any) -> bool | None:
    """Return on as true, off as false, and anything else as ``None``."""
    return (ON | OFF).get(str(value).lower())


def critical_message(place: inventory.EnvironmentSlot) -> str:
    """Return what to type before anything is sent to a critical environment."""
    return f"{place.environment.name} is a critical environment. Type its key, {place.environment.key}, to go on."


def known_key(key: str) -> str:
    """Return a key that came with an address, or an empty text when it cannot be one."""
    return key if KEY.fullmatch(key) else ""


class DestinationForm(forms.Form):
    """The form for a destination of one kind.

    The common fields are the same for all kinds; the kind's own are added from its spec. The lists of projects and
    environments come from LaunchDarkly, and when it does not answer, both are typed.
    """

    project = PlainField(
        label="Project",
        help_text="Choose from LaunchDarkly's projects; type to search by key or name.",
        quotes=True,
        error_messages={"required": "Choose the project."},
    )
    environment = PlainField(
        label="Environment",
        quotes=True,
        error_messages={"required": "Choose the environment."},
    )
    name = PlainField(
        label="Destination name",
        help_text="What the destination is called in LaunchDarkly.",
        max_length=256,
        widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
        error_messages={
            "required": "Enter a name.",
            "max_length": "Shorten the name to 256 characters.",
        },
    )
    on = forms.TypedChoiceField(
        label="On or off",
        help_text="LaunchDarkly sends events only while the destination is on. It does not send past events later.",
        choices=(
            ("true", "On: send events as soon as it is created"),
            ("false", "Off: create it now, turn it on in LaunchDarkly later"),
        ),
        coerce=as_switch,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose whether the destination starts on or off.",
            "invalid_choice": "Choose whether the destination starts on or off.",
        },
    )
    reason = PlainField(
        label="Reason",
        help_text="For whoever reads the history: why it is needed, or a ticket.",
        required=False,
        multiline=True,
        widget=forms.Textarea({"class": "input", "rows": 3}),
        error_messages={"max_length": "Shorten the reason to 2,048 characters."},
    )
    critical_key = PlainField(
        label="Key of the critical environment",
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
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        fresh: bool = False,
        row: str = "",
        elsewhere: Collection[str] = (),
    ) -> None:
        """Make the form.

        Args:
            kind: Whose fields to show.
            data: What was posted.
            initial: ``project`` and ``environment`` from the address.
            fresh: Whether to ask LaunchDarkly for its lists even when they are at hand.
            row: The number of the form where a page has several: it stands before its names and in its ids. What was
                posted comes without it.
            elsewhere: Secrets that were typed into other forms of the page.
        """
        self.kind = kind
        self.unexpected = foreign_names(kind, data or {})
        shown, self.disclosed = None, set[str]()
        if data is not None:
            shown, self.disclosed = without_secrets(kind, data, elsewhere)
        self.asked_for: inventory.EnvironmentSlot | None = None
        #: What is unusual in what was typed; known once the form has been checked.
        self.unusual: list[PendingWarning] = []
        if shown is not None:
            # Every guard and every lookup reads the value that is sent.
            for name in KEYS & shown.keys():
                shown[name] = tidy(shown.get(name, ""), quotes=True)
            shown["on"] = {True: "true", False: "false"}.get(as_switch(shown.get("on")), "")  # type: ignore[arg-type]  # None is looked up, too
            shown = numbered(shown, row) if row else shown
        super().__init__(shown, initial={"submission": uuid.uuid4()} | dict(initial or {}), prefix=row or None)
        config = {f"{PREFIX}{field.name}": field for field in kind.fields}
        for name, field in config.items():
            self.fields[name] = form_field(field, id=field_id(kind, field.name, row))
        for fact, _ in kind.facts:
            self.fields[f"{FACT}{fact}"] = forms.CharField(required=False, widget=forms.HiddenInput, max_length=200)
        self.order_fields(["name", "project", "environment", "critical_key", *config, "on", "reason", "submission"])
        self.projects = inventory.projects(fresh=fresh)
        self.places = inventory.places(self.chosen_project(), fresh=fresh)
        self.offer_projects()
        self.offer_environments()

    def renew_submission(self) -> None:
        """Give the form a new one-time id, for the next attempt."""
        if isinstance(self.data, QueryDict):
            self.data[self.add_prefix("submission")] = str(uuid.uuid4())

    # Where

    def chosen_project(self) -> str:
        """Return the project that is posted or in the address."""
        value = self.data.get(self.add_prefix("project")) if self.is_bound else self.initial.get("project")
        return known_key(str(value or "").strip())

    def offer_projects(self) -> None:
        """Offer LaunchDarkly's projects; any other key may be typed."""
        options = [(project.key, project.name) for project in self.projects.items]
        attrs = {"class": "input", "autocomplete": "off", "spellcheck": "false"}
        self.fields["project"].widget = SuggestInput(options, attrs | self.followed())
        if not self.projects.known:
            self.fields["project"].help_text = "Type the project's key."

    def followed(self) -> dict[str, str]:
        """Return the attributes of an input whose change shows what is known of the chosen environment."""
        return {
            "hx-get": reverse("create-destination", args=[self.kind]),
            "hx-trigger": "change",
            # A late answer to an earlier choice must not undo a newer one.
            "hx-sync": "this:replace",
            "hx-target": "#environment-field",
            "hx-swap": "outerHTML",
        }

    def offer_environments(self) -> None:
        """Offer the project's environments, saying what each has; without a list, the key is typed."""
        field = self.fields["environment"]
        if place := self.critical_place():
            self.fields["critical_key"].required = True
            self.fields["critical_key"].error_messages["required"] = critical_message(place)
        if not self.places.items:
            field.widget = forms.TextInput({"class": "input", "autocomplete": "off", "spellcheck": "false"})
            field.help_text = "Type the environment's key."
            if self.projects.current and not self.chosen_project():
                field.help_text = "Choose the project first, or type the environment's key."
            return
        field.help_text = "An environment can have one destination, whatever its kind."
        options = [("", "Choose…")]
        options += [(place.environment.key, describe(place)) for place in self.places.items]
        chosen = self["environment"].value()
        if chosen and chosen not in dict(options):
            options.append((chosen, f"{chosen} (not in LaunchDarkly's list)"))
        attrs = {"class": "input", "hx-include": "#id_project"} | self.followed()
        field.widget = forms.Select(attrs, choices=options)

    def clean_project(self) -> str:
        """Accept a project that LaunchDarkly knows; look again before calling one unknown."""
        key: str = self.cleaned_data["project"]
        if not KEY.fullmatch(key):
            raise forms.ValidationError(
                "Enter the project's key: letters, digits, dots, hyphens or underscores. Example: web-shop"
            )
        listing = self.projects
        if listing.current and key not in {project.key for project in listing.items}:
            self.projects = listing = inventory.projects(fresh=True)
            self.places = inventory.places(key, fresh=True)
        if listing.current and key not in {project.key for project in listing.items}:
            raise forms.ValidationError("LaunchDarkly has no project with this key. Choose one from the list.")
        return key

    def clean_environment(self) -> str:
        """Accept an environment that LaunchDarkly knows; look again before calling one unknown."""
        key: str = self.cleaned_data["environment"]
        if not KEY.fullmatch(key):
            raise forms.ValidationError(
                "Enter the environment's key: letters, digits, dots, hyphens or underscores. Example: production"
            )
        project = self.cleaned_data.get("project")
        if not project:
            return key
        known = {place.environment.key for place in self.places.items}
        if self.places.current and key not in known:
            self.places = inventory.places(project, fresh=True)
            known = {place.environment.key for place in self.places.items}
            self.offer_environments()
        if self.places.current and key not in known:
            raise forms.ValidationError(
                "LaunchDarkly has no environment with this key in the project. Choose one from the list."
            )
        return key

    def clean_critical_key(self) -> str:
        """Want the key of a critical environment typed, so that it is not chosen by mistake."""
        typed: str = self.cleaned_data["critical_key"]
        place = self.critical_place()
        if place and typed != place.environment.key:
            raise forms.ValidationError(critical_message(place))
        return typed

    def require_critical_key(self, environment: Environment) -> None:
        """Ask for the key of an environment that LaunchDarkly has only now listed as critical."""
        self.asked_for = inventory.EnvironmentSlot(self.cleaned_data["project"], environment)
        self.fields["critical_key"].required = True
        self.add_error("critical_key", critical_message(self.asked_for))

    def critical_place(self) -> inventory.EnvironmentSlot | None:
        """Return the chosen environment, if LaunchDarkly says that it is critical."""
        place = self.asked_for or self.chosen_place()
        return place if place and place.environment.critical else None

    def chosen_place(self) -> inventory.EnvironmentSlot | None:
        """Return the chosen environment, if LaunchDarkly lists it."""
        chosen = self["environment"].value()
        return next((place for place in self.places.items if place.environment.key == chosen), None)

    def taken_by(self) -> inventory.EnvironmentSlot | None:
        """Return the chosen environment, if it has a destination already."""
        place = self.chosen_place()
        return place if place and place.destinations else None

    def lists_note(self) -> str:
        """Return what to do when LaunchDarkly's lists could not be had."""
        return f"{self.projects.problem} The form works all the same: type the keys of project and environment."

    # All together

    def clean(self) -> dict[str, Any]:
        """Check what concerns more than one field."""
        cleaned = super().clean() or {}
        for field in self.kind.fields:
            value = cleaned.get(f"{PREFIX}{field.name}")
            if isinstance(value, Secret) and (text := self.kind.whole_text(value.reveal())):
                self.replace_errors(
                    f"{PREFIX}{field.name}", f"This is a whole {text}. Enter only the {lower_first(field.label)}."
                )
        for name in sorted(self.disclosed):
            self.replace_errors(
                self.field_name(name),
                "This held a secret, such as a key or a whole connection string, so it was discarded. Enter only "
                "what the field asks for.",
            )
        if self.unexpected:
            self.add_error(
                None,
                f"The form came with fields that {self.kind.label} does not have, so nothing was sent. Check the "
                "fields below and try again.",
            )
        if "submission" in self.errors:
            # Nobody typed it, so there is nothing to mend: the form gets a new one.
            del self.errors["submission"]
            self.renew_submission()
            self.add_error(
                None, "The form came without its one-time number, so nothing was sent. Press the button again."
            )
        for group in self.kind.at_least_one:
            names = [f"{PREFIX}{name}" for name in group]
            if not any(cleaned.get(name) for name in names) and not any(n in self.errors for n in names):
                labels = " or ".join(f"“{self.fields[name].label}”" for name in names)
                self.add_error(names[0], f"Fill at least one of {labels}.")
        self.unusual = list(self.look_for_unusual(cleaned))
        return cleaned

    def look_for_unusual(self, cleaned: Mapping[str, Any]) -> Iterator[PendingWarning]:
        """Yield what is unusual in the kind's fields, as far as they are right."""
        texts = {fact: str(self.data.get(self.add_prefix(f"{FACT}{fact}")) or "") for fact, _ in self.kind.facts}
        texts = {fact: text for fact, text in texts.items() if re.fullmatch(dict(self.kind.facts)[fact], text, FLAGS)}
        for field in self.kind.fields:
            value = cleaned.get(f"{PREFIX}{field.name}")
            if isinstance(value, str | Secret) and value:
                texts[field.name] = value.reveal() if isinstance(value, Secret) else value
        for field in self.kind.fields:
            for caution in field.unusual(texts[field.name]) if field.name in texts else ():
                yield unusual(field.name, caution.code, caution.message, texts[field.name])
        for comparison in self.kind.comparisons:
            if comparison.concerns(texts):
                compared = [texts[name] for name, _ in (comparison.first, comparison.second)]
                yield unusual(comparison.first[0], comparison.code, comparison.message, *compared)

    def marks(self) -> list[str]:
        """Return what the person said is right, as far as it can be one of our marks."""
        posted = self.data.getlist(self.confirm_name()) if isinstance(self.data, QueryDict) else []
        return [mark for mark in posted if MARK.fullmatch(mark)]

    def confirm_name(self) -> str:
        """Return the name under which it is said that something unusual is right."""
        return self.add_prefix("confirm")

    def unconfirmed(self) -> list[PendingWarning]:
        """Return what is unusual and nobody has said to be right."""
        marks = self.marks()
        return [each for each in self.unusual if each.mark not in marks]

    def questions(self) -> list[Problem]:
        """Return the lines of the summary of what is unusual."""
        return [Problem(each.message, self[each.field].id_for_label) for each in self.unconfirmed()]

    def confirmed(self) -> list[dict[str, str]]:
        """Return what is unusual and was said to be right, as the record keeps it."""
        return [{"field": str(self.fields[each.field].label), "message": each.message} for each in self.unusual]

    def field_name(self, posted: str) -> str:
        """Return the field that a posted name belongs to: a cell belongs to its rows."""
        return next((name for name in self.fields if posted == name or posted.startswith(f"{name}-")), "")

    def replace_errors(self, name: str, message: str) -> None:
        """Let a message stand alone at a field."""
        self.errors.pop(name, None)
        self.add_error(name or None, message)

    def values(self) -> dict[str, Value]:
        """Return the kind's checked values by the names of its spec."""
        return {field.name: self.cleaned_data[f"{PREFIX}{field.name}"] for field in self.kind.fields}

    # What the page shows

    def config_fields(self) -> Iterator[forms.BoundField]:
        """Yield the kind's own fields."""
        for field in self.kind.fields:
            yield self[f"{PREFIX}{field.name}"]

    def plain_names(self) -> list[str]:
        """Return the names of the inputs that may leave the browser before the form is sent."""
        return plain_names(self.kind)

    def facts(self) -> Iterator[forms.BoundField]:
        """Yield the hidden fields with what a pasted text told beside the kind's own."""
        for fact, _ in self.kind.facts:
            yield self[f"{FACT}{fact}"]

    def problems(self) -> list[Problem]:
        """Return the lines of the error summary, in the order of the form."""
        lines = [Problem(str(message), "form") for message in self.non_field_errors()]
        for bound in self:
            anchor = bound.id_for_label or f"{bound.auto_id}_0"
            lines += [Problem(str(message), anchor) for message in bound.errors]
        return lines

    def prepare(self) -> None:
        """Make ready for the page: the browser keeps a typed secret, except where it is what was wrong."""
        if not self.is_bound:
            return
        marks = self.marks()
        for bound in self:
            field: Any = bound.field  # Django's fields are open to what a template needs.
            if isinstance(field, SecretField) and bound.errors:
                field.widget.attrs.pop("hx-preserve", None)
            field.unusual = [(each, each.mark in marks) for each in self.unusual if each.field == bound.name]
            if field.unusual:
                described = [bound.aria_describedby or "", f"{bound.auto_id}_caution"]
                field.widget.attrs["aria-describedby"] = " ".join(described).strip()

    def typed(self, command: str) -> dict[str, Any]:
        """Return what was typed, all but the secrets.

        ``command`` adds a row or takes one away: ``add:<name>``, ``remove:<name>:<number>``.
        """
        secret_names = secret_field_names(self.kind)
        typed = {name: self[name].value() for name in self.fields if name not in secret_names}
        deed, _, rest = command.partition(":")
        name, _, number = rest.partition(":")
        if rows_field(self.kind, name) is not None:
            rows = list(typed[name] or [{}])
            if deed == "add" and len(rows) < MOST_ROWS:
                rows.append({})
            if deed == "remove" and number.isdecimal() and int(number[:4]) < len(rows):
                del rows[int(number[:4])]
            typed[name] = rows
        return typed


def field_id(kind: Kind, name: str, row: str = "") -> str:
    """Return the id of a kind's input: htmx never takes one kind's secret for another's, nor one row's."""
    return f"id_{row}{kind.slug}-{name}"


def rows_field(kind: Kind, name: str) -> RowsField | None:
    """Return the field of rows with that name in the form, if the kind has it."""
    row, _, single = name.partition("-") if name[:1].isdecimal() else ("", "", name)
    for field in kind.fields:
        if field.columns and single == f"{PREFIX}{field.name}" and len(row) < 3 and (not row or row.isdecimal()):
            made = form_field(field, id=field_id(kind, field.name, row))
            return made if isinstance(made, RowsField) else None
    return None


def describe(place: inventory.EnvironmentSlot) -> str:
    """Return an environment as an option: its name, its key, whether it is critical, and what it has."""
    environment = place.environment
    parts = [f"{environment.name} ({environment.key})"]
    if environment.critical:
        parts.append("critical")
    parts += [f"has “{each.name}”, {kinds.label(each.kind)}" for each in place.destinations]
    return " · ".join(parts)
