"""A client for each test."""

from __future__ import annotations

import pytest

from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.sandbox import SandboxServer
from tests.launchdarkly.client import connected


@pytest.fixture
def client(sandbox: SandboxServer) -> LaunchDarkly:
    """A client of the sandbox."""
    return connected(sandbox.url)
