"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import os
import sys

import django
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")
django.setup(set_prefix=False)

from destinations_ui.web import static_files  # noqa: E402  # needs the settings
from destinations_ui.web.request import Request  # noqa: E402  # as above

static_files.require_current()

# Seconds for which a computing thread may keep the others of its process waiting. A page waits this long at each of its
# queries; with Python's default of 5 ms, pages took six times as long during an export.
sys.setswitchinterval(0.0005)


class Handler(WSGIHandler):
    """Django's handler with our class of request."""

    request_class = Request


application = Handler()
