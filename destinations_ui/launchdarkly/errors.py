"""Errors of requests to LaunchDarkly.

::

    LaunchDarklyError      a sentence for the user; LaunchDarkly's status, code, message and id; never a secret
    ├── NotSent            never reached it: no host, no connection, no trusted TLS, no time left
    │   ├── Overloaded     too many of our own requests are in progress
    │   └── Paused         it has not been responding, so writes are paused
    ├── Refused            nothing was changed: 400 405 413 422
    │   ├── NotAllowed     401 403
    │   ├── Missing        404
    │   ├── Conflict       409
    │   └── Busy           429; has the time to wait
    └── Uncertain          the request may have been executed
        ├── NoResponse     lost, late or truncated
        └── BadResponse    3xx, 5xx, or undocumented

The three branches are the possible outcomes of a failed write: it never arrived, it was refused, or it may have
happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class LaunchDarklyError(Exception):
    """A request to LaunchDarkly that failed.

    Attributes:
        message: One or two sentences for the user: what happened and what to do next.
        status: The HTTP status, when one was received.
        code: LaunchDarkly's error code, such as ``invalid_request``.
        detail: LaunchDarkly's own message.
        id: LaunchDarkly's id of the error, for its support.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        detail: str = "",
        id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.detail = detail
        self.id = id


class NotSent(LaunchDarklyError):
    """The request never reached LaunchDarkly."""


class Overloaded(NotSent):
    """Too many writes are in progress in this process."""

    def __init__(self) -> None:
        super().__init__("Too many requests are in progress, so nothing was sent. Try again in a minute.")


class ReadsOverloaded(Overloaded):
    """Too many reads are in progress in this process."""

    def __init__(self) -> None:
        LaunchDarklyError.__init__(self, "Too many pages are waiting for LaunchDarkly. Try again in a few seconds.")


class Paused(NotSent):
    """LaunchDarkly has not been responding, and writes are paused for ``seconds`` more."""

    def __init__(self, since: datetime, seconds: int) -> None:
        super().__init__(
            f"LaunchDarkly has not responded since {since:%H:%M} UTC, so nothing was sent. Try again in "
            f"{seconds} seconds."
        )


class Refused(LaunchDarklyError):
    """LaunchDarkly refused; nothing was changed."""


class NotAllowed(Refused):
    """The access token is wrong or lacks permission."""


class Missing(Refused):
    """There is no such project, environment or destination."""


class Conflict(Refused):
    """The request conflicts with an existing destination or a concurrent request."""


class Busy(Refused):
    """Too many requests. ``retry_after`` is the number of seconds to wait, from 1 to 300."""

    def __init__(self, message: str, *, retry_after: int, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class Uncertain(LaunchDarklyError):
    """The request may or may not have been executed.

    Attributes:
        before: The ids of the destinations that the environment had just before; ``None`` when unknown. What this
            request created is none of them.
    """

    before: list[str] | None = None


class NoResponse(Uncertain):
    """The response was lost, late or truncated."""


class BadResponse(Uncertain):
    """The response is not one that LaunchDarkly documents."""


#: Status → the error and its message. https://launchdarkly.com/docs/api#section/Overview/Errors
REFUSALS: Mapping[int, tuple[type[Refused], str]] = {
    400: (
        Refused,
        "LaunchDarkly rejected the values. Compare them with its message, change them and try again.",
    ),
    401: (
        NotAllowed,
        "LaunchDarkly rejected the access token, or the token lacks permission. Ask an administrator to check "
        "LAUNCHDARKLY_TOKEN and the token’s role.",
    ),
    403: (
        NotAllowed,
        "The access token lacks permission for this in LaunchDarkly. Ask an administrator whether its role covers "
        "this environment, and whether the environment requires an approval.",
    ),
    404: (
        Missing,
        "LaunchDarkly has no such project or environment. Check both and choose again.",
    ),
    405: (Refused, "LaunchDarkly does not offer this. Ask an administrator to check LAUNCHDARKLY_URL."),
    409: (
        Conflict,
        "LaunchDarkly reported a conflict: the environment may already have a destination, or something changed at "
        "the same time. Check the environment, then try again.",
    ),
    413: (Refused, "LaunchDarkly rejected the request as too large. Shorten the longest value and try again."),
    422: (
        Refused,
        "LaunchDarkly could not use the values. Compare them with its message, change them and try again.",
    ),
    429: (Busy, "LaunchDarkly’s rate limit was reached. Wait {seconds} seconds, then try again."),
}
