"""The history: every attempt, newest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.http import SignedInRequest
from destinations_ui.accounts.permissions import may_view
from destinations_ui.history import query
from destinations_ui.history.export import EXPORT_FORMATS
from destinations_ui.history.forms import HistoryFilterForm, encoded


@require_safe
@may_view
def history(request: SignedInRequest) -> HttpResponse:
    """Show the records that match, newest first."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    context = {
        "form": form,
        "page": query.history_page(filters, before=cursor(request, "before"), after=cursor(request, "after")),
        "query": encoded(filters),
        # An invalid filter counts, so that its message is not folded away.
        "filtered": bool(filters or form.errors),
        "formats": EXPORT_FORMATS,
    }
    return render(request, "history/record_list.html", context, status=422 if form.errors else 200)


def cursor(request: HttpRequest, name: str) -> int | None:
    """Return a record's number from the URL; anything else means the first page."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None
