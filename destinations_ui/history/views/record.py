"""One record: its page, the check of an unknown outcome, and what users decide or confirm."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from destinations_ui.accounts.http import SignedInRequest, redirect_to, wants_fragment
from destinations_ui.accounts.permissions import may_decide, may_view
from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations import delivery
from destinations_ui.destinations import reconcile as reconciliation
from destinations_ui.destinations.delivery import NothingToConfirm
from destinations_ui.destinations.forms.decision import DecisionForm
from destinations_ui.destinations.forms.delivery import DeliveryForm
from destinations_ui.destinations.reconcile import DecisionError, ReconcileResult
from destinations_ui.history.forms import HistoryFilterForm, encoded
from destinations_ui.history.record_page import is_unresolved, last_result, record_context, version

logger = logging.getLogger(__name__)


@require_safe
@may_view
def record(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Show everything that is kept of one attempt."""
    attempt = get_object_or_404(AuditRecord, uuid=uuid)
    partial = wants_fragment(request)
    # A page that follows an attempt announces its end once.
    return render_record(
        request, last_result(attempt), part="#record" if partial else "", announce=partial and attempt.settled
    )


@may_view
@require_POST
def reconcile(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Check LaunchDarkly once and show the result. It changes nothing there, so viewers can run it."""
    result = reconciliation.check(get_object_or_404(AuditRecord, uuid=uuid))
    if not request.htmx:
        return redirect_to(request, result.record.get_absolute_url() + trail(request))
    if result.problem:
        # What was found before stays on the page, and so does what the user is typing about it.
        result = replace(last_result(result.record), problem=result.problem)
    changed = request.POST.get("version") != version(result)
    announce = changed or bool(result.problem) != ("had_problem" in request.POST)
    part = "#record" if changed else "#reconcile-status"
    response = render_record(request, result, part=part, announce=announce, checked_at=timezone.now())
    if changed:
        response["HX-Retarget"], response["HX-Reswap"] = "#record", "outerHTML"
    return response


@may_decide
@require_POST
def decide(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Record a user's decision which destination is the attempt's."""
    attempt = get_object_or_404(AuditRecord, uuid=uuid)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            reconciliation.decide(attempt, actor=request.user, **form.cleaned_data)
        except DecisionError as error:
            form.add_error("destination_id", str(error))
        else:
            return redirect_to(request, attempt.get_absolute_url() + trail(request))
    result = last_result(AuditRecord.objects.get(pk=attempt.pk))
    return render_record(request, result, form=form, status=422 if is_unresolved(result.record) else 409)


@may_decide
@require_POST
def deliver(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Record a user's confirmation that events arrive."""
    attempt = get_object_or_404(AuditRecord, uuid=uuid)
    form = DeliveryForm(attempt, request.POST)
    if not form.is_valid():
        return render_record(request, last_result(attempt), delivery_form=form, status=422)
    try:
        delivery.confirm(attempt, actor=request.user, **form.cleaned_data)
    except NothingToConfirm:
        return render_record(request, last_result(attempt), undelivered=True, status=409)
    except (DatabaseError, InterfaceError) as error:
        logger.error("A delivery could not be recorded: %s", type(error).__name__)
        return render_record(request, last_result(attempt), delivery_form=form, not_recorded=True, status=503)
    return redirect_to(request, f"{attempt.get_absolute_url()}{trail(request)}#delivery")


def trail(request: SignedInRequest) -> str:
    """Return the query string with the history's filters that the user came with; empty when there are none."""
    query = encoded(HistoryFilterForm(request.GET).filters())
    return f"?{query}" if query else ""


def render_record(
    request: SignedInRequest, result: ReconcileResult, *, part: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    """Render a record's page, or a part of it."""
    context = record_context(result, request.user) | {"trail": trail(request)} | context
    return render(request, f"history/record.html{part}", context, status=status)
