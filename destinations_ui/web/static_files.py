"""Whether the static files were collected for this release (without them, pages fail one by one), and the favicon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@require_safe
@login_not_required
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon: browsers request ``/favicon.ico`` for what is not a page of ours, such as an export."""
    response = redirect(static("favicon.svg"))
    response["Cache-Control"] = "public, max-age=86400"
    return response


def require_current() -> None:
    """Require that every static file was collected as it is now.

    Raises:
        ImproperlyConfigured: if one was not.
    """
    for error in check():
        raise ImproperlyConfigured(f"{error.msg} {error.hint}")


def check(**kwargs: Any) -> list[CheckMessage]:
    """Return an error if a static file was not collected, or has changed since; with ``DEBUG`` none is needed."""
    outdated = [] if settings.DEBUG else sorted(find_outdated())
    if not outdated:
        return []
    count = f"{len(outdated)} static files are" if len(outdated) > 1 else "A static file is"
    return [
        Error(
            f"{count} missing or outdated in STATIC_ROOT, such as {outdated[0]}.",
            hint="Run: python manage.py collectstatic --noinput",
            id="destinations_ui.E001",
        )
    ]


def find_outdated() -> Iterator[str]:
    """Yield the names of the static files whose collected copy is missing or different."""
    seen = set()
    for finder in get_finders():
        for name, storage in finder.list(StaticFilesConfig.ignore_patterns):
            if name in seen:
                continue  # The first finder wins, as in collectstatic.
            seen.add(name)
            if not is_current(Path(storage.path(name)), name):
                yield name


def is_current(source: Path, name: str) -> bool:
    """Return whether a file was collected with its present content, and has a hashed copy."""
    hashed = hashed_files().get(name)
    collected = Path(staticfiles_storage.path(name))
    if not hashed or not collected.exists() or not staticfiles_storage.exists(hashed):
        return False
    return source.stat().st_size == collected.stat().st_size and source.read_bytes() == collected.read_bytes()


def hashed_files() -> dict[str, str]:
    """Return the hashed name of each collected file, from the manifest."""
    names: dict[str, str] = staticfiles_storage.hashed_files  # type: ignore[attr-defined]  # of our storage class
    return names
