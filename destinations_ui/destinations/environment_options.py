"""Load the projects and environments that a form offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.environment import EnvironmentOptions, known_key
from destinations_ui.destinations.forms.posted_data import PostedData


def load(project: str, *, refresh: bool = False, newer_than: datetime | None = None) -> EnvironmentOptions:
    """Return LaunchDarkly's projects and the environments of one; arguments as for ``inventory.projects``."""
    return EnvironmentOptions(
        inventory.projects(refresh=refresh, newer_than=newer_than),
        inventory.environment_slots(known_key(project), refresh=refresh, newer_than=newer_than),
    )


def load_for(posted: PostedData) -> EnvironmentOptions:
    """Return the lists for a posted form. One that lacks the posted key is read again: the key may be a second old."""
    now = datetime.now(UTC)
    project, environment = known_key(posted.text("project")), known_key(posted.text("environment"))
    options = load(project)
    if project and options.lacks_project(project):
        return load(project, refresh=True, newer_than=now)
    if project and environment and options.lacks_environment(environment):
        return replace(options, environments=inventory.environment_slots(project, refresh=True, newer_than=now))
    return options
