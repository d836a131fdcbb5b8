"""The sandbox as an HTTP/1.1 server with keep-alive, and its API for tests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote
from wsgiref.types import WSGIApplication

from destinations_ui.sandbox.app import READS, App, is_writer
from destinations_ui.sandbox.faults import FAULTY_PROJECT, Fault, Step, faulty_environments
from destinations_ui.sandbox.http_server import HttpServer
from destinations_ui.sandbox.messages import Request
from destinations_ui.sandbox.seed import seed
from destinations_ui.sandbox.state import State

#: Bounded to limit memory.
KEPT_REQUESTS = 10_000
#: Headers that are not recorded without ``record_bodies``.
PRIVATE_HEADERS = ("authorization", "cookie")


@dataclass
class Script:
    """The step for the next ``times`` requests with this method and path prefix; ``None`` means all."""

    method: str
    path_prefix: str
    step: Step
    times: int | None


class SandboxServer:
    """A local stand-in for LaunchDarkly. As a context manager it starts and stops.

    Attributes:
        state: The account's projects, environments and destinations.
        app: The WSGI application, without faults.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        state_file: Path | None = None,
        *,
        slow_seconds: float = 60,
        record_bodies: bool = True,
    ) -> None:
        """Prepare the account and bind the port; port 0 is any free one.

        Args:
            host: The address to listen on; any but loopback exposes the sandbox to the network.
            port: The port to listen on.
            state_file: Where destinations are stored between runs.
            slow_seconds: How long the environment ``slow`` waits.
            record_bodies: Whether :attr:`requests` holds bodies and tokens. Not for real secrets.

        Raises:
            StateFileError: when the state file cannot be used.
            OSError: when the port cannot be used.
        """
        self.state = State(seed, state_file)
        self.app: WSGIApplication = App(self.state)
        self._record_bodies = record_bodies
        self._faulty: Mapping[str, Fault] = {
            environment.key: environment.fault for environment in faulty_environments(slow_seconds)
        }
        self._requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self._scripts: list[Script] = []
        self._changed = threading.Condition()
        self.released = threading.Event()
        self._server = HttpServer(host, port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> SandboxServer:
        """Start handling requests in another thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop immediately: end waiting requests and close every connection."""
        self.released.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()

    @property
    def url(self) -> str:
        """The URL, for example ``http://127.0.0.1:9000``."""
        host, port = self._server.server_address[:2]
        text = str(host)
        return f"http://[{text}]:{port}" if ":" in text else f"http://{text}:{port}"

    @property
    def requests(self) -> list[Request]:
        """All requests so far in order of arrival, including those without a response."""
        with self._changed:
            return list(self._requests)

    def count(self, method: str, path_prefix: str = "/") -> int:
        """Return the number of requests with this method and path prefix."""
        return sum(request.method == method and request.path.startswith(path_prefix) for request in self.requests)

    def wait_for(self, method: str, path_prefix: str = "/", *, times: int = 1, timeout: float = 5) -> bool:
        """Wait for this many requests; return whether they arrived."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count(method, path_prefix) >= times, timeout=timeout)

    def script(self, method: str, path_prefix: str, step: Step, times: int | None = 1) -> None:
        """Apply a fault to the next ``times`` matching requests (``None``: all).

        A function instead of a fault is called with the :class:`Request` and returns a fault, or ``None`` for the
        regular response. Scripts are used in order and take precedence over the project ``faults``.
        """
        with self._changed:
            self._scripts.append(Script(method, path_prefix, step, times))

    def destinations(self) -> list[dict[str, Any]]:
        """Return the destinations, oldest first.

        The keys are ``id project environment name kind on config version created_at``; secrets are obfuscated.
        """
        return [asdict(item) for item in self.state.destinations()]

    def add_project(self, key: str, name: str, *, tags: tuple[str, ...] = ()) -> None:
        """Add a project without environments."""
        self.state.add_project(key, name, tags=tags)

    def add_environment(
        self,
        project: str,
        key: str,
        name: str,
        *,
        critical: bool = False,
        tags: tuple[str, ...] = (),
        track_events: bool = False,
    ) -> None:
        """Add an environment to a project."""
        self.state.add_environment(project, key, name, critical=critical, tags=tags, track_events=track_events)

    def add_destination(
        self,
        project: str,
        environment: str,
        *,
        name: str = "Existing",
        kind: str = "google-pubsub",
        config: dict[str, Any] | None = None,
        on: bool = True,
    ) -> str:
        """Add a destination and return its id. Unknown kinds and second destinations are allowed."""
        added = self.state.add_destination(project, environment, name=name, kind=kind, config=config or {}, on=on)
        return added.id

    def reset(self) -> None:
        """Restore the seeded account, clear scripts and requests, and end waiting requests."""
        with self._changed:
            self.released.set()
            self.released = threading.Event()
            self._scripts.clear()
            self._requests.clear()
            self.state.reset()

    def record(self, request: Request) -> None:
        """Record a request."""
        if not self._record_bodies:
            shown = {name: value for name, value in request.headers.items() if name not in PRIVATE_HEADERS}
            request = replace(request, headers=shown, body=b"")
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def next_step(self, request: Request) -> Step | None:
        """Return the step for a request: from a script, from a faulty environment, or none."""
        with self._changed:
            for script in self._scripts:
                if script.method == request.method and request.path.startswith(script.path_prefix):
                    return self._use(script)
        if request.method in READS or not is_writer(request.headers.get("authorization", "")):
            return None
        match unquote(request.path).split("/"):
            case ["", "api", "v2", "destinations", project, key, *_] if project == FAULTY_PROJECT:
                return self._faulty.get(key)
        return None

    def _use(self, script: Script) -> Step:
        if script.times is not None:
            script.times -= 1
            if script.times == 0:
                self._scripts.remove(script)
        return script.step
