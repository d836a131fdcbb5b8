"""Helpers that create clients and destinations."""

from __future__ import annotations

import pytest

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.client import Created
from destinations_ui.launchdarkly.errors import LaunchDarklyError
from destinations_ui.launchdarkly.throttling import CircuitBreaker, Limits
from tests.support.environment import MARKER_TOKEN

CONFIG = {
    "region": "us-east-1",
    "roleArn": "arn:aws:iam::123456789012:role/marketingadmin",
    "streamName": "cat-stream",
}


def connected(url: str, timeout: float = 20) -> LaunchDarkly:
    """Return a client with the tests' token. Its timeout is long, so that a busy machine changes no outcome.

    Its circuit breaker never opens, because most tests make LaunchDarkly fail.
    """
    return LaunchDarkly(url, Secret(MARKER_TOKEN), timeout, Limits(breaker=CircuitBreaker(failures=1_000_000)))


def create(
    client: LaunchDarkly, project: str = "web-shop", environment: str = "staging", *, conceal: tuple[Secret, ...] = ()
) -> Created:
    """Create a Kinesis destination."""
    return client.create_destination(
        project, environment, kind="kinesis", name="Clicks", on=False, config=CONFIG, conceal=conceal
    )


def failure(
    client: LaunchDarkly, project: str = "web-shop", environment: str = "staging", *, conceal: tuple[Secret, ...] = ()
) -> LaunchDarklyError:
    """Return the error from creating a Kinesis destination."""
    with pytest.raises(LaunchDarklyError) as caught:
        create(client, project, environment, conceal=conceal)
    return caught.value
