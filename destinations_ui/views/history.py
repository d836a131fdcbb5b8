"""The history of creations: the list, one record, and the export."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from destinations_ui import history as records
from destinations_ui import kinds
from destinations_ui.forms import HistoryFilterForm
from destinations_ui.http import SignedInRequest, wants_fragment
from destinations_ui.models import AuditRecord

may_view = permission_required("destinations_ui.view_auditrecord", raise_exception=True)


@require_safe
@may_view
def history(request: SignedInRequest) -> HttpResponse:
    """Show the records that match, newest first."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    page = records.page(filters, before=cursor(request, "before"), after=cursor(request, "after"))
    context = {
        "form": form,
        "page": page,
        "query": urlencode({name: str(value) for name, value in filters.items()}),
        # A wrong filter counts as one: it has to be in sight.
        "filtered": bool(filters or form.errors),
        "formats": records.EXPORT_FORMATS,
    }
    return render(request, "history.html", context, status=422 if form.errors else 200)


@require_safe
@may_view
def record(request: SignedInRequest, uuid: str) -> HttpResponse:
    """Show all that is kept of one attempt."""
    found = get_object_or_404(AuditRecord, uuid=uuid)
    kind = kinds.registry().get(found.kind)
    labels = {field.api: field.label for field in kind.fields} if kind else {}
    context = {
        "record": found,
        "kind": kind,
        "config": [(labels.get(api, api), api, value) for api, value in found.config.items()],
        "secrets": [(labels.get(api, api), api, value) for api, value in found.secrets.items()],
        "interrupted": not found.settled and timezone.now() - found.created_at > longest_request(),
    }
    template = "record.html#record" if wants_fragment(request) else "record.html"
    return render(request, template, context)


def longest_request() -> timedelta:
    """Return the age at which a pending attempt cannot be under way any more."""
    return timedelta(seconds=2 * settings.LAUNCHDARKLY_TIMEOUT + 30)


@require_safe
@may_view
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the records that match, in the format asked for."""
    format_name = request.GET.get("format", "")
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    chosen = records.EXPORT_FORMATS.get(format_name)
    if chosen is None or form.errors:
        context = {"formats": records.EXPORT_FORMATS, "problems": form.errors}
        return render(request, "export_refused.html", context, status=400)
    response = StreamingHttpResponse(chosen.lines(records.all_matching(filters)), content_type=chosen.content_type)
    moment = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="destinations-{moment}.{format_name}"'
    return response


def cursor(request: HttpRequest, name: str) -> int | None:
    """Return a record's number from the address; anything else means the first page."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None
