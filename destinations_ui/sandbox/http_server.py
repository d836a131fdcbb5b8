"""HTTP/1.1 over sockets: reads requests, calls the WSGI application, and lets faults interfere."""

from __future__ import annotations

import logging
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from socketserver import TCPServer
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from destinations_ui.sandbox.faults import Fault, Step
from destinations_ui.sandbox.messages import Refusal, Request, Response

LONGEST_LINE = 65_536
LARGEST_BODY = 1_000_000
#: How much of a refused body is still read, so that its sender gets to see the response.
LARGEST_REST = 16_000_000

logger = logging.getLogger(__name__)


class Released(Exception):
    """The sandbox was stopped or reset, so the exchange ends."""


class Sandbox(Protocol):
    """What a connection needs from the sandbox."""

    app: WSGIApplication
    released: threading.Event

    def record(self, request: Request) -> None:
        """Record a request."""

    def next_step(self, request: Request) -> Step | None:
        """Return how to handle a request whose body is not read yet; ``None`` is the regular response."""


class HttpServer(ThreadingHTTPServer):
    """Accepts connections and tracks them, so that it can close them all."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.numbers = count(1)
        self._connections: set[socket.socket] = set()
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Connection)

    def server_bind(self) -> None:
        """Bind the port without resolving the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a new connection in its own thread."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection whose thread is done."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake every thread that reads or writes by shutting its connection."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a failed connection, unless the client closed it."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            logger.error("A connection of the sandbox failed with %s.", type(error).__name__)


class Connection(BaseHTTPRequestHandler):
    """One TCP connection and its requests, in sequence."""

    protocol_version = "HTTP/1.1"
    # Otherwise the kernel may hold the end of a response back for 40 ms.
    disable_nagle_algorithm = True
    server: HttpServer

    def setup(self) -> None:
        """Number the connection."""
        super().setup()
        self._number = next(self.server.numbers)

    def handle_one_request(self) -> None:
        """Read a request and respond; any method is accepted, because the application rejects unknown ones."""
        self.close_connection = True
        self.requestline = self.request_version = self.command = ""
        self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
        if len(self.raw_requestline) > LONGEST_LINE:
            self.send_error(414)
        elif self.raw_requestline and self.parse_request():
            self._serve_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond with an error body instead of the base class's page."""
        self.send(Response.error(code), close=True)
        self._drain()

    def send(self, response: Response, *, close: bool = False) -> None:
        """Send a response in one piece."""
        self.close_connection = self.close_connection or close
        body = b"" if self.command == "HEAD" else response.body
        self.connection.sendall(response.head(close=self.close_connection) + body)

    def _serve_request(self) -> None:
        sandbox = self.server.sandbox
        released = sandbox.released
        request = self._request()
        step = sandbox.next_step(request)
        if not isinstance(step, Fault) or step.reads_body:
            try:
                request = replace(request, body=self._body(request.headers))
            except Refusal as refusal:
                sandbox.record(request)
                self.send(refusal.response, close=True)
                self._drain()
                return
        sandbox.record(request)
        fault = step if isinstance(step, Fault) or step is None else step(request)
        exchange = LiveExchange(self, request, released)
        try:
            if fault:
                fault.act(exchange)
            else:
                exchange.respond(exchange.carry_out())
        except Released:
            self.close_connection = True

    def _request(self) -> Request:
        path, _, query = self.path.partition("?")
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            known = headers.get(name.lower())
            headers[name.lower()] = f"{known}, {value}" if known else value
        return Request(self.command, path, query, headers, connection=self._number)

    def _body(self, headers: Mapping[str, str]) -> bytes:
        """Read the whole body.

        Raises:
            Refusal: 411 without a length, 413 for too long a body, 400 for an invalid or wrong length.
        """
        if "transfer-encoding" in headers:
            raise Refusal(411)
        text = headers.get("content-length", "0")
        if not (text.isascii() and text.isdigit()):
            raise Refusal(400, "Content-Length is not a number")
        if len(text) > 9 or int(text) > LARGEST_BODY:
            raise Refusal(413)
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise Refusal(400, "The body is shorter than its Content-Length")
        return body

    def _drain(self) -> None:
        """Read the rest briefly: closing a connection with unread bytes would discard the response."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            rest = LARGEST_REST
            while rest > 0 and (data := self.connection.recv(65536)):
                rest -= len(data)


class LiveExchange:
    """A request on its connection (see :class:`faults.Exchange`)."""

    def __init__(self, connection: Connection, request: Request, released: threading.Event) -> None:
        self._connection = connection
        self._request = request
        self._released = released

    def carry_out(self) -> Response:
        """Have the application execute the request."""
        self._check()
        server = self._connection.server
        environ = self._request.environ((server.server_name, server.server_port))
        return call(server.sandbox.app, environ)

    def respond(self, response: Response) -> None:
        """Send a whole response."""
        self._check()
        self._connection.send(response)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._check()
        self._connection.connection.sendall(data)

    def head(self, response: Response) -> bytes:
        """Return the status line and headers of a response as bytes."""
        return response.head(close=self._connection.close_connection)

    def wait(self, seconds: float) -> None:
        """Pause."""
        self._released.wait(seconds)
        self._check()

    def close(self) -> None:
        """Close the connection after this exchange."""
        self._connection.close_connection = True

    def reset(self) -> None:
        """Reset the connection: closing with a linger time of zero does that."""
        self.close()
        sock = self._connection.connection
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.rfile.close()
        sock.close()

    def _check(self) -> None:
        if self._released.is_set():
            raise Released


def call(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """Call a WSGI application and return its whole response."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return body.append

    pieces = app(environ, start_response)
    try:
        body.extend(pieces)
    finally:
        getattr(pieces, "close", lambda: None)()
    status, headers = started[-1]
    return Response(int(status[:3]), dict(headers), b"".join(body))
