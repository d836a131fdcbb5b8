"""The site of Django's admin."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator

from destinations_ui.accounts import people


class Administration(admin.AdminSite):
    """Open to users who can change users; ``is_staff`` is not needed."""

    site_header = "Destinations UI: people"
    site_title = "Destinations UI"
    index_title = "People and records"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether a user can enter."""
        return request.user.is_active and request.user.has_perm("auth.change_user")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Refuse what would remove the last administrator, and a NUL in the query, which PostgreSQL rejects."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.META["QUERY_STRING"]:
                raise BadRequest("The query holds a NUL character.")
            if request.method != "POST":
                return inner(request, *args, **kwargs)
            try:
                with people.administrator_remains():
                    return inner(request, *args, **kwargs)
            except ValidationError as error:
                messages.error(request, error.message)
                return redirect(request.get_full_path())

        return checked

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the sign-in page.

        Raises:
            PermissionDenied: if the user is signed in, but cannot enter.
        """
        if request.user.is_authenticated:
            raise PermissionDenied
        # The sign-in page ignores a URL of another site.
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
