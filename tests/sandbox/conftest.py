"""A sandbox for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from destinations_ui.sandbox import SandboxServer


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A running sandbox with the seeded account."""
    with SandboxServer() as server:
        yield server
