"""Health checks."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from destinations_ui.audit import storage
from destinations_ui.audit.models import Event

logger = logging.getLogger(__name__)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Respond that the process is up."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Respond whether the history can be read and is the one this process started with."""
    try:
        Event.objects.exists()
        storage.check()
    except (DatabaseError, InterfaceError) as error:
        logger.error("The database does not respond: %s", type(error).__name__)
        return HttpResponse("The database does not respond.\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")
