"""The sandbox's initial data: two projects, one destination, and the project ``faults``."""

from __future__ import annotations

from destinations_ui.sandbox.faults import FAULTY_PROJECT, faulty_environments
from destinations_ui.sandbox.state import State

#: Project key → its name, and environment key → name. Environments named production are critical.
PROJECTS = {
    "web-shop": (
        "Web shop",
        {
            "production": "Production",
            "staging": "Staging",
            "test": "Test",
            "development": "Development",
        },
    ),
    "mobile-app": (
        "Mobile app",
        {"production": "Production", "staging": "Staging", "development": "Development"},
    ),
}


def seed(state: State) -> None:
    """Fill an empty account."""
    for project, (name, environments) in PROJECTS.items():
        state.add_project(project, name)
        for key, label in environments.items():
            critical = key == "production"
            state.add_environment(project, key, label, critical=critical, track_events=critical)
    state.add_destination(
        "mobile-app",
        "development",
        name="Development events",
        kind="kinesis",
        on=True,
        config={
            "region": "eu-west-1",
            "roleArn": "arn:aws:iam::123456789012:role/launchdarkly-data-export",
            "streamName": "mobile-app-development",
        },
    )
    state.add_project(FAULTY_PROJECT, "Faults (each environment misbehaves)", tags=["faults", "listed-last"])
    for environment in faulty_environments():
        state.add_environment(FAULTY_PROJECT, environment.key, environment.name, tags=environment.tags)
