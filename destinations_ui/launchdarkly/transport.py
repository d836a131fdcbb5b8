"""How bytes reach LaunchDarkly and come back: one deadline over a whole request, and knowledge of what was sent.

requests and urllib3 know a time-out for connecting and one for each read, so an answer that drips outlives both. Here a
timer shuts the connection when the time is up, wherever the request stands. Whether any byte had left by then is
what decides between "not sent" and "may have happened".
"""

from __future__ import annotations

import http.client
import ipaddress
import queue
import socket
import threading
import time
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager


class Deadline:
    """A moment on the monotonic clock, which no change of the system's time moves."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never less than zero."""
        return max(0.0, self._end - time.monotonic())


class RequestWatchdog:
    """Watches one request: ends its connection when the time is up, and knows whether anything was sent.

    Attributes:
        sent: Whether a byte of the request may have left.
        expired: Whether the time ran out.
    """

    def __init__(self, seconds: float) -> None:
        self.deadline = Deadline(seconds)
        self.sent = False
        self.expired = False
        self._plug: socket.socket | None = None
        self._over = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> RequestWatchdog:
        self._token = current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            self._plug = None
        current.reset(self._token)

    def hold(self, plug: socket.socket) -> None:
        """Take a connection under watch.

        Raises:
            TimeoutError: when the time is up already, so that nothing is begun.
        """
        with self._lock:
            # The timer may be late where the whole process stood still.
            if self.expired or not self.deadline.remaining():
                raise TimeoutError("The time was up before the request was sent.")
            self._plug = plug

    def _expire(self) -> None:
        with self._lock:
            if self._over:
                return
            self.expired = True
            if self._plug is not None:
                unplug(self._plug)


#: The request that this thread is making.
current: ContextVar[RequestWatchdog] = ContextVar("current")


def unplug(plug: socket.socket) -> None:
    """End a connection in both directions; whoever reads or writes on it notices at once."""
    try:
        plug.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster: the connection has ended, which is all that was wanted.
        return


class FinalResponse(http.client.HTTPResponse):
    """An answer that is never an interim one. The standard library skips 100, and takes 102 or 103 for the end."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            # typeshed does not list this method; it is the one place where a status line is read.
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 102 <= status <= 199:
                return version, status, reason
            http.client.parse_headers(self.fp)


class WatchedConnection(HTTPConnection):
    """A connection whose every request is under the current :class:`RequestWatchdog`."""

    response_class = FinalResponse
    _plug: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        watch = current.get()
        sock = self._connect_any(watch)
        # TLS takes the socket over and hides it during the handshake. A second handle on the same connection can
        # still end it.
        self._plug = sock.dup()
        try:
            watch.hold(self._plug)
        except TimeoutError:
            sock.close()
            raise
        return sock

    def _connect_any(self, watch: RequestWatchdog) -> socket.socket:
        problem = "no address"
        for family, address in self._addresses(watch):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(max(watch.deadline.remaining(), 0.001))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except TimeoutError as error:
                sock.close()
                raise ConnectTimeoutError(self, "Connecting took too long.") from error
            except OSError as error:
                sock.close()
                problem = error.strerror or "not reachable"
                continue
            return sock
        raise NewConnectionError(self, f"Not connected: {problem}.")

    def _addresses(self, watch: RequestWatchdog) -> list[tuple[int, Any]]:
        """Resolve the host's name. The system's resolver knows no time-out, so another thread waits for it."""
        host, port = self._dns_host, self.port
        try:
            ipaddress.ip_address(host)
        except ValueError:
            answers: queue.SimpleQueue[list[Any] | socket.gaierror] = queue.SimpleQueue()
            threading.Thread(target=resolve, args=(host, port, answers), daemon=True).start()
            try:
                found = answers.get(timeout=watch.deadline.remaining())
            except queue.Empty:
                raise ConnectTimeoutError(self, "Resolving the name took too long.") from None
        else:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if isinstance(found, socket.gaierror):
            raise NameResolutionError(self.host, self, found)
        return [(family, address) for family, _, _, _, address in found]

    def send(self, data: Any) -> None:
        """Send a piece of the request, from now on counted as sent."""
        if self.sock is None:
            self.connect()
        watch = current.get()
        if self._plug is not None:
            watch.hold(self._plug)
        watch.sent = True
        super().send(data)

    def close(self) -> None:
        """Close both handles."""
        plug, self._plug = self._plug, None
        if plug is not None:
            plug.close()
        super().close()


def resolve(host: str, port: int, answers: queue.SimpleQueue[Any]) -> None:
    """Put the addresses of a host, or the failure to find any, into ``answers``."""
    try:
        answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except socket.gaierror as error:
        answers.put(error)
    except UnicodeError:
        answers.put(socket.gaierror(socket.EAI_NONAME, "The name is not a valid one."))


class WatchedTLSConnection(WatchedConnection, HTTPSConnection):
    """The same over TLS."""


class WatchedPool(HTTPConnectionPool):
    """A pool of watched connections."""

    ConnectionCls = WatchedConnection


class WatchedTLSPool(HTTPSConnectionPool):
    """A pool of watched connections over TLS."""

    ConnectionCls = WatchedTLSConnection


class WatchedAdapter(HTTPAdapter):
    """requests' adapter over watched connections: one is kept, since a session belongs to one thread."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Make the pools, of our own classes."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": WatchedPool, "https": WatchedTLSPool}


class Session(requests.Session):
    """A session that knows of no redirects.

    Without ``allow_redirects`` requests still works out where one would lead: it reads the whole answer, however long,
    and stumbles over an address that is none.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return that there is none."""
        return None


def new_session() -> requests.Session:
    """Return a session that takes nothing from the environment, keeps no cookie and asks for no compression."""
    session = Session()
    # A proxy, a .netrc or a certificate bundle in the environment would override what is set here
    # (https://github.com/psf/requests/issues/3829).
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for prefix in ("https://", "http://"):
        session.mount(prefix, WatchedAdapter())
    session.headers.update(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "destinations-ui",
        }
    )
    return session
