"""A stand-in for LaunchDarkly's REST API, limited to what Data Export destinations need.

For trying the product without an account (``python manage.py sandbox``), and for tests::

    with SandboxServer() as sandbox:
        sandbox.script("GET", "/api/v2/destinations", Status(500))
        ...  # call sandbox.url with any token that begins with ``api-``
        assert sandbox.count("POST") == 0

It is written from LaunchDarkly's documentation (https://launchdarkly.com/docs/api) with the standard library only and
shares no code with the product, so that both cannot have the same mistake. Secrets are obfuscated on arrival.
"""

from __future__ import annotations

from destinations_ui.sandbox.faults import (
    Drip,
    Drop,
    Fault,
    Hang,
    Interim,
    NotJson,
    RateLimited,
    Raw,
    Reset,
    Status,
)
from destinations_ui.sandbox.messages import Request, Response
from destinations_ui.sandbox.server import SandboxServer
from destinations_ui.sandbox.state import StateFileError

__all__ = [
    "Drip",
    "Drop",
    "Fault",
    "Hang",
    "Interim",
    "NotJson",
    "RateLimited",
    "Raw",
    "Request",
    "Reset",
    "Response",
    "SandboxServer",
    "StateFileError",
    "Status",
]
