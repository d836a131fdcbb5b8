"""Log lines: one per event, with the id of its request."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import RequestFactory

from destinations_ui.conf.logging import LineFormatter, RequestId, current_request_id, escape_controls

#: The product's logging configuration.
LOGGING: dict[str, Any] = settings.LOGGING
FORGED = "2026-01-01 00:00:00,000 INFO destinations_ui [-] Created by ada"
#: Characters that break a line, color a terminal or change the text direction.
CONTROLS = (
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\t",
    "\x08",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u200b",
    "\ufeff",
)


class Log:
    """A logger with the product's configuration, and its output."""

    def __init__(self) -> None:
        spec = LOGGING["formatters"]["line"]
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(LineFormatter(spec["format"], style=spec["style"]))
        handler.addFilter(RequestId())
        self.logger = logging.Logger("destinations_ui.test")
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        """The lines so far, split as a terminal or log collector does."""
        return self._stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    """An empty log."""
    return Log()


@pytest.fixture
def request_id() -> Iterator[str]:
    """The id of the current request."""
    token = current_request_id.set("0b8b4b2c")
    yield "0b8b4b2c"
    current_request_id.reset(token)


def test_a_line_has_time_level_logger_and_message(log: Log) -> None:
    log.logger.warning("Something is odd")
    (line,) = log.lines
    assert line.endswith(" WARNING destinations_ui.test [-] Something is odd")
    assert line[:4].isdecimal()


def test_a_line_has_the_id_of_its_request(log: Log, request_id: str) -> None:
    log.logger.error("Something is wrong")
    assert f"[{request_id}]" in log.lines[0]


def test_a_line_about_a_response_has_the_id_of_its_request(log: Log) -> None:
    # Django logs it after the request has left the middleware.
    request = RequestFactory().get("/")
    request.request_id = "77c1"  # type: ignore[attr-defined]  # as the middleware sets it
    log.logger.error("Not Found", extra={"request": request})
    log.logger.error("Not Found", extra={"request": RequestFactory().get("/")})
    assert ["[77c1]" in line for line in log.lines] == [True, False]
    assert "[-]" in log.lines[1]


@pytest.mark.parametrize("control", CONTROLS)
def test_no_value_can_begin_a_new_line(log: Log, control: str) -> None:
    log.logger.error("Name: %s", f"x{control}{FORGED}")
    (line,) = log.lines
    assert line.startswith("20")
    assert not any(character in line for character in control.strip("[31m"))
    assert f"\\u{ord(control[0]):04x}" in line


@pytest.mark.parametrize("control", CONTROLS)
def test_no_exception_can_forge_a_line(log: Log, control: str) -> None:
    try:
        raise ValueError(f"x{control}{FORGED}")
    except ValueError:
        log.logger.exception("It failed")
    first, *rest = log.lines
    assert "It failed" in first
    assert rest
    assert all(line.startswith("    ") for line in rest)
    assert "Traceback" in rest[0]
    assert FORGED in rest[-1]
    if control != "\n":
        assert f"\\u{ord(control[0]):04x}" in "".join(rest)


def test_a_stack_is_indented_like_a_traceback(log: Log) -> None:
    log.logger.error("Here", stack_info=True)
    assert len(log.lines) > 1
    assert all(line.startswith("    ") for line in log.lines[1:])


@pytest.mark.parametrize("text", ["Ordinary text, ünïcode, 漢字 and 🙂", "a\\nb", "", "‚quotes‘ – dashes …"])
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert escape_controls(text) == text


def test_the_product_logs_through_this_formatter() -> None:
    assert LOGGING["formatters"]["line"]["()"] == "destinations_ui.conf.logging.LineFormatter"
    assert LOGGING["handlers"]["console"]["formatter"] == "line"
    assert LOGGING["handlers"]["console"]["filters"] == ["request_id"]
    assert LOGGING["root"]["handlers"] == ["console"]
