"""A page of projects and environments with their destinations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.text import tidy
from destinations_ui.destinations.inventory import CachedList, EnvironmentSlot
from destinations_ui.launchdarkly.resources import Destination, Environment, Project

PROJECTS_PER_PAGE = 20
#: Bounds for an account, or a response, of unusual size: environments of a project among others and of one shown alone,
#: destinations in one environment, and destinations in no listed project.
MAX_ENVIRONMENTS, MAX_ENVIRONMENTS_ALONE, MAX_DESTINATIONS, MAX_ORPHANS = 25, 200, 5, 50


@dataclass(frozen=True, slots=True)
class ListedProject:
    """A project on the page.

    Attributes:
        hidden: How many of its environments are not shown.
    """

    key: str
    name: str
    slots: Sequence[EnvironmentSlot]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A page of projects.

    Attributes:
        projects: Each with its environments and their destinations.
        page: Django's page, with the projects as LaunchDarkly lists them.
        query: What was searched for.
        inventory: All of LaunchDarkly's projects.
        orphans: Destinations in no listed project; none while searching.
        orphans_hidden: How many more of these there are.
        problem: Why LaunchDarkly could not be read just now; empty when it could.
    """

    projects: Sequence[ListedProject]
    page: Page[Project]
    query: str
    inventory: CachedList[Project]
    orphans: Sequence[Destination]
    orphans_hidden: int
    problem: str

    @property
    def destinations(self) -> list[Destination]:
        """The destinations that the page shows."""
        slots = [slot for project in self.projects for slot in project.slots]
        return [*self.orphans, *(item for slot in slots for item in slot.destinations)]


def project_page(params: QueryDict) -> ProjectPage:
    """Return the page of projects that the query parameters ``q``, ``page`` and ``refresh`` select."""
    refresh = "refresh" in params
    query = tidy(params.get("q", ""))[:200]
    projects = inventory.projects(refresh=refresh)
    destinations = inventory.destinations(refresh=refresh)
    matching = [project for project in projects.items if matches(project, query)]
    # A project whose whole key was searched for comes first, and is shown in full.
    matching.sort(key=lambda project: project.key != query)
    page = Paginator(matching, PROJECTS_PER_PAGE).get_page(params.get("page"))
    by_project: dict[str, list[Destination]] = defaultdict(list)
    for destination in destinations.items:
        by_project[destination.project].append(destination)
    is_only = len(page.object_list) == 1
    listed = [
        listed_project(project, by_project.get(project.key, []), alone=is_only or project.key == query)
        for project in page.object_list
    ]
    known = {project.key for project in projects.items}
    orphans = [] if query else [item for key, items in by_project.items() if key not in known for item in items]
    return ProjectPage(
        projects=listed,
        page=page,
        query=query,
        inventory=projects,
        orphans=orphans[:MAX_ORPHANS],
        orphans_hidden=len(orphans[MAX_ORPHANS:]),
        problem=projects.problem or destinations.problem,
    )


def matches(project: Project, query: str) -> bool:
    """Return whether a project's key or name contains the text."""
    return query.casefold() in f"{project.key}\n{project.name}".casefold()


def listed_project(project: Project, destinations: Sequence[Destination], *, alone: bool) -> ListedProject:
    """Return a project with its environments, including those that are known only from a destination."""
    environments = list(project.environments)
    if alone and project.total > len(environments):
        environments = list(inventory.environments(project.key).items) or environments
    keys = {environment.key for environment in environments}
    unlisted = max(0, project.total - len(environments))
    extra = sorted({item.environment for item in destinations} - keys)
    environments += [Environment(key=key, name=key, critical=False) for key in extra]
    shown = environments[: MAX_ENVIRONMENTS_ALONE if alone else MAX_ENVIRONMENTS]
    by_environment: dict[str, list[Destination]] = defaultdict(list)
    for item in destinations:
        by_environment[item.environment].append(item)
    slots = [
        EnvironmentSlot(project.key, environment, by_environment[environment.key][:MAX_DESTINATIONS])
        for environment in shown
    ]
    return ListedProject(project.key, project.name, slots, unlisted + len(environments) - len(shown))
