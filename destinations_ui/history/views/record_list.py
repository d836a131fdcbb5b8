"""The history: every attempt, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from destinations_ui.accounts.http import SignedInRequest, redirect_to, wants_fragment
from destinations_ui.accounts.permissions import may_view
from destinations_ui.history import filter_links, query
from destinations_ui.history.export import EXPORT_FORMATS
from destinations_ui.history.forms import HistoryFilterForm, encoded


@require_safe
@may_view
def history(request: SignedInRequest) -> HttpResponse:
    """Show the records that match, newest first; to the filters that changed, only the results."""
    form = HistoryFilterForm(request.GET)
    filters = form.filters()
    partial = wants_fragment(request)
    if partial and form.errors:
        # The whole page shows the errors at their fields.
        return redirect_to(request, url_of(request))
    context = {
        "form": form,
        "filters": filters,
        "page": query.history_page(filters, before=cursor(request, "before"), after=cursor(request, "after")),
        "query": encoded(filters),
        "chips": list(filter_links.chips(form, filters)),
        "presets": list(
            filter_links.presets(filters, request.user.get_username(), datetime.now(UTC).date()),
        ),
        "formats": EXPORT_FORMATS,
        "partial": partial,
    }
    if partial:
        return replace_url(render(request, "history/record_list.html#results", context), url_of(request))
    return render(request, "history/record_list.html", context, status=422 if form.errors else 200)


def url_of(request: HttpRequest) -> str:
    """Return the URL of the page without empty parameters."""
    parameters = [(name, value) for name, value in request.GET.items() if value]
    return f"{request.path}?{urlencode(parameters)}" if parameters else request.path


def cursor(request: HttpRequest, name: str) -> int | None:
    """Return a record's number from the URL; anything else means the first page."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None
