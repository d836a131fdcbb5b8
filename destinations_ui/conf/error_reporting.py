"""Error reports without posted values and local variables."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Hides posted values and variables on every error page and in every report, also with ``DEBUG`` on.

    Django's own filter does nothing with ``DEBUG`` on, and hides only what a decorator names. Secrets pass
    through frames of libraries, which cannot be decorated.
    """

    #: URLs of databases and caches have passwords.
    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_URL|AUTHORIZATION|^DATABASES$|^CACHES$",
        re.IGNORECASE,
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        """Return true, also in development."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the names of posted fields without their values."""
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """Return the names of a frame's variables without their values."""
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
