"""Files from the history: the export of all records that match, and the receipt of one."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest
from destinations_ui.accounts.permissions import may_view
from destinations_ui.audit import checkpoints
from destinations_ui.audit.models import AuditRecord
from destinations_ui.audit.verification import HistoryTampered
from destinations_ui.history import query
from destinations_ui.history.export import EXPORT_FORMATS
from destinations_ui.history.export_slots import SLOTS, ExportStream
from destinations_ui.history.forms import HistoryFilterForm

logger = logging.getLogger(__name__)


@require_safe
@may_view
def export(request: SignedInRequest) -> HttpResponseBase:
    """Stream the records that match, in the format of the URL."""
    name = request.GET.get("format", "")
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    if name not in EXPORT_FORMATS or form.errors:
        context = {"formats": EXPORT_FORMATS, "problems": form.errors}
        return render(request, "history/export_error.html", context, status=400)
    if not SLOTS.take(request.user.pk):
        html = render_to_string("history/export_error.html", {"busy": True}, request)
        return HttpResponse(html, status=429, headers={"Retry-After": "30"})
    chosen = EXPORT_FORMATS[name]
    lines = ExportStream(chosen.lines(query.export_blocks(filters)), request.user.pk)
    response = StreamingHttpResponse(lines, content_type=chosen.content_type)
    response["Content-Disposition"] = f'attachment; filename="destinations-{timezone.now():%Y%m%dT%H%M%SZ}.{name}"'
    return response


@require_safe
@may_view
def receipt(request: HttpRequest, uuid: str) -> HttpResponse:
    """Offer a record's receipt as a file, unless the record differs from its events."""
    record = get_object_or_404(AuditRecord, uuid=uuid)
    try:
        signed = checkpoints.receipt(record)
    except HistoryTampered as tampered:
        logger.error("No receipt was signed, run verify_history: %s", tampered)
        return HttpResponse(f"There is no receipt. {tampered}\n", status=409, content_type="text/plain; charset=utf-8")
    response = JsonResponse(signed, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="receipt-{record.uuid}.json"'
    return response
