"""How sign-in attempts are counted, and the page shown after too many.

django-axes does the counting.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def client_address(request: HttpRequest) -> str:
    """Return the address a request came from.

    Behind ``PROXY_COUNT`` proxies that is the entry of ``X-Forwarded-For`` which the outermost of them wrote; what
    stands before it was written by the client and means nothing.
    """
    direct: str = request.META.get("REMOTE_ADDR", "")
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if not settings.PROXY_COUNT or len(forwarded) < settings.PROXY_COUNT:
        return direct
    return forwarded[-settings.PROXY_COUNT] or direct


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Answer an attempt that was not tried, because too many before it were wrong."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    response = render(request, "accounts/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response
