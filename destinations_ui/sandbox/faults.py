"""Ways to misbehave, and which environment of the project ``faults`` does so in which way.

A fault gets the exchange in its hands: it may carry out the request (which is when a write happens), send bytes of
its own, wait, or break the connection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from destinations_ui.sandbox.messages import Request, Response, now_ms, status_line


class Exchange(Protocol):
    """What a fault can do. Every method that sends or waits ends the exchange when the sandbox stops or is reset."""

    def carry_out(self) -> Response:
        """Let the application carry out the request, and return its response without sending it."""

    def respond(self, response: Response) -> None:
        """Send a whole response."""

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""

    def wait(self, seconds: float) -> None:
        """Do nothing for a while."""

    def close(self) -> None:
        """Close the connection once this exchange is over."""

    def reset(self) -> None:
        """Break the connection at once, so that the client sees a reset."""

    def head(self, response: Response) -> bytes:
        """Return the status line and headers of a response as bytes."""


class Fault(ABC):
    """One way to misbehave."""

    @property
    def reads_body(self) -> bool:
        """Whether the request's body is read first."""
        return True

    @abstractmethod
    def act(self, exchange: Exchange) -> None:
        """Do it."""


#: What a script does with a request: a fault, or a function that chooses one. ``None`` is the honest response.
Step = Fault | Callable[[Request], Fault | None]


@dataclass(frozen=True)
class Status(Fault):
    """Answer with a status. Without a body, an error body of LaunchDarkly's for it; a dict or list becomes JSON.

    With ``after_write`` the request is carried out first; should that be refused, its own refusal is the response.
    """

    code: int
    body: str | bytes | dict[str, object] | list[object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_write: bool = False

    def act(self, exchange: Exchange) -> None:
        """Answer with the status."""
        honest = exchange.carry_out() if self.after_write else None
        exchange.respond(honest if honest and not honest.succeeded else self._response())

    def _response(self) -> Response:
        if self.body is None and self.code >= 400:
            return Response.error(self.code, headers=self.headers)
        if isinstance(self.body, str | bytes):
            return Response.of(self.code, self.body, "text/html; charset=utf-8", self.headers)
        return Response.json(self.code, self.body, self.headers)


@dataclass(frozen=True)
class RateLimited(Fault):
    """Answer 429 with ``X-Ratelimit-Reset`` so many seconds ahead, in epoch milliseconds, and no ``Retry-After``.

    https://launchdarkly.com/docs/api describes the header.
    """

    seconds: float = 5

    def act(self, exchange: Exchange) -> None:
        """Answer 429."""
        headers = {
            "X-Ratelimit-Route-Remaining": "0",
            "X-Ratelimit-Reset": str(now_ms() + round(self.seconds * 1000)),
        }
        exchange.respond(Response.error(429, headers=headers))


@dataclass(frozen=True)
class NotJson(Fault):
    """Carry out the request, and respond with the right status and a body that is not JSON."""

    body: str = "<p>Done."

    def act(self, exchange: Exchange) -> None:
        """Write, then respond with nonsense."""
        honest = exchange.carry_out()
        if honest.succeeded and honest.body:
            honest = Response.of(honest.status, self.body, "application/json")
        exchange.respond(honest)


@dataclass(frozen=True)
class Hang(Fault):
    """Wait, then carry out the request and respond. When the sandbox stops meanwhile, nothing is done."""

    seconds: float = 60

    def act(self, exchange: Exchange) -> None:
        """Wait, then behave."""
        exchange.wait(self.seconds)
        exchange.respond(exchange.carry_out())


@dataclass(frozen=True)
class Drop(Fault):
    """Close the connection without a response; with ``after_write``, after carrying out the request."""

    after_write: bool = False

    def act(self, exchange: Exchange) -> None:
        """Close without a response."""
        exchange.close()
        honest = exchange.carry_out() if self.after_write else None
        if honest and not honest.succeeded:
            exchange.respond(honest)


@dataclass(frozen=True)
class Reset(Fault):
    """Reset the connection: before the body is read, or with ``after_write`` after carrying out the request."""

    after_write: bool = False

    @property
    def reads_body(self) -> bool:
        """Whether the request's body is read first."""
        return self.after_write

    def act(self, exchange: Exchange) -> None:
        """Reset the connection."""
        if self.after_write:
            exchange.carry_out()
        exchange.reset()


@dataclass(frozen=True)
class Drip(Fault):
    """Answer honestly, but send the headers or the body one byte at a time with a pause between two."""

    part: Literal["headers", "body"] = "headers"
    pause: float = 0.05

    def act(self, exchange: Exchange) -> None:
        """Answer byte by byte."""
        response = exchange.carry_out()
        head = exchange.head(response)
        drops, rest = (head, response.body) if self.part == "headers" else (response.body, b"")
        if self.part == "body":
            exchange.send(head)
        for byte in drops:
            exchange.send(bytes([byte]))
            exchange.wait(self.pause)
        exchange.send(rest)


@dataclass(frozen=True)
class Interim(Fault):
    """Send interim responses (100, 103) before the honest one; ``times=None`` sends nothing else for ever."""

    status: int = 103
    times: int | None = 1
    pause: float = 0.02

    def act(self, exchange: Exchange) -> None:
        """Answer more than once."""
        for _ in self._rounds():
            exchange.send(f"HTTP/1.1 {status_line(self.status)}\r\n\r\n".encode())
            exchange.wait(self.pause)
        exchange.respond(exchange.carry_out())

    def _rounds(self) -> Iterator[int]:
        return iter(int, 1) if self.times is None else iter(range(self.times))


@dataclass(frozen=True)
class Raw(Fault):
    """Send these bytes as the whole response and close the connection."""

    data: bytes
    after_write: bool = False

    def act(self, exchange: Exchange) -> None:
        """Send the bytes."""
        if self.after_write:
            exchange.carry_out()
        exchange.send(self.data)
        exchange.close()


FAULTY_PROJECT = "faults"
BAD_GATEWAY = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
APPROVAL: dict[str, object] = {"code": "forbidden", "message": "approval is required"}


@dataclass(frozen=True)
class FaultyEnvironment:
    """An environment of the project ``faults``: how it introduces itself, and what it does on a write."""

    key: str
    name: str
    tags: tuple[str, ...]
    fault: Fault


def faulty_environments(slow_seconds: float = 60) -> tuple[FaultyEnvironment, ...]:
    """Return the environments of the project ``faults``. Reads of it behave as everywhere."""
    table: tuple[tuple[str, str, Fault], ...] = (
        ("unauthorized", "Unauthorized: responds with 401", Status(401)),
        ("forbidden", "Forbidden: responds with 403, approval is required", Status(403, APPROVAL)),
        ("conflict", "Conflict: responds with 409, optimistic lock", Status(409)),
        ("rate-limited", "Rate limited: responds with 429", RateLimited(5)),
        ("server-error", "Server error: responds with 500", Status(500)),
        ("bad-gateway-html", "Bad gateway: responds with 502 and a web page", Status(502, BAD_GATEWAY)),
        ("not-json", "Not JSON: writes, then responds with nonsense", NotJson()),
        ("slow", "Slow: waits long, then writes", Hang(slow_seconds)),
        ("drops-after-write", "Drops after write: writes, never responds", Drop(after_write=True)),
        ("drops-before-read", "Drops before read: resets, writes nothing", Reset()),
    )
    writes = {"not-json", "slow", "drops-after-write"}
    return tuple(
        FaultyEnvironment(key, name, ("written" if key in writes else "not-written",), fault)
        for key, name, fault in table
    )
