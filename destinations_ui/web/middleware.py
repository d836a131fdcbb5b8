"""Middleware: request ids, response headers, time zones, malformed requests and sign-in."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.contrib.auth import middleware as auth
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware import common
from django.utils import timezone

from destinations_ui.accounts import preferences, sessions
from destinations_ui.conf.logging import current_request_id
from destinations_ui.web import errors

HEALTH_CHECKS = frozenset({"/healthz", "/readyz"})

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: Headers that no setting of Django's covers, and those that SecurityMiddleware does not set when it refuses a host.
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # A page may show what an operator typed, so no browser and no proxy keeps it.
    "Cache-Control": "no-store",
}


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id, for the log, the record and support."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.request_id = uuid.uuid4()  # type: ignore[attr-defined]  # HttpRequest is open to middleware
        token = current_request_id.set(str(request.request_id))  # type: ignore[attr-defined]  # set above
        try:
            response = get_response(request)
        finally:
            current_request_id.reset(token)
        response["X-Request-ID"] = str(request.request_id)  # type: ignore[attr-defined]  # set above
        return response

    return middleware


def viewer_zone(get_response: GetResponse) -> GetResponse:
    """Activate the viewer's time zone, which the browser sends in a cookie.

    For a signed-in user, :class:`LoginRequiredMiddleware` replaces it by the one that they have chosen.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = unquote(request.COOKIES.get("timezone", ""))
        zone = ZoneInfo(name) if name in preferences.known_zones() else None
        with timezone.override(zone):
            return get_response(request)

    return middleware


def well_formed(get_response: GetResponse) -> GetResponse:
    """Respond with 400 to an unreadable content type, and to a NUL in the path or a cookie, which PostgreSQL rejects.

    A NUL in a query or a form is left to the form, which names the field.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if getattr(request, "malformed", False):
            raise BadRequest("The content type cannot be read.")
        if any("\0" in text for text in (request.path_info, *request.COOKIES, *request.COOKIES.values())):
            raise BadRequest("The URL or a cookie holds a NUL character.")
        return get_response(request)

    return middleware


class CommonMiddleware(common.CommonMiddleware):
    """Django's, except that a health check may have any host: load balancers send the server's IP address."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Check the host, and append a slash to the URL where one is missing."""
        return None if request.path_info in HEALTH_CHECKS else super().process_request(request)


def response_headers(get_response: GetResponse) -> GetResponse:
    """Add the security headers that a response does not have."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Require sign-in. A form whose session ended can be continued."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Require sign-in unless the view needs none, extend the session, and apply the user's time zone."""
        response = super().process_view(request, view_func, view_args, view_kwargs)
        if response is None and getattr(view_func, "login_required", True):
            sessions.extend(request.session)
            preferences.activate_zone(request.session)
        return response

    def handle_no_permission(  # type: ignore[override]  # the stubs know only the redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        """Redirect to sign-in; to htmx and posted forms, respond in place."""
        if request.method == "POST" or request.headers.get("HX-Request") == "true":
            return errors.signed_out(request)
        return super().handle_no_permission(request, view_func)
