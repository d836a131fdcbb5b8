"""Suggestions for the history's filters."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations_ui.accounts.permissions import may_view
from destinations_ui.history import query


@require_safe
@may_view
def suggestions(request: HttpRequest) -> HttpResponse:
    """Show the people, projects and environments of the newest attempts as datalists."""
    return render(request, "history/_suggestions.html", {"suggestions": query.suggestions()})
