"""A user sets a password with a link from an administrator."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from destinations_ui.accounts import hashing, password_links, sessions
from destinations_ui.accounts.forms import NewPasswordForm


@require_safe
@login_not_required
def open_password_link(request: HttpRequest, user_id: str, token: str) -> HttpResponse:
    """Keep the link in the session, and go on at a URL without it."""
    password_links.open_link(request.session, user_id, token)
    return redirect("choose-password")


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def choose_password(request: HttpRequest) -> HttpResponse:
    """Set the password, and end the user's sessions and the link."""
    user = password_links.opened(request.session)
    if user is None:
        return render(request, "accounts/link_expired.html", status=410)
    if request.method != "POST":
        return page(request, NewPasswordForm(user))
    form = NewPasswordForm(user, request.POST)
    try:
        with hashing.slot():
            if not form.is_valid():
                return page(request, form)
            form.save()
    except hashing.Busy:
        messages.warning(request, hashing.BUSY)
        return redirect("choose-password")
    password_links.close(request.session)
    sessions.end_all(user)
    messages.success(request, "Password saved. Sign in with it.")
    return redirect("login")


def page(request: HttpRequest, form: NewPasswordForm) -> HttpResponse:
    """Return the page with the form."""
    context = {"form": form, "person": form.user}
    return render(request, "accounts/choose_password.html", context, status=422 if form.errors else 200)
