"""A kind as JSON, for the browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from destinations_ui.accounts.permissions import may_create
from destinations_ui.kinds import Kind, client_spec

#: The URL contains the digest, so the response never changes. Only a signed-in user's own browser may keep it.
IMMUTABLE = "private, max-age=31536000, immutable"


@require_safe
@may_create
def kind_spec(request: HttpRequest, kind: Kind, digest: str) -> HttpResponse:
    """Return the kind's JSON. A page of another version gets the current one, which its browser must not keep."""
    response = HttpResponse(client_spec.content(kind), content_type="application/json")
    response["Cache-Control"] = IMMUTABLE if digest == client_spec.digest(kind) else "no-store"
    return response
