"""The class of every request: whatever arrives can be constructed, so that middleware responds to it."""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters

CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


class Request(WSGIRequest):
    """A request that is always read as UTF-8.

    Django decodes the query with whatever codec the content type names, ``rot13`` too, and fails on some content types
    before any middleware runs. Here such a request is marked, and ``middleware.well_formed`` refuses it.
    """

    malformed = False

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self._encoding = "utf-8"
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            self.content_type, self.content_params = "", {}
            self.malformed = True
            return
        charset = self.content_params.get("charset", "utf-8")
        self.malformed = not self.content_type.isascii() or charset.lower() not in CHARSETS
