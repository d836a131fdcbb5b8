"""Error pages. Each says what happened and what to do next."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.shortcuts import render
from django.template import loader
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_variables

from destinations_ui.accounts import people
from destinations_ui.destinations import bulk
from destinations_ui.destinations.forms import posted_data
from destinations_ui.kinds import Kind


def error_page(
    request: HttpRequest, template: str, status: int, context: dict[str, object] | None = None
) -> HttpResponse:
    """Return an error page; to htmx, only its message, for the element ``#messages``."""
    if request.headers.get("HX-Request") == "true":
        response = render(request, f"{template}#message", context, status=status)
        response["HX-Retarget"] = "#messages"
        response["HX-Reswap"] = "innerHTML show:top"
        return response
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 400 page, or the 413 page for a form that is too large."""
    too_much = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    # Rendered without the request: its host, its session or its body may be what is wrong.
    html = loader.render_to_string("errors/400.html", {"too_much": too_much})
    return HttpResponse(html, status=413 if too_much else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 403 page, with the names of users who can give permissions."""
    context: dict[str, object] = {"helpers": people.administrators(), "back": previous_page(request)}
    return error_page(request, "errors/403.html", 403, context)


def previous_page(request: HttpRequest) -> str:
    """Return the URL of the page of ours that led to this one, or an empty string."""
    url = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()})
    return url if ours and urlsplit(url).path not in {request.path, reverse("login")} else ""


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 404 page."""
    return error_page(request, "errors/404.html", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the 500 page, or the 503 page if the database cannot be used. It needs neither session nor database."""
    database_down = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    context = {"request_id": getattr(request, "request_id", ""), "database_down": database_down}
    html = loader.render_to_string("errors/500.html", context)
    return HttpResponse(html, status=503 if database_down else 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return a page to continue a form whose CSRF token belongs to an earlier session."""
    return resume(request, 403, "renewed" if request.user.is_authenticated else "signed_out")


def signed_out(request: HttpRequest) -> HttpResponse:
    """Return a page to continue a form whose session has ended."""
    return resume(request, 401, "signed_out")


@sensitive_variables()
def resume(request: HttpRequest, status: int, why: str) -> HttpResponse:
    """Return a page to continue a form: to htmx a message, otherwise a page with the form's values as hidden inputs.

    Secrets are not among them: the page asks for them again.
    """
    return error_page(request, "errors/session_expired.html", status, {"why": why, **carried(request)})


def carried(request: HttpRequest) -> dict[str, object]:
    """Return the posted names and values that may be shown again, and where to continue; nothing for other forms."""
    try:
        match = resolve(request.path_info)
        kind = match.kwargs.get("kind")
        if not isinstance(kind, Kind):
            return {}
        if match.url_name in {"bulk-create", "bulk-redraw"}:
            return {"carried": bulk.public(kind, request.POST), "continue_url": reverse("bulk-redraw", args=[kind])}
        values = posted_data.parse(kind, request.POST).public()
        return {"carried": values, "continue_url": reverse("redraw", args=[kind])}
    except (Resolver404, RawPostDataException, UnreadablePostError):
        return {}
