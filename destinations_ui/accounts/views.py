"""Sign-in and sign-out: Django's views with our pages."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse

#: To hash a password takes a core for a third of a second. So many are hashed at once in a process, and so many more
#: sign-ins wait: together they never take all threads (see gunicorn.conf.py).
AT_ONCE, WAITING = 2, 4
#: Seconds after which a rejected sign-in can be tried again.
RETRY_AFTER = 5

admitted = threading.BoundedSemaphore(AT_ONCE + WAITING)
hashing = threading.BoundedSemaphore(AT_ONCE)

LogoutView = views.LogoutView


class LoginView(views.LoginView):
    """Sign-in. Someone who is signed in already is redirected."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password when it is this request's turn. What is above the limit can be tried again."""
        if not admitted.acquire(blocking=False):
            return self.busy(request)
        try:
            with hashing:
                return super().post(request, *args, **kwargs)
        finally:
            admitted.release()

    def busy(self, request: HttpRequest) -> HttpResponse:
        """Return the sign-in page with the user name kept, for too many sign-ins at once."""
        form = self.get_form_class()(request, initial={"username": request.POST.get("username", "")})
        response = self.render_to_response(self.get_context_data(form=form, busy=True), status=503)
        response["Retry-After"] = str(RETRY_AFTER)
        return response

    def get_redirect_url(self) -> str:  # type: ignore[override]  # the stubs are of a newer Django
        """Return where sign-in leads, which is never sign-in itself: that would be a loop."""
        url = super().get_redirect_url()
        return "" if urlsplit(url).path == self.request.path else url
