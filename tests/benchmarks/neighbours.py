"""What the product is held against, in the same server: Django admin's list of its records, and a constant answer."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from destinations_ui import urls
from destinations_ui.audit.models import AuditRecord


class Records(ModelAdmin):  # type: ignore[type-arg]  # at run time it takes none
    """The records as a team would list them that had no time for more."""

    list_display = (
        *("created_at", "actor", "kind", "name", "project", "environment", "outcome", "reason", "status_code"),
        "destination_id",
    )
    list_filter = ("kind", "outcome")
    list_per_page = 50
    search_fields: ClassVar[tuple[str, ...]] = (
        *("name", "project", "environment", "actor", "reason"),
        *("destination_id", "error_code", "error_message", "error_id"),
    )
    date_hierarchy = "created_at"
    ordering = ("-id",)


site = AdminSite(name="neighbour")
site.register(AuditRecord, Records)


def constant(request: HttpRequest) -> HttpResponse:
    """Answer whoever is signed in, and nothing else."""
    return HttpResponse(f"{request.user.pk}")


urlpatterns = [*urls.urlpatterns, path("neighbour/", site.urls), path("constant", constant)]
