"""The people who use this installation, for administrators."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations_ui.accounts import password_links, people, roles
from destinations_ui.accounts.forms import PersonForm, RoleForm, SearchForm
from destinations_ui.accounts.http import SignedInRequest, redirect_to
from destinations_ui.accounts.permissions import may_manage_people

PAGE_SIZE = 50


@may_manage_people
@require_safe
def person_list(request: SignedInRequest) -> HttpResponse:
    """List the people whose name or user name matches."""
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    page = Paginator(people.search(query), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(person, roles.label(person)) for person in page]
    context = {"form": form, "page": page, "query": query, "rows": rows, "roles": roles.ROLES}
    return render(request, "accounts/people.html", context, status=200 if form.is_valid() else 422)


@may_manage_people
@require_http_methods(["GET", "HEAD", "POST"])
def create_person(request: SignedInRequest) -> HttpResponse:
    """Create a user, and show the link with which they choose a password."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            person = people.create(request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("username", error)
        else:
            return show_link(request, person, is_new=True)
    context = {"form": form, "roles": roles.ROLES}
    return render(request, "accounts/person_new.html", context, status=422 if form.errors else 200)


@may_manage_people
@require_safe
def person(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a user, and what can be changed."""
    return page(request, get_object_or_404(User, pk=pk))


@may_manage_people
@require_POST
def change_role(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a user's role."""
    person = changeable(request, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            people.change_role(request.user, person, form.cleaned_data["role"])
        except ValidationError as error:
            form.add_error("role", error)
        else:
            return saved(request, person, f"Role changed to {form.cleaned_data['role'].name}.")
    return page(request, person, form)


@may_manage_people
@require_POST
def set_active(request: SignedInRequest, pk: int) -> HttpResponse:
    """Deactivate a user, or activate them again."""
    person = changeable(request, pk)
    active = request.POST.get("active") == "true"
    try:
        people.set_active(request.user, person, active)
    except ValidationError as error:
        return page(request, changeable(request, pk), problem=str(error.message))
    return saved(request, person, "Activated." if active else "Deactivated, and all sessions ended.")


@may_manage_people
@require_POST
def create_password_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a new link with which a user chooses a password."""
    person = changeable(request, pk)
    if not person.is_active:
        return page(request, person, problem="This account is deactivated. Activate it first.")
    return show_link(request, person)


def changeable(request: SignedInRequest, pk: int) -> User:
    """Return the user with an id.

    Raises:
        PermissionDenied: if the requesting user cannot change this one.
    """
    person = get_object_or_404(User, pk=pk)
    if not people.can_change(request.user, person):
        raise PermissionDenied
    return person


def page(request: SignedInRequest, person: User, form: RoleForm | None = None, problem: str = "") -> HttpResponse:
    """Return the page of a user, with a form that has errors, or with a problem."""
    role = roles.of(person)
    context: dict[str, Any] = {
        "person": person,
        "role_label": roles.label(person),
        "form": form or RoleForm(initial={"role": role.group if role else ""}),
        "roles": roles.ROLES,
        "changeable": people.can_change(request.user, person) and person != request.user,
        "problem": problem,
    }
    return render(request, "accounts/person.html", context, status=422 if form or problem else 200)


def show_link(request: SignedInRequest, person: User, *, is_new: bool = False) -> HttpResponse:
    """Show a link once, in place of a redirect: nothing stores it."""
    url = request.build_absolute_uri(password_links.create(request.user, person))
    return render(request, "accounts/password_link.html", {"person": person, "url": url, "is_new": is_new})


def saved(request: SignedInRequest, person: User, message: str) -> HttpResponse:
    """Redirect to the page of a user with a message."""
    messages.success(request, message)
    return redirect_to(request, reverse("person", args=[person.pk]))
