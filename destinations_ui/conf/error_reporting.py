"""What Django may show of a failed request: neither what was posted nor any local variable."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Hide posted values and variables on every error page and report, also with ``DEBUG`` on.

    Django's own filter steps aside when ``DEBUG`` is on, and hides only what a decorator names. Secrets pass
    through the frames of libraries that cannot be decorated, so here nothing is shown.
    """

    #: Addresses of databases and caches hold passwords.
    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_URL|AUTHORIZATION|^DATABASES$|^CACHES$",
        re.IGNORECASE,
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        """Hide in development, too."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of what was posted without the values."""
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Return the names of a frame's variables without the values."""
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
