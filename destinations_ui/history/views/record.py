"""One record: its page, finding out what became of it, and a person's decision where that leaves it open."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from destinations_ui import kinds
from destinations_ui.accounts import people
from destinations_ui.accounts.http import SignedInRequest, redirect_to, wants_fragment
from destinations_ui.accounts.permissions import CREATE, may_decide, may_view
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.destinations import delivery, inventory, setup_guides
from destinations_ui.destinations import reconcile as reconciliation
from destinations_ui.destinations.delivery import NothingToConfirm
from destinations_ui.destinations.forms.decision import DecisionForm
from destinations_ui.destinations.forms.delivery import DeliveryForm
from destinations_ui.destinations.reconcile import DecisionError, ReconcileResult
from destinations_ui.destinations.snippets.common import snippets
from destinations_ui.launchdarkly.resources import Destination

logger = logging.getLogger(__name__)


@require_safe
@may_view
def record(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Show all that is kept of one attempt."""
    found = get_object_or_404(AuditRecord, uuid=uuid)
    # A page that follows an attempt says once how that ended.
    announce = wants_fragment(request) and found.settled
    return page(request, last_look(found), part="#record" if wants_fragment(request) else "", announce=announce)


@may_view
@require_POST
def reconcile(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Look at LaunchDarkly once, and show what that brought: the truth is no privilege."""
    look = reconciliation.look(get_object_or_404(AuditRecord, uuid=uuid))
    if not request.htmx:
        return redirect_to(request, look.record.get_absolute_url())
    if look.problem:
        # What was found before stays on the page, and so does what someone is typing about it.
        look = replace(last_look(look.record), problem=look.problem)
    changed = request.POST.get("shown") != shown(look)
    announce = changed or bool(look.problem) != ("troubled" in request.POST)
    part = "#record" if changed else "#look"
    response = page(request, look, part=part, announce=announce, looked_at=timezone.now())
    if changed:
        response["HX-Retarget"], response["HX-Reswap"] = "#record", "outerHTML"
    return response


@may_decide
@require_POST
def decide(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Take a person's word for which destination is the attempt's."""
    found = get_object_or_404(AuditRecord, uuid=uuid)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            reconciliation.decide(found, actor=request.user, **form.cleaned_data)
        except DecisionError as error:
            form.add_error("destination_id", str(error))
        else:
            return redirect_to(request, found.get_absolute_url())
    look = last_look(AuditRecord.objects.get(pk=found.pk))
    return page(request, look, form=form, status=422 if unresolved(look.record) else 409)


@may_decide
@require_POST
def deliver(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Take a person's word that events arrive."""
    found = get_object_or_404(AuditRecord, uuid=uuid)
    form = DeliveryForm(found, request.POST)
    if not form.is_valid():
        return page(request, last_look(found), delivery_form=form, status=422)
    try:
        delivery.confirm(found, actor=request.user, **form.cleaned_data)
    except NothingToConfirm:
        return page(request, last_look(found), undelivered=True, status=409)
    except (DatabaseError, InterfaceError) as error:
        logger.error("A delivery could not be noted: %s", type(error).__name__)
        return page(request, last_look(found), delivery_form=form, unnoted=True, status=503)
    return redirect_to(request, f"{found.get_absolute_url()}#delivery")


def page(
    request: SignedInRequest, look: ReconcileResult, *, part: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    """Return the record's page, or a part of it."""
    found = look.record
    kind = kinds.registry().get(found.kind)
    labels = {field.api: field.label for field in kind.fields} if kind else {}
    events = list(Event.objects.filter(record=found.uuid).order_by("seq"))
    context = {
        "record": found,
        "kind": kind,
        "config": [(labels.get(api, api), api, value) for api, value in found.config.items()],
        "secrets": [(labels.get(api, api), api, value) for api, value in found.secrets.items()],
        "events": events,
        "snippets": snippets(found),
        "resolution": next((event.payload for event in events if event.type == EventType.RESOLVED), None),
        "unresolved": unresolved(found),
        "look": look,
        "shown": shown(look),
        "certain": certainty(look),
        "form": DecisionForm(),
        "guides": setup_guides.of_record(kind, found) if kind else [],
        "deliveries": delivery.confirmed(events),
        "delivery_form": DeliveryForm(found),
        "deciders": people.deciders() if look.candidates and not request.user.has_perm(CREATE) else [],
    } | context
    return render(request, f"history/record.html{part}", context, status=status)


def unresolved(record: AuditRecord) -> bool:
    """Tell whether it takes a look at LaunchDarkly to know what became of an attempt."""
    return record.outcome == Outcome.UNKNOWN or reconciliation.interrupted(record)


def last_look(record: AuditRecord) -> ReconcileResult:
    """Return what is known of an attempt without another look at LaunchDarkly."""
    if record.outcome != Outcome.UNKNOWN:
        return ReconcileResult(record)
    facts = reconciliation.known(record)
    return ReconcileResult(record, listed(facts.candidates), reconciliation.certain_at(record, facts))


def listed(ids: Sequence[str]) -> list[Destination]:
    """Return the destinations with these ids from LaunchDarkly's list: from a new one if the kept one lacks any."""
    found: list[Destination] = []
    for fresh in (False, True):
        if len(found) < len(ids):
            found = [item for item in inventory.destinations(fresh=fresh).items if item.id in ids]
    return found


def shown(look: ReconcileResult) -> str:
    """Return a mark of what a page shows, by which it is known whether there is anything new to show."""
    events = Event.objects.filter(record=look.record.uuid).count()
    ids = sorted(item.id for item in look.candidates)
    return hashlib.sha256(repr((look.record.outcome, events, ids)).encode()).hexdigest()[:16]


def certainty(look: ReconcileResult) -> tuple[int, int] | None:
    """Return how many seconds have passed, and of how many, until it is certain that nothing was created."""
    if look.certain_at is None or look.candidates:
        return None
    begun = look.record.created_at
    whole = max(round((look.certain_at - begun).total_seconds()), 1)
    return min(max(round((timezone.now() - begun).total_seconds()), 0), whole), whole
