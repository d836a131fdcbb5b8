"""LaunchDarkly's API. All requests to LaunchDarkly are made here."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly.client import LaunchDarkly

__all__ = ["LaunchDarkly", "connect"]


def connect() -> LaunchDarkly:
    """Return the process's client for the configured URL; sharing it reuses connections."""
    return _client(settings.LAUNCHDARKLY_URL, settings.LAUNCHDARKLY_TOKEN, settings.LAUNCHDARKLY_TIMEOUT)


@lru_cache(maxsize=4)
def _client(base_url: str, token: Secret, timeout: float) -> LaunchDarkly:
    return LaunchDarkly(base_url, token, timeout)
