"""The site of Django's admin: who may enter it."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator


class Administration(admin.AdminSite):
    """Open to whoever may administer people; the flag ``is_staff`` is not asked for."""

    site_header = "Destinations UI: people"
    site_title = "Destinations UI"
    index_title = "People and records"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in people with the right to change people."""
        return request.user.is_active and request.user.has_perm("auth.change_user")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Refuse a NUL in the query: the admin would pass it on to PostgreSQL, which rejects it."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.META["QUERY_STRING"]:
                raise BadRequest("The query holds a NUL character.")
            return inner(request, *args, **kwargs)

        return checked

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the one sign-in page there is; whoever is signed in already may simply not enter.

        Raises:
            PermissionDenied: for someone who is signed in.
        """
        if request.user.is_authenticated:
            raise PermissionDenied
        # The sign-in page follows no address that leads elsewhere.
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
