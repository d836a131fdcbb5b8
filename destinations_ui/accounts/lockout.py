"""Sign-in is closed to an address after too many wrong passwords. django-axes decides when; here is what it counts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)

#: Counts the requests whose client is not known, as over a Unix socket without a proxy's header.
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104  # nothing is bound to it
#: One customer of a provider has at least a network of this size to choose addresses from.
IPV6_PREFIX = 64


class FailureCounter(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """Counts failures by address alone. What was posted is not stored: a user name can be a mistyped password."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, object], request: Any = None, **kwargs: object
    ) -> None:
        """Count a failure, unless the password was not even checked."""
        if request is None or request.axes_locked_out:
            return
        self.clean_expired_user_attempts(request)
        AccessAttempt.objects.create(ip_address=request.axes_ip_address, failures_since_start=1)
        failures = request.axes_failures_since_start = self.get_failures(request)
        request.axes_locked_out = failures >= settings.AXES_FAILURE_LIMIT
        logger.warning("Sign-in failed from %s, failure %d", request.axes_ip_address, failures)

    def user_logged_in(self, sender: object, request: Any, user: User, **kwargs: object) -> None:
        """Log who signed in."""
        logger.info("%s signed in from %s", user.get_username(), client_address(request))

    def user_logged_out(self, sender: object, request: Any, user: User | None, **kwargs: object) -> None:
        """Log who signed out."""
        logger.info("%s signed out", user.get_username() if user else "Someone without a session")


def client_address(request: HttpRequest) -> str:
    """Return the client's address, the form in which failures are counted.

    Behind ``PROXY_COUNT`` proxies that is the entry of ``X-Forwarded-For`` which the outermost of them wrote. Entries
    before it are the client's own and mean nothing.
    """
    direct = normalized(request.META.get("REMOTE_ADDR", "")) or UNKNOWN_ADDRESS
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if not settings.PROXY_COUNT or len(forwarded) < settings.PROXY_COUNT:
        return direct
    return normalized(forwarded[-settings.PROXY_COUNT]) or direct


def normalized(entry: str) -> str:
    """Return an address without port and brackets, IPv6 as its network; an empty string if it is no address."""
    host = entry.strip(' "')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, IPV6_PREFIX), strict=False).network_address)
    return str(address)


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Return the page shown in place of sign-in after too many wrong passwords."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    response = render(request, "accounts/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response
