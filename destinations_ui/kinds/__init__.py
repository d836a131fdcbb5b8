"""The kinds of destination that can be created: every module of this package with a ``KIND``, found on its own."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from destinations_ui.kinds.spec import Field, Kind, Mark, SpecError

__all__ = ["Field", "Kind", "Mark", "SpecError", "label", "mark", "registry"]

#: The mark of a kind that is unknown here.
UNKNOWN_MARK = Mark("?", "#5b6670")


@cache
def registry() -> dict[str, Kind]:
    """Return slug → kind, sorted by label.

    Raises:
        SpecError: when a kind's file is wrong, or two files claim one slug.
    """
    found: dict[str, Kind] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        kind = getattr(module, "KIND", None)
        if kind is None:
            continue
        if not isinstance(kind, Kind):
            raise SpecError(f"{module.__name__}: KIND is not a Kind.")
        if kind.slug in found:
            raise SpecError(f"{module.__name__}: the kind {kind.slug} exists already.")
        found[kind.slug] = kind
    return dict(sorted(found.items(), key=lambda item: item[1].label.casefold()))


def label(slug: str) -> str:
    """Return the vendor's name of a kind, or LaunchDarkly's slug when the kind is unknown here."""
    kind = registry().get(slug)
    return kind.label if kind else slug or "unknown kind"


def mark(slug: str) -> Mark:
    """Return a kind's mark, or a neutral one when the kind is unknown here."""
    kind = registry().get(slug)
    return kind.mark if kind else UNKNOWN_MARK
