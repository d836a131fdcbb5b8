"""Project and environment in a form: LaunchDarkly's lists, and the inputs that offer them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django import forms

from destinations_ui import kinds
from destinations_ui.destinations.forms.fields import SuggestInput
from destinations_ui.destinations.forms.possible_secrets import in_free_text
from destinations_ui.destinations.inventory import CachedList, EnvironmentSlot
from destinations_ui.launchdarkly.resources import KEY, Environment, Project

TEXT = {"class": "input", "autocomplete": "off", "spellcheck": "false"}


@dataclass(frozen=True, slots=True)
class EnvironmentOptions:
    """LaunchDarkly's projects, and the environments of the chosen one with their destinations."""

    projects: CachedList[Project] = field(default_factory=CachedList)
    environments: CachedList[EnvironmentSlot] = field(default_factory=CachedList)

    def slot(self, environment: str) -> EnvironmentSlot | None:
        """Return an environment, if it is listed."""
        return next((slot for slot in self.environments.items if slot.environment.key == environment), None)

    def project_keys(self, text: str) -> list[str]:
        """Return the keys of the projects that a text names by key, by name, or as ``Name (key)``."""
        return matching_keys(text, ((project.key, project.name) for project in self.projects.items))

    def environment_keys(self, text: str) -> list[str]:
        """Return the keys of the project's environments that a text names."""
        return matching_keys(text, ((slot.environment.key, slot.environment.name) for slot in self.environments.items))

    def place(self, project: str, environment: str) -> str:
        """Return the names of a listed project and environment, ``Web shop / Test``; empty where one is not listed."""
        names = [item.name or item.key for item in self.projects.items if item.key == project]
        slot = self.slot(environment)
        return f"{names[0]} / {slot.environment.name or slot.environment.key}" if names and slot else ""

    def listed(self, project: str, environment: str) -> dict[str, str]:
        """Return those of the chosen keys that LaunchDarkly lists."""
        chosen = {"project": project} if project in {item.key for item in self.projects.items} else {}
        return chosen | ({"environment": environment} if self.slot(environment) else {})

    def lacks_project(self, key: str) -> bool:
        """Return whether LaunchDarkly certainly has no such project."""
        return self.projects.current and key not in {project.key for project in self.projects.items}

    def lacks_environment(self, key: str) -> bool:
        """Return whether the project certainly has no such environment."""
        return self.environments.current and self.slot(key) is None


def matching_keys(text: str, listed: Iterable[tuple[str, str]]) -> list[str]:
    """Return the keys that a text names. Names are compared without case; an exact key comes before any name."""
    wanted = text.casefold()
    matches = {key: {name.casefold(), f"{name} ({key})".casefold()} for key, name in listed}
    return [text] if text in matches else [key for key, names in matches.items() if wanted in names]


def key_of(text: str, keys: Sequence[str]) -> str:
    """Return the one key that a text names, or the text as it is."""
    return keys[0] if len(keys) == 1 else text


def known_key(text: str) -> str:
    """Return a project's or environment's key, or an empty text when it cannot be one, or could be a secret."""
    return text if KEY.fullmatch(text) and not in_free_text(text) else ""


def project_input(options: EnvironmentOptions, attrs: Mapping[str, str]) -> tuple[forms.Widget, str]:
    """Return the input that offers the projects, and its help; any other key may be typed."""
    suggestions = [(project.key, project.name) for project in options.projects.items]
    help_text = "Choose a project, or type its name or key." if options.projects.known else "Type the project’s key."
    return SuggestInput(suggestions, {**TEXT, **attrs}), help_text


def environment_input(
    options: EnvironmentOptions, project: str, chosen: str, attrs: Mapping[str, str]
) -> tuple[forms.Widget, str]:
    """Return the input that offers the project's environments, and its help; without a list, the key is typed."""
    if not options.environments.items:
        choose = options.projects.current and not project
        help_text = "Choose the project first, or type the environment’s name or key."
        return forms.TextInput({**TEXT, **attrs}), help_text if choose else "Type the environment’s key."
    choices = [("", "Choose…")]
    choices += [(slot.environment.key, describe(slot)) for slot in options.environments.items]
    if chosen and chosen not in dict(choices):
        choices.append((chosen, f"{chosen} (not in LaunchDarkly’s list)"))
    widget = forms.Select({"class": "input", **attrs}, choices=choices)
    return widget, "An environment can have one destination, of any type."


def describe(slot: EnvironmentSlot) -> str:
    """Return an environment as an option: its name, its key, whether it is critical, and its destinations."""
    environment = slot.environment
    parts = [f"{environment.name} ({environment.key})"]
    if environment.critical:
        parts.append("critical")
    parts += [f"has “{destination.name}”, {kinds.label(destination.kind)}" for destination in slot.destinations]
    return " · ".join(parts)


def critical_message(environment: Environment) -> str:
    """Return what to type before anything is sent to a critical environment."""
    return f"{environment.name} is a critical environment. Type “{environment.key}” to confirm."
