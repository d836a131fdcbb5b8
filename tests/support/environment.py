"""Settings for the tests, in the environment before Django reads it. pytest loads this first (see pyproject.toml)."""

from __future__ import annotations

import os
import tempfile

#: Marks a value that must be found nowhere but at LaunchDarkly.
MARKER_TOKEN = "api-marker-of-the-token-5d1f"  # a test's token

DEFAULTS = {
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "DATABASE_URL": f"sqlite:///{tempfile.gettempdir()}/destinations-ui-unused.sqlite3",
    "FINGERPRINT_KEY": "fingerprint-key-of-the-tests-0123456789",
    "HTTPS_ONLY": "false",
    "LAUNCHDARKLY_TIMEOUT": "2",
    "LAUNCHDARKLY_TOKEN": MARKER_TOKEN,
    # Nothing listens here: a test that needs LaunchDarkly uses the sandbox fixture.
    "LAUNCHDARKLY_URL": "http://127.0.0.1:9",
    "SEAL_KEY": "seal-key-of-the-tests-0123456789-0123456789",
    "SECRET_KEY": "secret-key-of-the-tests-0123456789-0123456789",
}

for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)
# Django's ORM is called from Playwright's thread, which runs an event loop of its own.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
