"""The start page: projects and environments, with what each has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui import catalogue
from destinations_ui.catalogue import Place
from destinations_ui.form_fields import tidy
from destinations_ui.http import SignedInRequest
from destinations_ui.launchdarkly.resources import Destination, Environment, Project
from destinations_ui.models import AuditRecord, Outcome
from destinations_ui.views.history import may_view

PROJECTS_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class MappedProject:
    """A project as the map shows it; ``hidden`` is how many of its environments are not shown."""

    key: str
    name: str
    places: Sequence[Place]
    hidden: int = 0


@require_safe
@may_view
def destination_map(request: SignedInRequest) -> HttpResponse:
    """Show the projects, a page of them at a time, and one alone with all its environments."""
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
    known = {project.key for project in projects.items}
    lost = [d for key, items in by_project.items() if key not in known for d in items]
    lost = lost if not query else []
    alone = len(page.object_list) == 1
    mapped = [
        mapped_project(project, by_project[project.key], alone=alone or project.key == query)
        for project in page.object_list
    ]
    shown = [*lost, *(destination for each in mapped for destination in by_project[each.key])]
    context = {
        "projects": mapped,
        "page": page,
        "query": query,
        "lost": lost,
        "problem": projects.problem or destinations.problem,
        "read_at": projects.read_at,
        "known": projects.known,
        "makers": makers([destination.id for destination in shown]),
    }
    return render(request, "map.html", context)


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
        Place(project.key, environment, catalogue.destinations_of(destinations, project.key, environment.key))
        for environment in environments
    ]
    return MappedProject(project.key, project.name, places, hidden)


def makers(destination_ids: Sequence[str]) -> dict[str, AuditRecord]:
    """Return who made which destination through us: its id → the record."""
    made = AuditRecord.objects.filter(
        destination_id__in=[each for each in destination_ids if each], outcome=Outcome.SUCCEEDED
    )
    return {record.destination_id: record for record in made.only("uuid", "actor", "destination_id")}
