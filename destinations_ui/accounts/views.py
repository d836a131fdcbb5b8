"""Signing in and out: Django's own views with our pages."""

from __future__ import annotations

from django.contrib.auth import views

LogoutView = views.LogoutView


class LoginView(views.LoginView):
    """Sign-in; someone who is signed in already goes on to the map."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True
