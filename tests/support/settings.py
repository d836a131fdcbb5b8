"""The product's settings for servers that the tests start: as deployed, but passwords are hashed quickly."""

from __future__ import annotations

from destinations_ui.settings import *  # noqa: F403  # all of them

PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher"]
