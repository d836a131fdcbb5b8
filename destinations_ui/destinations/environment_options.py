"""Load the projects and environments that a form offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.environment import EnvironmentOptions, key_of, known_key
from destinations_ui.destinations.forms.posted_data import PostedData


def load(project: str, *, refresh: bool = False, newer_than: datetime | None = None) -> EnvironmentOptions:
    """Return LaunchDarkly's projects and the environments of one; arguments as for ``inventory.projects``."""
    projects = EnvironmentOptions(inventory.projects(refresh=refresh, newer_than=newer_than))
    key = known_key(key_of(project, projects.project_keys(project)))
    return replace(projects, environments=inventory.environment_slots(key, refresh=refresh, newer_than=newer_than))


def load_named(posted: PostedData, *, refresh: bool = False, newer_than: datetime | None = None) -> EnvironmentOptions:
    """Return the lists for a posted form, and put keys in the place of the names that were typed."""
    options = load(posted.text("project"), refresh=refresh, newer_than=newer_than)
    posted.data["project"] = key_of(posted.text("project"), options.project_keys(posted.text("project")))
    environment = posted.text("environment")
    posted.data["environment"] = key_of(environment, options.environment_keys(environment))
    return options


def load_for(posted: PostedData) -> EnvironmentOptions:
    """Return the lists for a form to send. One that lacks the posted key is read again: the key may be a second old."""
    now = datetime.now(UTC)
    options = load_named(posted)
    project, environment = known_key(posted.text("project")), known_key(posted.text("environment"))
    if project and options.lacks_project(project):
        return load_named(posted, refresh=True, newer_than=now)
    if project and environment and options.lacks_environment(environment):
        return replace(options, environments=inventory.environment_slots(project, refresh=True, newer_than=now))
    return options
