"""Log lines with the request's id, in which no value can forge another line."""

from __future__ import annotations

import logging
import re
import unicodedata
from contextvars import ContextVar
from typing import Any

#: The id of the current request; ``-`` outside of one.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="-")

#: The URL of a link to set a password, up to its token: Django logs the URL of a response with an error.
LINK = re.compile(r"(/password/[^/\s]+/)[^/\s]+")


class RequestId(logging.Filter):
    """Adds ``request_id`` to each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id."""
        # Django logs a response after the request has left the middleware, but passes the request.
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", None) or current_request_id.get()
        return True


class LineFormatter(logging.Formatter):
    """Escapes control characters, which could forge lines or color a terminal, and hides tokens of password links."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format everything except the traceback, which has its own lines."""
        return escape_controls(LINK.sub(r"\1…", super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:
        """Format a traceback, indented, since an exception's message can have several lines."""
        return indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Format a stack in the same way."""
        return indented(super().formatStack(stack_info))


def indented(lines: str) -> str:
    """Escape and indent each line, so that none looks like a line of the log."""
    return "\n".join(f"    {escape_controls(line)}" for line in lines.split("\n"))


def escape_controls(text: str) -> str:
    """Replace each control and formatting character (line breaks, ANSI, text direction) with its code."""
    return "".join(
        character if unicodedata.category(character) not in {"Cc", "Cf", "Zl", "Zp"} else f"\\u{ord(character):04x}"
        for character in text
    )
