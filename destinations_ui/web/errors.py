"""The answers when something is not as it should be: each says what happened and what to do next."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.shortcuts import render
from django.template import loader
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.debug import sensitive_variables

from destinations_ui.accounts import people
from destinations_ui.destinations import bulk
from destinations_ui.destinations.forms import posted_data
from destinations_ui.kinds import Kind


def answer(request: HttpRequest, template: str, status: int, context: dict[str, object] | None = None) -> HttpResponse:
    """Return an error page; to htmx, its message alone, for the place where messages stand."""
    if request.headers.get("HX-Request") == "true":
        response = render(request, f"{template}#message", context, status=status)
        response["HX-Retarget"] = "#messages"
        response["HX-Reswap"] = "innerHTML show:top"
        return response
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    too_much = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    # Rendered without the request's context: the host, the session or the body may be what is wrong.
    html = loader.render_to_string("errors/400.html", {"too_much": too_much})
    return HttpResponse(html, status=413 if too_much else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403, and say who can help."""
    return answer(request, "errors/403.html", 403, {"helpers": people.administrators()})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return answer(request, "errors/404.html", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when the database cannot be used, with a page that needs neither session nor database."""
    gone = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    html = loader.render_to_string("errors/500.html", {"request_id": getattr(request, "request_id", ""), "gone": gone})
    return HttpResponse(html, status=503 if gone else 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was opened before the current session began: nothing is lost, once more and it works."""
    if request.user.is_authenticated:
        return resume(request, 403, "renewed")
    return resume(request, 403, "signed_out")


def signed_out(request: HttpRequest) -> HttpResponse:
    """Answer a form whose session has ended."""
    return resume(request, 401, "signed_out")


@sensitive_variables()
def resume(request: HttpRequest, status: int, why: str) -> HttpResponse:
    """Answer so that the person can go on with the form: to htmx a message, otherwise a page that carries the values.

    The page holds the ordinary values of the form as hidden inputs. Secrets are not carried: they have to be typed
    again, and the page says so.
    """
    return answer(request, "errors/session_expired.html", status, {"why": why, **carried(request)})


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
