"""A page of projects and environments with their destinations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from destinations_ui.audit.models import UNRESOLVED, AuditRecord
from destinations_ui.destinations import inventory
from destinations_ui.destinations.forms.text import tidy
from destinations_ui.launchdarkly.resources import Destination, Environment, Project

PROJECTS_PER_PAGE = 20
#: Bounds for an account, or a response, of unusual size: environments of a project among others and of one shown in
#: full, destinations in one environment, destinations in no listed project, and unresolved attempts.
MAX_ENVIRONMENTS, MAX_ALL_ENVIRONMENTS, MAX_DESTINATIONS, MAX_ORPHANS, MAX_UNRESOLVED = 25, 200, 5, 50, 500


@dataclass(frozen=True, slots=True)
class ListedEnvironment:
    """An environment on the page.

    Attributes:
        unresolved: Its newest attempt whose outcome is not final.
    """

    environment: Environment
    destinations: Sequence[Destination] = ()
    unresolved: AuditRecord | None = None

    @property
    def exports(self) -> bool:
        """Whether a destination is switched on."""
        return any(destination.on is True for destination in self.destinations)

    @property
    def is_off(self) -> bool:
        """Whether a destination is off and none is on."""
        return not self.exports and any(destination.on is False for destination in self.destinations)


@dataclass(frozen=True, slots=True)
class ListedProject:
    """A project on the page.

    Attributes:
        in_full: Whether it was searched for by itself, so that all its environments are shown.
        listed_last: Whether LaunchDarkly has it tagged so.
        hidden: How many of its environments are not in ``slots``.
    """

    key: str
    name: str
    slots: Sequence[ListedEnvironment]
    in_full: bool
    listed_last: bool
    hidden: int

    def narrowed(self, accepts: Callable[[ListedEnvironment], bool]) -> ListedProject:
        """Return the project with those of its environments that are accepted."""
        return replace(self, slots=[slot for slot in self.slots if accepts(slot)])

    def shortened(self) -> ListedProject:
        """Return the project with as many environments as a page shows."""
        most = MAX_ALL_ENVIRONMENTS if self.in_full else MAX_ENVIRONMENTS
        return replace(self, slots=self.slots[:most], hidden=self.hidden + len(self.slots[most:]))


@dataclass(frozen=True, slots=True)
class EnvironmentFilter:
    """A choice of environments.

    Attributes:
        key: The value of the query parameter ``show``.
        needs_destinations: Whether it means nothing without LaunchDarkly's list of destinations.
    """

    key: str
    label: str
    accepts: Callable[[ListedEnvironment], bool]
    needs_destinations: bool = False


ALL = EnvironmentFilter("", "All", lambda slot: True)
EXPORTING = EnvironmentFilter("exporting", "Exporting", lambda slot: slot.exports, needs_destinations=True)
FILTERS = (
    ALL,
    EXPORTING,
    EnvironmentFilter("off", "Off", lambda slot: slot.is_off, needs_destinations=True),
    EnvironmentFilter("free", "Free", lambda slot: not slot.destinations, needs_destinations=True),
    EnvironmentFilter("critical", "Critical", lambda slot: slot.environment.critical),
    EnvironmentFilter("unresolved", "Unresolved", lambda slot: slot.unresolved is not None),
)


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A page of projects.

    Attributes:
        projects: Each with the environments that the filter accepts.
        page: Its number, and whether there are others.
        query: The text that was searched for.
        filter: The chosen filter.
        counts: Each filter, with how many environments of the matching projects it accepts.
        matching: How many projects match the query.
        orphans: Destinations in no listed project; none while searching or filtering.
        orphans_hidden: How many more of these there are.
        any_projects: Whether LaunchDarkly lists projects at all.
        known: Whether LaunchDarkly's projects were ever read.
        destinations_known: Whether LaunchDarkly's destinations were ever read.
        read_at: When the older of the two lists was read.
        problem: Why LaunchDarkly could not be read just now; empty when it could.
    """

    projects: Sequence[ListedProject]
    page: Page[ListedProject]
    query: str
    filter: EnvironmentFilter
    counts: Mapping[EnvironmentFilter, int]
    matching: int
    any_projects: bool
    known: bool
    destinations_known: bool
    read_at: datetime | None
    problem: str
    orphans: Sequence[Destination] = ()
    orphans_hidden: int = 0

    @property
    def total(self) -> int:
        """How many environments the matching projects have."""
        return self.counts[ALL]

    @property
    def exporting(self) -> int | None:
        """How many of them export events; ``None`` when that is not known."""
        return self.counts.get(EXPORTING)

    @property
    def shown(self) -> int:
        """How many of them the filter accepts."""
        return self.counts[self.filter]

    @property
    def everything(self) -> bool:
        """Whether nothing was searched for and no filter was chosen."""
        return not self.query and self.filter is ALL

    @property
    def destinations(self) -> list[Destination]:
        """The destinations that the page shows."""
        slots = [slot for project in self.projects for slot in project.slots]
        return [*self.orphans, *(item for slot in slots for item in slot.destinations)]


def project_page(params: QueryDict) -> ProjectPage:
    """Return the page of projects that the parameters ``q``, ``show``, ``page`` and ``refresh`` select."""
    refresh, query = "refresh" in params, tidy(params.get("q", ""))[:200]
    projects, destinations = inventory.projects(refresh=refresh), inventory.destinations(refresh=refresh)
    filters = [each for each in FILTERS if destinations.known or not each.needs_destinations]
    chosen = next((each for each in filters if each.key == params.get("show")), ALL)
    listed = listed_projects(projects.items, destinations.items, query)
    page = Paginator(narrowed(listed, chosen), PROJECTS_PER_PAGE).get_page(params.get("page"))
    orphans = [] if query or chosen is not ALL else in_no_project(projects.items, destinations.items)
    return ProjectPage(
        projects=[project.shortened() for project in page.object_list],
        page=page,
        query=query,
        filter=chosen,
        counts={each: count(listed, each) for each in filters},
        matching=len(listed),
        any_projects=bool(projects.items),
        known=projects.known,
        destinations_known=destinations.known,
        read_at=min(filter(None, (projects.read_at, destinations.read_at)), default=None),
        problem=projects.problem or destinations.problem,
        orphans=orphans[:MAX_ORPHANS],
        orphans_hidden=len(orphans[MAX_ORPHANS:]),
    )


def listed_projects(
    projects: Sequence[Project], destinations: Sequence[Destination], query: str
) -> list[ListedProject]:
    """Return the projects that match the query, each with all its environments that are known."""
    # A project whose whole key was searched for comes first.
    matching = sorted(
        (project for project in projects if matches(project, query)),
        key=lambda project: (project.key != query, project.listed_last),
    )
    by_environment: dict[str, dict[str, list[Destination]]] = defaultdict(lambda: defaultdict(list))
    for destination in destinations:
        by_environment[destination.project][destination.environment].append(destination)
    unresolved = unresolved_attempts()
    return [
        listed_project(
            project, by_environment[project.key], unresolved, in_full=len(matching) == 1 or project.key == query
        )
        for project in matching
    ]


def matches(project: Project, query: str) -> bool:
    """Return whether a project's key or name contains the text."""
    return query.casefold() in f"{project.key}\n{project.name}".casefold()


def listed_project(
    project: Project,
    destinations: Mapping[str, Sequence[Destination]],
    unresolved: Mapping[tuple[str, str], AuditRecord],
    *,
    in_full: bool,
) -> ListedProject:
    """Return a project with its environments, including those that are known only from a destination."""
    environments = list(project.environments)
    if in_full and project.total > len(environments):
        environments = list(inventory.environments(project.key).items) or environments
    unlisted = max(0, project.total - len(environments))
    extra = sorted(destinations.keys() - {environment.key for environment in environments})
    environments += [Environment(key=key, name=key, critical=False) for key in extra]
    slots = [
        ListedEnvironment(
            environment,
            destinations.get(environment.key, ())[:MAX_DESTINATIONS],
            unresolved.get((project.key, environment.key)),
        )
        for environment in environments
    ]
    return ListedProject(project.key, project.name, slots, in_full, project.listed_last, unlisted)


def unresolved_attempts() -> dict[tuple[str, str], AuditRecord]:
    """Return the newest unresolved attempt of each environment, by its project's key and its own."""
    records = AuditRecord.objects.filter(outcome__in=UNRESOLVED).only("uuid", "project", "environment", "outcome")
    newest_first = records.order_by("-id")[:MAX_UNRESOLVED]
    return {(record.project, record.environment): record for record in reversed(newest_first)}


def narrowed(projects: Sequence[ListedProject], choice: EnvironmentFilter) -> list[ListedProject]:
    """Return the projects with environments that the filter accepts, or with some that are not known."""
    if choice is ALL:
        return list(projects)
    found = [project.narrowed(choice.accepts) for project in projects]
    return [project for project in found if project.slots or project.hidden]


def count(projects: Sequence[ListedProject], choice: EnvironmentFilter) -> int:
    """Return how many environments the filter accepts; all of them include those that are not known."""
    accepted = sum(choice.accepts(slot) for project in projects for slot in project.slots)
    return accepted + (sum(project.hidden for project in projects) if choice is ALL else 0)


def in_no_project(projects: Sequence[Project], destinations: Sequence[Destination]) -> list[Destination]:
    """Return the destinations in no listed project."""
    known = {project.key for project in projects}
    return [destination for destination in destinations if destination.project not in known]
