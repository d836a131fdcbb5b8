"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")

# How long a thread that computes may keep the others of its process waiting, in seconds. A page waits so at each of its
# queries; with Python's own 5 ms, pages took six times as long while somebody exported.
sys.setswitchinterval(0.0005)

application = get_wsgi_application()
