"""Context of every page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def installation(request: HttpRequest) -> dict[str, object]:
    """Return whether the sandbox is in use, and the URL of LaunchDarkly's own pages."""
    return {"sandbox": settings.SANDBOX, "launchdarkly_url": settings.LAUNCHDARKLY_URL}
