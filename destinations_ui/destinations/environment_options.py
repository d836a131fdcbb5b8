"""Load the projects and environments that a form offers."""

from __future__ import annotations

from dataclasses import replace

from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.environment import EnvironmentOptions, known_key
from destinations_ui.destinations.forms.posted_data import PostedData


def load(project: str, *, refresh: bool = False) -> EnvironmentOptions:
    """Return LaunchDarkly's projects and the environments of one; ``refresh`` reads lists that are at hand again."""
    return EnvironmentOptions(
        inventory.projects(refresh=refresh), inventory.environment_slots(known_key(project), refresh=refresh)
    )


def load_for(posted: PostedData) -> EnvironmentOptions:
    """Return the lists for a posted form. One that lacks the posted key is read again: the key may be new."""
    project, environment = known_key(posted.text("project")), known_key(posted.text("environment"))
    options = load(project)
    if project and options.lacks_project(project):
        return load(project, refresh=True)
    if project and environment and options.lacks_environment(environment):
        return replace(options, environments=inventory.environment_slots(project, refresh=True))
    return options
