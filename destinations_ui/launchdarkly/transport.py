"""HTTP connections to LaunchDarkly: one deadline over a whole request, and whether anything was sent.

requests and urllib3 have a timeout for connecting and one for each read, so a slow response exceeds both. Here a
timer shuts the connection down when the time is up, wherever the request is. Whether any byte had been sent by then
decides between "not sent" and "may have happened".
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
    """A time on the monotonic clock, which no change of the system's time moves."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never less than zero."""
        return max(0.0, self._end - time.monotonic())


class RequestWatchdog:
    """Ends a request's connection at the deadline, and tracks whether anything was sent.

    Attributes:
        sent: Whether a byte of the request may have been sent.
        expired: Whether the time ran out.
    """

    def __init__(self, seconds: float) -> None:
        self.deadline = Deadline(seconds)
        self.sent = False
        self.expired = False
        self._handle: socket.socket | None = None
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
            self._handle = None
        current.reset(self._token)

    def hold(self, handle: socket.socket) -> None:
        """Watch a connection.

        Raises:
            TimeoutError: when the time is up already, so that nothing is started.
        """
        with self._lock:
            # The timer may be late if the process was suspended.
            if self.expired or not self.deadline.remaining():
                raise TimeoutError("The time was up before the request was sent.")
            self._handle = handle

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._handle is not None:
                shut_down(self._handle)


#: The watchdog of the current thread's request.
current: ContextVar[RequestWatchdog] = ContextVar("current")


def shut_down(handle: socket.socket) -> None:
    """Shut a connection down in both directions, which wakes a thread that reads or writes on it."""
    try:
        handle.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The server closed it first.
        return


class FinalResponse(http.client.HTTPResponse):
    """A final response. The standard library skips 100, but returns 102 or 103 as if it were the final one."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            # Missing in typeshed; the only method that reads a status line.
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 102 <= status <= 199:
                return version, status, reason
            http.client.parse_headers(self.fp)


class WatchedConnection(HTTPConnection):
    """A connection whose requests the current :class:`RequestWatchdog` watches."""

    response_class = FinalResponse
    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        watchdog = current.get()
        sock = self._connect_any(watchdog)
        # TLS detaches the socket during the handshake. A second handle can still shut it down.
        self._handle = sock.dup()
        try:
            watchdog.hold(self._handle)
        except TimeoutError:
            sock.close()
            raise
        return sock

    def _connect_any(self, watchdog: RequestWatchdog) -> socket.socket:
        problem = "no address"
        for family, address in self._addresses(watchdog):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(max(watchdog.deadline.remaining(), 0.001))
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

    def _addresses(self, watchdog: RequestWatchdog) -> list[tuple[int, Any]]:
        """Resolve the host's name. The system's resolver has no timeout, so another thread runs it."""
        host, port = self._dns_host, self.port
        try:
            ipaddress.ip_address(host)
        except ValueError:
            results: queue.SimpleQueue[list[Any] | socket.gaierror] = queue.SimpleQueue()
            threading.Thread(target=resolve, args=(host, port, results), daemon=True).start()
            try:
                addresses = results.get(timeout=watchdog.deadline.remaining())
            except queue.Empty:
                raise ConnectTimeoutError(self, "Resolving the name took too long.") from None
        else:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if isinstance(addresses, socket.gaierror):
            raise NameResolutionError(self.host, self, addresses)
        return [(family, address) for family, _, _, _, address in addresses]

    def send(self, data: Any) -> None:
        """Send data; the request counts as sent from now on."""
        if self.sock is None:
            self.connect()
        watchdog = current.get()
        if self._handle is not None:
            watchdog.hold(self._handle)
        watchdog.sent = True
        super().send(data)

    def close(self) -> None:
        """Close both handles."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()
        super().close()


def resolve(host: str, port: int, results: queue.SimpleQueue[Any]) -> None:
    """Put the IP addresses of a host, or the error, into ``results``."""
    try:
        results.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except socket.gaierror as error:
        results.put(error)
    except UnicodeError:
        results.put(socket.gaierror(socket.EAI_NONAME, "The name is not a valid one."))


class WatchedTLSConnection(WatchedConnection, HTTPSConnection):
    """A watched connection over TLS."""


class WatchedPool(HTTPConnectionPool):
    """A pool of watched connections."""

    ConnectionCls = WatchedConnection


class WatchedTLSPool(HTTPSConnectionPool):
    """A pool of watched connections over TLS."""

    ConnectionCls = WatchedTLSConnection


class WatchedAdapter(HTTPAdapter):
    """requests' adapter for watched connections: it keeps one, because a session belongs to one thread."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Create pools of watched connections."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": WatchedPool, "https": WatchedTLSPool}


class Session(requests.Session):
    """A session that ignores redirects.

    Without ``allow_redirects``, requests still works out where one would lead: it reads the whole response, however
    long, and fails on an invalid URL.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return ``None``."""
        return None


def new_session() -> requests.Session:
    """Return a session that reads no environment variable, stores no cookie and requests no compression."""
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
