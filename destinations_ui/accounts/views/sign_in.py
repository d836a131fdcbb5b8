"""Sign-in and sign-out: Django's views with our pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse

from destinations_ui.accounts import hashing

LogoutView = views.LogoutView


class LoginView(views.LoginView):
    """Sign-in. Someone who is signed in already is redirected."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password when it is this request's turn. What is above the limit can be tried again."""
        try:
            with hashing.slot():
                return super().post(request, *args, **kwargs)
        except hashing.Busy:
            return self.busy(request)

    def busy(self, request: HttpRequest) -> HttpResponse:
        """Return the sign-in page with the user name kept, for too many sign-ins at once."""
        form = self.get_form_class()(request, initial={"username": request.POST.get("username", "")})
        response = self.render_to_response(self.get_context_data(form=form, busy=True), status=503)
        response["Retry-After"] = str(hashing.RETRY_AFTER)
        return response

    def get_redirect_url(self) -> str:  # type: ignore[override]  # the stubs are of a newer Django
        """Return where sign-in leads, which is never sign-in itself: that would be a loop."""
        url = super().get_redirect_url()
        return "" if urlsplit(url).path == self.request.path else url
