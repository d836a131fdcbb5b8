"""What an answer of LaunchDarkly's means: JSON to use, a refusal, or that it is not known what happened."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import resources
from destinations_ui.launchdarkly.errors import (
    REFUSALS,
    BadResponse,
    Busy,
    LaunchDarklyError,
    NoResponse,
    NotSent,
    Uncertain,
)
from destinations_ui.launchdarkly.transport import RequestWatchdog

#: How long to wait after 429, in seconds. LaunchDarkly's reset may be absent, past or far off.
WAIT_DEFAULT, WAIT_MINIMUM, WAIT_MAXIMUM = 10, 1, 300


@dataclass(frozen=True, slots=True)
class APIResponse:
    """A read answer: its status and the JSON in it."""

    status: int
    body: Any


class TooLong(OSError):
    """An answer is longer than any that LaunchDarkly documents."""


def read_bounded(response: requests.Response, limit: int) -> bytes:
    """Read an answer of at most ``limit`` bytes, as it came: whatever was compressed unasked stays compressed.

    Raises:
        TooLong: and the connection is closed, so that the rest is not read either.
    """
    pieces, total = [], 0
    while piece := response.raw.read(16384, decode_content=False):
        total += len(piece)
        if total > limit:
            response.raw.close()
            raise TooLong
        pieces.append(piece)
    return b"".join(pieces)


def failure(error: Exception, watch: RequestWatchdog, status: int | None) -> LaunchDarklyError:
    """Return the error for an exchange that broke: what matters is whether anything had been sent."""
    if not watch.sent:
        return NotSent(f"LaunchDarkly could not be reached: {cause(error, watch)}. Nothing was sent. Try again soon.")
    branch: type[Uncertain] = NoResponse
    if watch.expired or isinstance(error, requests.Timeout):
        what = "did not answer in time"
    elif isinstance(error, TooLong):
        branch, what = BadResponse, "sent an answer far longer than expected"
    else:
        what = "broke off the connection before its answer was complete"
    return branch(
        f"LaunchDarkly {what}.",
        status=status,
    )


def cause(error: Exception, watch: RequestWatchdog) -> str:
    """Return why no connection came about, in words for an operator to pass on."""
    names = {type(reason).__name__ for reason in chain(error)}
    if "NameResolutionError" in names:
        return "its name was not found"
    if watch.expired or names & {"ConnectTimeoutError", "ConnectTimeout", "TimeoutError"}:
        return "the connection was not made in time"
    if names & {"SSLError", "SSLCertVerificationError", "CertificateError"}:
        return "its certificate is not trusted or TLS failed"
    return "the connection was refused"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those it wraps: as a cause, as a ``reason``, or as its first argument."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def understood(response: requests.Response, raw: bytes, conceal: Collection[Secret]) -> APIResponse:
    """Return the JSON of a successful answer.

    Raises:
        Refused: when LaunchDarkly said no.
        BadAnswer: when it said anything else.
    """
    status = response.status_code
    body = parsed(response, raw)
    if 200 <= status < 300:
        if body is None:
            raise BadResponse(
                "LaunchDarkly answered with something that cannot be read.",
                status=status,
                detail=concealed(described(response, raw), conceal),
            )
        return APIResponse(status, body)
    fields = body if isinstance(body, dict) else {}
    said: dict[str, Any] = {
        "status": status,
        "code": concealed(resources.text(fields.get("code")), conceal, 100),
        "detail": concealed(resources.text(fields.get("message")) or described(response, raw), conceal),
        "id": concealed(resources.text(fields.get("id")), conceal, 100),
    }
    if status in REFUSALS:
        error, sentence = REFUSALS[status]
        if issubclass(error, Busy):
            seconds = wait(response.headers, time.time)
            raise error(sentence.format(seconds=seconds), retry_after=seconds, **said)
        raise error(sentence, **said)
    what = "had a fault of its own" if status >= 500 else "answered in a way that it does not document"
    raise BadResponse(
        f"LaunchDarkly {what} (status {status}).",
        **said,
    )


def parsed(response: requests.Response, raw: bytes) -> Any:
    """Return the JSON of an answer, or ``None`` when there is none to be read."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    try:
        # Decoded here, since json would guess at encodings that JSON does not have.
        return json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None


def described(response: requests.Response, raw: bytes) -> str:
    """Say what an answer without readable words was, without repeating it."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0][:60]
    return f"The answer says nothing that can be shown: {kind}, {len(raw)} bytes."


def concealed(text: str, conceal: Collection[Secret], length: int = 1000) -> str:
    """Return a text from LaunchDarkly without the secrets that were sent to it, shortened to ``length``."""
    sent = {secret.reveal() for secret in conceal if secret}
    # Quoted in a message, a secret may be escaped. The longest goes first, since one secret can hold another.
    quoted = {json.dumps(secret, ensure_ascii=plain)[1:-1] for secret in sent for plain in (True, False)}
    for spelling in sorted(sent | quoted, key=len, reverse=True):
        text = text.replace(spelling, str(Secret(spelling)))
    return text[:length]


def wait(headers: Mapping[str, str], now: Callable[[], float]) -> int:
    """Return how many seconds to wait after 429, from 1 to 300.

    ``Retry-After`` is in seconds or a date; LaunchDarkly's resets are moments in milliseconds. The longest counts.
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
