"""Servers for what the sandbox cannot do: never respond, use TLS, and send endless data.

Each binds a free local port, and stops immediately even with open connections.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).resolve().parent
#: Self-signed, for 127.0.0.1 only.
CERTIFICATE = HERE / "certificate.pem"
KEY = HERE / "key.pem"

EMPTY_LIST = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"items":[]}'
CREATED = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"_id":"5eed"}'

#: Handles a connection. A broken connection ends it without an error.
Behaviour = Callable[[socket.socket], None]


class SilentServer:
    """Accepts connections and data, and never responds."""

    scheme = "http"

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The URL."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def visited(self) -> bool:
        """Whether a client has connected."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def __enter__(self) -> SilentServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()


class ScriptedServer(SilentServer):
    """Runs a behaviour for each connection."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__()
        self._behaviour = behaviour
        self._over = False
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> ScriptedServer:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # Wakes the thread that accepts.
        self._threads[0].join()
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while True:
            sock, _ = self._socket.accept()
            if self._over:
                sock.close()
                return
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError), self.wrapped(sock) as wrapped:
            self._behaviour(wrapped)

    def wrapped(self, sock: socket.socket) -> socket.socket:
        """Return the connection that the behaviour uses."""
        return sock


class TLSServer(ScriptedServer):
    """The same over TLS, with the certificate of these tests."""

    scheme = "https"

    def wrapped(self, sock: socket.socket) -> socket.socket:
        """Return the connection after the handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        # The first handle stays open, so that stopping the server also ends a connection during its handshake.
        return context.wrap_socket(sock.dup(), server_side=True)


def read_request(sock: socket.socket) -> bytes:
    """Return one request with its body, or nothing when the client has closed the connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        piece = sock.recv(missing)
        if not piece:
            return b""
        received += piece
        missing -= len(piece)
    return received


def responding(*responses: bytes) -> Behaviour:
    """Return a behaviour: one response per request, then silence until the client closes the connection."""

    def behave(sock: socket.socket) -> None:
        for response in responses:
            if not read_request(sock):
                return
            sock.sendall(response)
        while sock.recv(65536):
            pass

    return behave
