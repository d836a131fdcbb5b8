"""What the other side needs, with the values of a form that is being filled."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import may_create
from destinations_ui.destinations import setup_guides
from destinations_ui.destinations.forms.destination import known_key
from destinations_ui.destinations.forms.posted_data import plain_names, showable
from destinations_ui.kinds import Kind
from destinations_ui.launchdarkly.errors import LaunchDarklyError


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def setup_guide(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show a kind's guides. What is typed comes by POST, so that it stands in no address."""
    if request.method != "POST":
        return redirect("create-destination", kind)
    values, wrong = setup_guides.typed(kind, request.POST)
    filled = setup_guides.of_values(kind, values)
    trouble: LaunchDarklyError | None = None
    place = [known_key(request.POST.get(name, "").strip()) for name in ("project", "environment")]
    fetchable = all(place) and any(each.guide.trust_policy for each in filled)
    if fetchable and "fetch" in request.POST:
        filled, trouble = setup_guides.fetched(filled, *place)
        fetchable = trouble is not None
    context = {
        "kind": kind,
        "guides": filled,
        "wrong": wrong,
        "trouble": trouble,
        "fetchable": plain_names(kind) if fetchable else [],
        "carried": showable(kind, request.POST),
    }
    part = "#guide" if wants_fragment(request) else ""
    return render(request, f"destinations/setup_guide.html{part}", context, status=503 if trouble else 200)
