"""The product's settings for servers that the tests start: as deployed, but passwords are hashed quickly."""

from __future__ import annotations

import os

from destinations_ui.settings import *  # noqa: F403  # all of them

PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher"]
# All processes of a server share a cache that a test can empty.
if folder := os.environ.get("CACHE_FOLDER"):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": folder}}
