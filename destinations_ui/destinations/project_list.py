"""Projects and environments with their destinations, searched and a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from destinations_ui.destinations import inventory as catalogue
from destinations_ui.destinations.forms.fields import tidy
from destinations_ui.destinations.inventory import CachedList, EnvironmentSlot
from destinations_ui.launchdarkly.resources import Destination, Environment, Project

PROJECTS_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class ListedProject:
    """A project as the map shows it; ``hidden`` is how many of its environments are not shown."""

    key: str
    name: str
    places: Sequence[EnvironmentSlot]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A page of projects.

    Attributes:
        projects: Each with its environments, and what they have.
        page: Which of all pages it is.
        query: What was searched for.
        listing: LaunchDarkly's projects, as far as they are known.
        destinations: All destinations, by project.
        problem: Why LaunchDarkly's newest lists could not be had; empty when they could.
    """

    projects: Sequence[ListedProject]
    page: Page[Project]
    query: str
    listing: CachedList[Project]
    destinations: Mapping[str, Sequence[Destination]]
    problem: str


def project_page(request: HttpRequest) -> ProjectPage:
    """Return the page of projects that an address asks for: ``q``, ``page``, ``fresh``."""
    fresh = "fresh" in request.GET
    query = tidy(request.GET.get("q", ""))[:200]
    projects = catalogue.projects(fresh=fresh)
    destinations = catalogue.destinations(fresh=fresh)
    found = [project for project in projects.items if matches(project, query)]
    # A whole key finds its project first, and in full, whatever else holds the same letters.
    found.sort(key=lambda project: project.key != query)
    page = Paginator(found, PROJECTS_A_PAGE).get_page(request.GET.get("page"))
    by_project: dict[str, list[Destination]] = defaultdict(list)
    for destination in destinations.items:
        by_project[destination.project].append(destination)
    alone = len(page.object_list) == 1
    shown = [
        listed_project(project, by_project.get(project.key, []), alone=alone or project.key == query)
        for project in page.object_list
    ]
    return ProjectPage(shown, page, query, projects, by_project, projects.problem or destinations.problem)


def matches(project: Project, query: str) -> bool:
    """Tell whether a project's key or name holds the text."""
    return query.casefold() in f"{project.key}\n{project.name}".casefold()


def listed_project(project: Project, destinations: Sequence[Destination], *, alone: bool) -> ListedProject:
    """Return a project with its environments, and with destinations in environments that are not listed."""
    environments = list(project.environments)
    if alone and project.total > len(environments):
        environments = list(catalogue.environments(project.key).items) or environments
    listed = {environment.key for environment in environments}
    hidden = max(0, project.total - len(environments))
    extra = sorted({d.environment for d in destinations} - listed)
    environments += [Environment(key=key, name=key, critical=False) for key in extra]
    places = [
        EnvironmentSlot(project.key, environment, catalogue.destinations_of(destinations, project.key, environment.key))
        for environment in environments
    ]
    return ListedProject(project.key, project.name, places, hidden)
