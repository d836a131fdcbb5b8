"""A user's own account: name, password, preferences and sessions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from destinations_ui.accounts import hashing, preferences, roles, sessions
from destinations_ui.accounts.forms import NameForm, PasswordForm, PreferencesForm
from destinations_ui.accounts.http import SignedInRequest, redirect_to


@require_safe
def account(request: SignedInRequest) -> HttpResponse:
    """Show the account."""
    return page(request)


@require_POST
def save_name(request: SignedInRequest) -> HttpResponse:
    """Store the user's name. One that an administrator entered in two parts becomes one."""
    form = NameForm(request.POST)
    if not form.is_valid():
        return page(request, name_form=form)
    request.user.first_name, request.user.last_name = form.cleaned_data["name"], ""
    request.user.save(update_fields=["first_name", "last_name"])
    return saved(request, "Name saved.")


@require_POST
def change_password(request: SignedInRequest) -> HttpResponse:
    """Change the user's password, give this session a new key, and end all others."""
    form = PasswordForm(request, request.user, request.POST)
    try:
        with hashing.slot():
            if not form.is_valid():
                return page(request, password_form=form)
            form.save()
    except hashing.Busy:
        messages.warning(request, hashing.BUSY)
        return redirect_to(request, reverse("account"))
    update_session_auth_hash(request, request.user)
    sessions.end_all(request.user, but=request.session.session_key)
    return saved(request, "Password changed. Your other sessions have ended.")


@require_POST
def save_preferences(request: SignedInRequest) -> HttpResponse:
    """Store the user's time zone and theme."""
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return page(request, preferences_form=form)
    preferences.save(request.session, request.user, **form.cleaned_data)
    return saved(request, "Preferences saved.")


@require_POST
def end_session(request: SignedInRequest) -> HttpResponse:
    """End one of the user's sessions, or all but this one."""
    if "session" in request.POST:
        sessions.end_one(request.user, request.POST["session"])
        return saved(request, "Session ended.")
    sessions.end_all(request.user, but=request.session.session_key)
    return saved(request, "Your other sessions have ended.")


def page(request: SignedInRequest, **invalid: Any) -> HttpResponse:
    """Return the page, with the form that has errors, if any, in place of a fresh one."""
    user = request.user
    context = {
        "role": roles.label(user),
        "sessions": sessions.listed(user, request.session.session_key),
        "name_form": NameForm(initial={"name": user.get_full_name()}),
        "password_form": PasswordForm(request, user),
        "preferences_form": PreferencesForm(initial=preferences.values(preferences.of(user))),
        "invalid_form": next(iter(invalid.values()), None),
    }
    return render(request, "accounts/account.html", context | invalid, status=422 if invalid else 200)


def saved(request: SignedInRequest, message: str) -> HttpResponse:
    """Redirect to the account with a message."""
    messages.success(request, message)
    return redirect_to(request, reverse("account"))
