"""Setup guides with the values of a form that is being filled in."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from destinations_ui.accounts.http import SignedInRequest, wants_fragment
from destinations_ui.accounts.permissions import may_create
from destinations_ui.destinations import environment_options, setup_guides
from destinations_ui.destinations.forms import posted_data
from destinations_ui.destinations.forms.environment import known_key
from destinations_ui.kinds import Kind
from destinations_ui.launchdarkly.errors import LaunchDarklyError


@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
@may_create
def setup_guide(request: SignedInRequest, kind: Kind) -> HttpResponse:
    """Show a kind's guides. The values come by POST, so that they are in no URL."""
    if request.method != "POST":
        return redirect("create-destination", kind)
    posted = posted_data.parse(kind, request.POST)
    values, invalid = posted_data.valid_values(posted)
    guides = setup_guides.of_values(kind, values)
    error: LaunchDarklyError | None = None
    if any(guide.trust_policy for guide in kind.setup_guides):
        environment_options.load_named(posted)
    environment = [known_key(posted.text(name)) for name in ("project", "environment")]
    fetchable = all(environment) and any(filled.guide.trust_policy for filled in guides)
    if fetchable and "fetch" in request.POST:
        guides, error = setup_guides.fetched(guides, *environment)
        fetchable = error is not None
    context = {
        "kind": kind,
        "guides": guides,
        "invalid": invalid,
        "error": error,
        "fetchable": posted_data.plain_names(kind) if fetchable else [],
        "carried": posted.public(),
    }
    part = "#guide" if wants_fragment(request) else ""
    return render(request, f"destinations/setup_guide.html{part}", context, status=503 if error else 200)
