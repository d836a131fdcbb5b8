"""The request and response types that the application, the server and the faults share."""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

#: Codes and messages of LaunchDarkly's error schemas (https://launchdarkly.com/docs/api). 411 and 413
#: are not documented; they are the sandbox's own.
ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("invalid_request", "Invalid request body"),
    401: ("unauthorized", "Invalid access token"),
    403: ("forbidden", "Forbidden. Access to the requested resource was denied."),
    404: ("not_found", "Invalid resource identifier"),
    405: ("method_not_allowed", "Method not allowed"),
    409: ("optimistic_locking_error", "Conflict. Optimistic lock error. Try again later."),
    411: ("invalid_request", "Content-Length is required"),
    413: ("invalid_request", "Request body too large"),
    422: ("invalid_request", "The description of the update was not understood"),
    429: ("rate_limited", "You've exceeded the API rate limit. Try again later."),
    500: ("service_unavailable", "Requested service unavailable"),
}


def now_ms() -> int:
    """Return the current time as Unix milliseconds, LaunchDarkly's time format."""
    return time.time_ns() // 1_000_000


def rate_limit_headers() -> dict[str, str]:
    """Return the headers LaunchDarkly adds to responses. The sandbox itself has no limit."""
    return {
        "X-Ratelimit-Global-Remaining": "100",
        "X-Ratelimit-Route-Remaining": "20",
        "X-Ratelimit-Reset": str(now_ms() + 10_000),
    }


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        path: The path, still percent-encoded, without the query.
        query: The query string, still encoded.
        headers: Name in lower case → value; repeated headers are joined with a comma. Like the body, they are not in
            ``repr``, because both may hold secrets.
        connection: The number of the TCP connection, starting at 1.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    connection: int = 0

    def environ(self, server: tuple[str, int]) -> WSGIEnvironment:
        """Return the request as a WSGI environment (PEP 3333)."""
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": self.query,
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            plain = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
            environ[key if plain else f"HTTP_{key}"] = value
        return environ


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response: status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @classmethod
    def of(
        cls, status: int, body: str | bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return a response with the headers that every response of LaunchDarkly has."""
        data = body.encode("utf-8", "replace") if isinstance(body, str) else body
        length = {} if status in (204, 304) else {"Content-Length": str(len(data))}
        kind = {"Content-Type": content_type} if data else {}
        return cls(status, rate_limit_headers() | kind | length | dict(headers or {}), data)

    @classmethod
    def json(cls, status: int, payload: object, headers: Mapping[str, str] | None = None) -> Response:
        """Return a response whose body is JSON; ``None`` means an empty body."""
        body = b"" if payload is None else json.dumps(payload).encode()
        return cls.of(status, body, "application/json", headers)

    @classmethod
    def error(
        cls, status: int, message: str = "", code: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return LaunchDarkly's error body for a status, with a new ``id``."""
        usual_code, usual_message = ERRORS.get(status, ERRORS[400 if status < 500 else 500])
        payload = {
            "code": code or usual_code,
            "message": message or usual_message,
            "id": str(uuid.uuid4()),
        }
        return cls.json(status, payload, headers)

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300

    def head(self, *, close: bool = False) -> bytes:
        """Return the status line and the headers as they go over the wire."""
        lines = [f"HTTP/1.1 {status_line(self.status)}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if close:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Refusal(Exception):
    """The request is refused with ``response``."""

    def __init__(
        self, status: int, message: str = "", code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.response = Response.error(status, message, code, headers)


def status_line(status: int) -> str:
    """Return for example ``201 Created``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def read_json(body: bytes) -> Any:
    """Return the value of a JSON body.

    Raises:
        Refusal: 400, when it is not JSON. The message does not quote it, because it may hold a secret.
    """

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Refusal(400) from None
