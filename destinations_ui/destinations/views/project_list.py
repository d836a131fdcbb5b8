"""The start page: projects and environments, with what each has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.destinations import inventory as catalogue
from destinations_ui.destinations.forms.fields import tidy
from destinations_ui.destinations.inventory import CachedList, EnvironmentSlot
from destinations_ui.history.views.record_list import may_view
from destinations_ui.launchdarkly.resources import Destination, Environment, Project

PROJECTS_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class MappedProject:
    """A project as the map shows it; ``hidden`` is how many of its environments are not shown."""

    key: str
    name: str
    places: Sequence[EnvironmentSlot]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Mapped:
    """A page of projects.

    Attributes:
        projects: Each with its environments, and what they have.
        page: Which of all pages it is.
        query: What was searched for.
        listing: LaunchDarkly's projects, as far as they are known.
        destinations: All destinations, by project.
        problem: Why LaunchDarkly's newest lists could not be had; empty when they could.
    """

    projects: Sequence[MappedProject]
    page: Page[Project]
    query: str
    listing: CachedList[Project]
    destinations: Mapping[str, Sequence[Destination]]
    problem: str


@require_safe
@may_view
def project_list(request: SignedInRequest) -> HttpResponse:
    """Show the projects, a page of them at a time, and one alone with all its environments."""
    seen = mapped(request)
    known = {project.key for project in seen.listing.items}
    lost = [item for key, items in seen.destinations.items() if key not in known for item in items]
    lost = lost if not seen.query else []
    shown = [*lost, *(item for each in seen.projects for item in seen.destinations.get(each.key, ()))]
    context = {
        "projects": seen.projects,
        "page": seen.page,
        "query": seen.query,
        "lost": lost,
        "problem": seen.problem,
        "read_at": seen.listing.read_at,
        "known": seen.listing.known,
        "makers": makers([destination.id for destination in shown]),
    }
    return render(request, "destinations/project_list.html", context)


def mapped(request: HttpRequest) -> Mapped:
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
        mapped_project(project, by_project.get(project.key, []), alone=alone or project.key == query)
        for project in page.object_list
    ]
    return Mapped(shown, page, query, projects, by_project, projects.problem or destinations.problem)


def matches(project: Project, query: str) -> bool:
    """Tell whether a project's key or name holds the text."""
    return query.casefold() in f"{project.key}\n{project.name}".casefold()


def mapped_project(project: Project, destinations: Sequence[Destination], *, alone: bool) -> MappedProject:
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
    return MappedProject(project.key, project.name, places, hidden)


def makers(destination_ids: Sequence[str]) -> dict[str, AuditRecord]:
    """Return who made which destination through us: its id → the record."""
    made = AuditRecord.objects.claiming(each for each in destination_ids if each)
    known = made.only("uuid", "actor", "destination_id", "outcome")
    return {record.destination_id: record for record in known if record.outcome == Outcome.SUCCEEDED}
