"""Interpret a response of LaunchDarkly: JSON, a refusal, or an unknown outcome."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from destinations_ui.launchdarkly import resources
from destinations_ui.launchdarkly.concealment import Concealer
from destinations_ui.launchdarkly.errors import (
    REFUSALS,
    BadResponse,
    Busy,
    LaunchDarklyError,
    NoResponse,
    NotSent,
)
from destinations_ui.launchdarkly.transport import RequestWatchdog

#: How long to wait after 429, in seconds. LaunchDarkly's reset may be missing, past or far in the future.
WAIT_DEFAULT, WAIT_MINIMUM, WAIT_MAXIMUM = 10, 1, 300
#: Limits of JSON values and nesting. Ten thousand destinations have fewer values.
MAX_VALUES, MAX_DEPTH = 500_000, 30


@dataclass(frozen=True, slots=True)
class APIResponse:
    """A successful response: its status and its JSON, without secrets."""

    status: int
    body: Any


class TooLong(OSError):
    """The response is longer than the limit."""


def read_bounded(response: requests.Response, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes without decompressing it: compression is not requested.

    Raises:
        TooLong: and the rest is not read: closing the response closes its connection.
    """
    pieces, total = [], 0
    while piece := response.raw.read(16384, decode_content=False):
        total += len(piece)
        if total > limit:
            raise TooLong
        pieces.append(piece)
    return b"".join(pieces)


def failure(error: Exception, watchdog: RequestWatchdog, status: int | None) -> LaunchDarklyError:
    """Return the error for a failed exchange, depending on whether anything was sent."""
    if not watchdog.sent:
        reason = connection_problem(error, watchdog)
        return NotSent(f"LaunchDarkly could not be reached: {reason}. Try again soon.")
    if watchdog.expired or isinstance(error, requests.Timeout):
        return NoResponse("LaunchDarkly did not respond in time.", status=status)
    if isinstance(error, TooLong):
        return BadResponse("LaunchDarkly’s response was far longer than expected.", status=status)
    return NoResponse("LaunchDarkly closed the connection before its response was complete.", status=status)


def connection_problem(error: Exception, watchdog: RequestWatchdog) -> str:
    """Return why the connection failed, for the user."""
    names = {type(reason).__name__ for reason in causes(error)}
    if "NameResolutionError" in names:
        return "its name was not found"
    if watchdog.expired or names & {"ConnectTimeoutError", "ConnectTimeout", "TimeoutError"}:
        return "connecting took too long"
    if names & {"SSLError", "SSLCertVerificationError", "CertificateError"}:
        return "its certificate is not trusted or TLS failed"
    return "the connection was refused"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those it wraps: as a cause, as a ``reason``, or as its first argument."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def interpret(response: requests.Response, raw: bytes, conceal: Concealer) -> APIResponse:
    """Return the JSON of a successful response, with all secrets concealed.

    Raises:
        Refused: when LaunchDarkly refused.
        BadResponse: for anything else.
    """
    status = response.status_code
    body = conceal(parse(response, raw))
    if not 200 <= status < 300:
        raise error_of(response, body, conceal.text(describe(response, raw)))
    if body is None:
        message = "LaunchDarkly’s response could not be read."
        raise BadResponse(message, status=status, detail=conceal.text(describe(response, raw)))
    return APIResponse(status, body)


def error_of(response: requests.Response, body: Any, description: str) -> LaunchDarklyError:
    """Return the error for an unsuccessful response; ``description`` replaces a missing message."""
    status, fields = response.status_code, body if isinstance(body, dict) else {}
    details: dict[str, Any] = {
        "status": status,
        "code": resources.text(fields.get("code"), 100),
        "detail": resources.text(fields.get("message")) or description,
        "id": resources.text(fields.get("id"), 100),
    }
    if status not in REFUSALS:
        what = "an error" if status >= 500 else "an undocumented response"
        return BadResponse(f"LaunchDarkly returned {what} ({status}).", **details)
    error, message = REFUSALS[status]
    if issubclass(error, Busy):
        seconds = wait(response.headers, time.time)
        return error(message.format(seconds=seconds), retry_after=seconds, **details)
    return error(message, **details)


def parse(response: requests.Response, raw: bytes) -> Any:
    """Return the JSON of a response, or ``None`` when it is invalid or exceeds the limits."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    # Counted before parsing: a few megabytes of empty objects take hundreds of megabytes of memory.
    if raw.count(b",") + raw.count(b"{") + raw.count(b"[") > MAX_VALUES:
        return None
    try:
        # Decoded here, because json would also accept encodings that JSON does not allow.
        body = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    return body if is_shallow(body, MAX_DEPTH) else None


def is_shallow(value: Any, depth: int) -> bool:
    """Return whether a JSON value is nested at most this deep."""
    if not isinstance(value, dict | list):
        return True
    children = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(is_shallow(child, depth - 1) for child in children)


def describe(response: requests.Response, raw: bytes) -> str:
    """Describe a response without a readable message, without quoting it."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0][:60]
    return f"The response has no readable message: {kind}, {len(raw)} bytes."


def wait(headers: Mapping[str, str], now: Callable[[], float]) -> int:
    """Return the seconds to wait after 429, from 1 to 300.

    ``Retry-After`` is in seconds or a date; LaunchDarkly's resets are timestamps in milliseconds. The longest counts.
    https://launchdarkly.com/docs/api#section/Overview/Rate-limiting
    """
    waits = []
    after = headers.get("Retry-After", "")
    if re.fullmatch(r"\d+", after):
        waits.append(float(after))
    elif after:
        try:
            waits.append(parsedate_to_datetime(after).timestamp() - now())
        except (ValueError, OverflowError):
            waits.append(0.0)
    for name in ("X-Ratelimit-Reset", "X-Ratelimit-Auth-Token-Reset"):
        reset = headers.get(name, "")
        if re.fullmatch(r"\d+", reset):
            waits.append(float(reset) / 1000 - now())
    ahead = [seconds for seconds in waits if seconds > 0]
    return math.ceil(min(max(*ahead, WAIT_MINIMUM), WAIT_MAXIMUM)) if ahead else WAIT_DEFAULT
