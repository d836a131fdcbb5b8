"""Log lines: each carries its request's id, and no value in it can start a line of its own."""

from __future__ import annotations

import logging
import unicodedata
from contextvars import ContextVar
from typing import Any

#: The id of the request being answered; ``-`` outside of one.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="-")


class RequestId(logging.Filter):
    """Give each log record a ``request_id``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id and let the record pass."""
        # Django writes about an answer after the request has left the middleware, but says which request it was.
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", None) or current_request_id.get()
        return True


class LineFormatter(logging.Formatter):
    """Escape control characters, which would forge lines or colour a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format all but the traceback, whose own lines are wanted."""
        return escape_controls(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Format a traceback. Its lines are indented, for the message of an exception may have lines of its own."""
        return indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Format a stack in the same way."""
        return indented(super().formatStack(stack_info))


def indented(lines: str) -> str:
    """Escape and indent each line, so that none can pass for a line of the log."""
    return "\n".join(f"    {escape_controls(line)}" for line in lines.split("\n"))


def escape_controls(text: str) -> str:
    """Write each control and formatting character (line breaks, ANSI, text direction) as its code."""
    return "".join(
        character if unicodedata.category(character) not in {"Cc", "Cf", "Zl", "Zp"} else f"\\u{ord(character):04x}"
        for character in text
    )
