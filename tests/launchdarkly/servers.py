"""Servers for what the sandbox cannot do: listen in silence, speak TLS, and send without end.

Each takes a free port on this machine, and ends at once whatever its connections are doing.
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
#: For 127.0.0.1 alone, and signed by nobody but itself.
CERTIFICATE = HERE / "certificate.pem"
KEY = HERE / "key.pem"

EMPTY_LIST = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"items":[]}'
CREATED = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"_id":"5eed"}'

#: What a server does with a connection. A broken connection ends it, which is no fault.
Behaviour = Callable[[socket.socket], None]


class SilentServer:
    """Takes connections and whatever is sent to them, and never says a word."""

    scheme = "http"

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def visited(self) -> bool:
        """Whether anybody has connected."""
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


class SpeakingServer(SilentServer):
    """Does with each connection what it was told to."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__()
        self._behaviour = behaviour
        self._over = False
        self._plugs: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> SpeakingServer:
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
        for plug in self._plugs:
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while True:
            plug, _ = self._socket.accept()
            if self._over:
                plug.close()
                return
            self._plugs.append(plug)
            thread = threading.Thread(target=self._serve, args=(plug,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plug: socket.socket) -> None:
        with plug, suppress(OSError), self.wrapped(plug) as wrapped:
            self._behaviour(wrapped)

    def wrapped(self, plug: socket.socket) -> socket.socket:
        """Return the connection as the behaviour sees it."""
        return plug


class TLSServer(SpeakingServer):
    """The same over TLS, with the certificate of these tests."""

    scheme = "https"

    def wrapped(self, plug: socket.socket) -> socket.socket:
        """Return the connection after the handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        # The handle beside it stays, so that the end of the server reaches a connection in its handshake, too.
        return context.wrap_socket(plug.dup(), server_side=True)


def read_request(plug: socket.socket) -> bytes:
    """Return one request with its body; an empty text when the other side has gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = plug.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        piece = plug.recv(missing)
        if not piece:
            return b""
        received += piece
        missing -= len(piece)
    return received


def answering(*responses: bytes) -> Behaviour:
    """Return a behaviour: one answer for each request on a connection, then silence until the other side goes."""

    def behave(plug: socket.socket) -> None:
        for response in responses:
            if not read_request(plug):
                return
            plug.sendall(response)
        while plug.recv(65536):
            pass

    return behave
