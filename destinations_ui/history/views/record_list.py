"""The history of creations: the list, the export, and a record's receipt."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest
from destinations_ui.accounts.permissions import may_view
from destinations_ui.audit import checkpoints
from destinations_ui.audit.models import AuditRecord
from destinations_ui.audit.verification import HistoryTampered
from destinations_ui.history import query as records
from destinations_ui.history.export import EXPORT_FORMATS
from destinations_ui.history.forms import HistoryFilterForm, encoded

logger = logging.getLogger(__name__)


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
        "query": encoded(filters),
        # A wrong filter counts as one: it has to be in sight.
        "filtered": bool(filters or form.errors),
        "formats": EXPORT_FORMATS,
    }
    return render(request, "history/record_list.html", context, status=422 if form.errors else 200)


@require_safe
@may_view
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the records that match, in the format asked for."""
    format_name = request.GET.get("format", "")
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    chosen = EXPORT_FORMATS.get(format_name)
    if chosen is None or form.errors:
        context = {"formats": EXPORT_FORMATS, "problems": form.errors}
        return render(request, "history/export_error.html", context, status=400)
    response = StreamingHttpResponse(chosen.lines(records.all_matching(filters)), content_type=chosen.content_type)
    moment = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    response["Content-Disposition"] = f'attachment; filename="destinations-{moment}.{format_name}"'
    return response


@require_safe
@may_view
def receipt(request: HttpRequest, uuid: str) -> HttpResponse:
    """Offer a record's receipt as a file; refuse it where the record is not what its events say."""
    found = get_object_or_404(AuditRecord, uuid=uuid)
    try:
        signed = checkpoints.receipt(found)
    except HistoryTampered as tampered:
        logger.error("No receipt was signed, run verify_history: %s", tampered)
        return HttpResponse(f"There is no receipt. {tampered}\n", status=409, content_type="text/plain; charset=utf-8")
    response = JsonResponse(signed, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="receipt-{found.uuid}.json"'
    return response


def cursor(request: HttpRequest, name: str) -> int | None:
    """Return a record's number from the address; anything else means the first page."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None
