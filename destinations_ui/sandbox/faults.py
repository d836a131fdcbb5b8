"""Faults: what they do, and which environment of the project ``faults`` has which.

A fault controls the exchange: it can execute the request (a write happens then), send any bytes, wait, or break the
connection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from destinations_ui.sandbox.messages import Request, Response, now_ms, status_line


class Exchange(Protocol):
    """What a fault can do. Sending and waiting end the exchange when the sandbox stops or is reset."""

    def carry_out(self) -> Response:
        """Have the application execute the request; return its response without sending it."""

    def respond(self, response: Response) -> None:
        """Send a whole response."""

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""

    def wait(self, seconds: float) -> None:
        """Pause."""

    def close(self) -> None:
        """Close the connection after this exchange."""

    def reset(self) -> None:
        """Reset the connection immediately."""

    def head(self, response: Response) -> bytes:
        """Return the status line and headers of a response as bytes."""


class Fault(ABC):
    """A fault that replaces the regular response."""

    @property
    def reads_body(self) -> bool:
        """Whether the request's body is read first."""
        return True

    @abstractmethod
    def act(self, exchange: Exchange) -> None:
        """Run the fault."""


#: What a script does with a request: a fault, or a function that chooses one. ``None`` is the regular response.
Step = Fault | Callable[[Request], Fault | None]


@dataclass(frozen=True)
class Status(Fault):
    """Respond with a status, and with LaunchDarkly's error body if none is given; a dict or list becomes JSON.

    With ``after_write`` the request is executed first; if it is refused, the refusal is the response.
    """

    code: int
    body: str | bytes | dict[str, object] | list[object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_write: bool = False

    def act(self, exchange: Exchange) -> None:
        """Respond with the status."""
        response = exchange.carry_out() if self.after_write else None
        exchange.respond(response if response and not response.succeeded else self._response())

    def _response(self) -> Response:
        if self.body is None and self.code >= 400:
            return Response.error(self.code, headers=self.headers)
        if isinstance(self.body, str | bytes):
            return Response.of(self.code, self.body, "text/html; charset=utf-8", self.headers)
        return Response.json(self.code, self.body, self.headers)


@dataclass(frozen=True)
class RateLimited(Fault):
    """Respond with 429 and ``X-Ratelimit-Reset`` in epoch milliseconds, without ``Retry-After``.

    https://launchdarkly.com/docs/api describes the header.
    """

    seconds: float = 5

    def act(self, exchange: Exchange) -> None:
        """Respond with 429."""
        headers = {
            "X-Ratelimit-Route-Remaining": "0",
            "X-Ratelimit-Reset": str(now_ms() + round(self.seconds * 1000)),
        }
        exchange.respond(Response.error(429, headers=headers))


@dataclass(frozen=True)
class NotJson(Fault):
    """Execute the request, then respond with the correct status and a body that is not JSON."""

    body: str = "<p>Done."

    def act(self, exchange: Exchange) -> None:
        """Write, then respond with a body that is not JSON."""
        response = exchange.carry_out()
        if response.succeeded and response.body:
            response = Response.of(response.status, self.body, "application/json")
        exchange.respond(response)


@dataclass(frozen=True)
class Hang(Fault):
    """Wait, then execute the request and respond. If the sandbox stops first, nothing is written."""

    seconds: float = 60

    def act(self, exchange: Exchange) -> None:
        """Wait, then respond."""
        exchange.wait(self.seconds)
        exchange.respond(exchange.carry_out())


@dataclass(frozen=True)
class Drop(Fault):
    """Close the connection without a response; with ``after_write``, execute the request first."""

    after_write: bool = False

    def act(self, exchange: Exchange) -> None:
        """Close without a response."""
        exchange.close()
        response = exchange.carry_out() if self.after_write else None
        if response and not response.succeeded:
            exchange.respond(response)


@dataclass(frozen=True)
class Reset(Fault):
    """Reset the connection before the body is read; with ``after_write``, execute the request first."""

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
    """Send the headers or the body of the regular response one byte at a time, with a pause after each."""

    part: Literal["headers", "body"] = "headers"
    pause: float = 0.05

    def act(self, exchange: Exchange) -> None:
        """Send the response byte by byte."""
        response = exchange.carry_out()
        head = exchange.head(response)
        slow, rest = (head, response.body) if self.part == "headers" else (response.body, b"")
        if self.part == "body":
            exchange.send(head)
        for byte in slow:
            exchange.send(bytes([byte]))
            exchange.wait(self.pause)
        exchange.send(rest)


@dataclass(frozen=True)
class Interim(Fault):
    """Send interim responses (100, 103) before the regular one; ``times=None`` never stops."""

    status: int = 103
    times: int | None = 1
    pause: float = 0.02

    def act(self, exchange: Exchange) -> None:
        """Send the interim responses, then the regular one."""
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
    """An environment of the project ``faults`` and what it does on a write."""

    key: str
    name: str
    tags: tuple[str, ...]
    fault: Fault


def faulty_environments(slow_seconds: float = 60) -> tuple[FaultyEnvironment, ...]:
    """Return the environments of the project ``faults``. Reads work normally."""
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
