"""Django's PostgreSQL backend with one difference: a time that Python cannot represent is returned as text.

psycopg raises for ``infinity`` and the like, so that one damaged row would break every page it is on. ``audit.damage``
replaces the text.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg import DataError


class LenientLoader(BaseTzLoader):  # type: ignore[misc]  # missing in Django's stubs
    """Loads a time with its zone, or its text if it is invalid."""

    timezone = UTC

    def load(self, data: Any) -> Any:
        """Return the time in UTC, or the text if Python cannot represent it."""
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that reads every timestamp."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection."""
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", LenientLoader)
        return connection
