"""URL converters."""

from __future__ import annotations

from destinations_ui import kinds
from destinations_ui.kinds import Kind


class KindConverter:
    """A kind's slug; one that is not known is a 404."""

    regex = "[a-z0-9-]+"

    def to_python(self, value: str) -> Kind:
        """Return the kind.

        Raises:
            ValueError: Django's word for "no such address".
        """
        kind = kinds.registry().get(value)
        if kind is None:
            raise ValueError(value)
        return kind

    def to_url(self, value: Kind) -> str:
        """Return the slug."""
        return value.slug
