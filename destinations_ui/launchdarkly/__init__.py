"""The only code that speaks to LaunchDarkly."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly.client import LaunchDarkly

__all__ = ["LaunchDarkly", "connect"]


def connect() -> LaunchDarkly:
    """Return the client for the configured LaunchDarkly; one for the process, so that connections are reused."""
    return _client(settings.LAUNCHDARKLY_URL, settings.LAUNCHDARKLY_TOKEN, settings.LAUNCHDARKLY_TIMEOUT)


@lru_cache(maxsize=4)
def _client(base_url: str, token: Secret, timeout: float) -> LaunchDarkly:
    return LaunchDarkly(base_url, token, timeout)
