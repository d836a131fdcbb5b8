"""The calls to LaunchDarkly's REST API that the product makes.

https://launchdarkly.com/docs/api
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urljoin

import requests
from urllib3.exceptions import HTTPError

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import resources
from destinations_ui.launchdarkly.concealment import Concealer
from destinations_ui.launchdarkly.errors import (
    BadResponse,
    Busy,
    LaunchDarklyError,
    NoResponse,
    NotSent,
    Uncertain,
)
from destinations_ui.launchdarkly.responses import APIResponse, failure, interpret, parse, read_bounded
from destinations_ui.launchdarkly.throttling import PROCESS, Limits
from destinations_ui.launchdarkly.transport import Deadline, RequestWatchdog, new_session

API_VERSION = "20240415"

#: The maximum size of a resource or of one page of a list, in bytes.
RESPONSE_LIMIT = 256 * 1024
#: The list of destinations has no pages; ten thousand of them fit.
LIST_LIMIT = 8 * 1024 * 1024
#: Longer lists are refused, not truncated: missing items would look deleted.
MAX_ITEMS, MAX_ENVIRONMENTS = 10_000, 1000
#: Attempts of a read, and the seconds before the first retry; the pause doubles.
READ_TRIES = 3
READ_PAUSE = 0.2
#: A list with more pages is a loop.
PAGE_LIMIT = 1000

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Created:
    """A destination that LaunchDarkly confirmed."""

    id: str
    status: int


class LaunchDarkly:
    """LaunchDarkly's API, with one access token. Safe to share between threads: each has its own connection.

    Every method raises :class:`LaunchDarklyError` and nothing else, whatever LaunchDarkly sends. ``timeout`` is in
    seconds and covers a whole method; a creation's starts once it has a slot. ``limits`` are shared by all requests of
    the process.
    """

    def __init__(self, base_url: str, token: Secret, timeout: float, limits: Limits = PROCESS) -> None:
        self._base_url = base_url
        self._token = token
        self._timeout = timeout
        self._limits = limits
        self._local = threading.local()
        self._conceal_token = Concealer([token])

    def __repr__(self) -> str:
        return f"LaunchDarkly({self._base_url!r})"

    def destinations(self, *, timeout: float | None = None) -> list[resources.Destination]:
        """Return the destinations of the whole account.

        https://launchdarkly.com/docs/api/data-export-destinations/get-destinations
        """
        with self._read_deadline(timeout) as deadline:
            return self._destinations(deadline, self._conceal_token)

    def projects(self, *, timeout: float | None = None) -> list[resources.Project]:
        """Return every project by name, each with the environments that the response includes.

        https://launchdarkly.com/docs/api/projects/get-projects
        """
        path = "/api/v2/projects?sort=name&expand=environments"
        with self._read_deadline(timeout) as deadline:
            return collect(self._pages(path, deadline, LIST_LIMIT), resources.project, MAX_ITEMS)

    def environments(self, project: str, *, timeout: float | None = None) -> list[resources.Environment]:
        """Return every environment of a project, critical ones first.

        https://launchdarkly.com/docs/api/environments/get-environments-by-project
        """
        path = f"/api/v2/projects/{segment(project)}/environments?sort=critical"
        with self._read_deadline(timeout) as deadline:
            return collect(self._pages(path, deadline, RESPONSE_LIMIT), resources.environment, MAX_ENVIRONMENTS)

    def create_destination(
        self,
        project: str,
        environment: str,
        *,
        kind: str,
        name: str,
        on: bool,
        config: Mapping[str, object],
        conceal: Collection[Secret] = (),
    ) -> Created:
        """Create a destination: read the list, then post, on the same connection. The post is never repeated.

        Reading the list checks the token, and that the connection is alive just before the post, so that a server
        closing an idle connection cannot make the outcome unknown. It can take half of the timeout.

        ``conceal`` are the secrets in ``config``, which are replaced with dots in LaunchDarkly's response.

        https://launchdarkly.com/docs/api/data-export-destinations/post-destination

        Raises:
            NotSent: the post was not sent; for :class:`Overloaded` and :class:`Paused`, the list was not read either.
            Refused: nothing was created.
            Uncertain: the destination may exist.
        """
        path = f"/api/v2/destinations/{segment(project)}/{segment(environment)}"
        body = {"name": name, "kind": kind, "on": on, "config": config}
        concealer = Concealer([*conceal, self._token])
        with self._limits.write(self._timeout):
            deadline = Deadline(self._timeout)
            existing = self._destinations_before_post(concealer)
            if not deadline.remaining():
                # The process was suspended. By now, a lookup may have found nothing and concluded that nothing was
                # created.
                raise NotSent("The server was paused for too long, so nothing was sent. Try again.")
            try:
                return created(self._exchange("POST", path, deadline, RESPONSE_LIMIT, concealer, body=body))
            except Uncertain as error:
                scope = (project, environment)
                error.before = [item.id for item in existing if (item.project, item.environment) == scope and item.id]
                raise

    def trust_policy(self, project: str, environment: str, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the trust policy for an AWS role that LaunchDarkly assumes.

        The request is a post, so it is never repeated, but it creates nothing.

        https://launchdarkly.com/docs/api/data-export-destinations/generate-trust-policy
        """
        path = (
            f"/api/v2/destinations/projects/{segment(project)}/environments/{segment(environment)}"
            "/generate-trust-policy"
        )
        with self._read_deadline(timeout) as deadline:
            response = self._exchange("POST", path, deadline, RESPONSE_LIMIT, self._conceal_token)
        return resources.trust_policy(response.body)

    @contextmanager
    def _read_deadline(self, timeout: float | None) -> Iterator[Deadline]:
        """Hold a slot for a read; the deadline includes the wait for it.

        Raises:
            Overloaded: too many requests are in progress.
        """
        deadline = Deadline(timeout or self._timeout)
        with self._limits.read(deadline.remaining()):
            yield deadline

    def _destinations(self, deadline: Deadline, conceal: Concealer) -> list[resources.Destination]:
        response = self._read("/api/v2/destinations", deadline, LIST_LIMIT, conceal)
        return collect(resources.objects(response.body), resources.destination, MAX_ITEMS)

    def _destinations_before_post(self, conceal: Concealer) -> list[resources.Destination]:
        """Return the list before a post.

        Raises:
            NotSent: when it cannot be read, so that nothing is posted.
            Refused: LaunchDarkly refused to return it.
        """
        try:
            with self._limits.breaker.track():
                return self._destinations(Deadline(self._timeout / 2), conceal)
        except Uncertain as error:
            raise NotSent(
                "LaunchDarkly’s list of destinations could not be read, so nothing was sent. Try again in a few "
                "minutes.",
                status=error.status,
                code=error.code,
                detail=error.detail,
                id=error.id,
            ) from error

    def _pages(self, path: str, deadline: Deadline, limit: int) -> Iterator[dict[str, Any]]:
        """Yield the items of every page of a list. The links between pages are relative."""
        seen: set[str] = set()
        while path and path not in seen and len(seen) < PAGE_LIMIT:
            seen.add(path)
            response = self._read(path, deadline, limit, self._conceal_token)
            yield from resources.objects(response.body)
            path = resources.link(response.body, "next") if isinstance(response.body, dict) else ""

    def _read(self, path: str, deadline: Deadline, limit: int, conceal: Concealer) -> APIResponse:
        """Get, and retry with growing pauses while there is time and a retry could help."""
        for attempt in range(1, READ_TRIES + 1):
            try:
                return self._exchange("GET", path, deadline, limit, conceal)
            except LaunchDarklyError as error:
                pause = pause_before_retry(error, attempt)
                if attempt == READ_TRIES or pause is None or pause >= deadline.remaining():
                    raise
            time.sleep(pause)  # Back off, never past the deadline.
        raise AssertionError("The last attempt returns or raises.")

    def _exchange(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        limit: int,
        conceal: Concealer,
        *,
        body: Mapping[str, object] | None = None,
    ) -> APIResponse:
        """Make one request and read its response.

        Raises:
            LaunchDarklyError: of the branch for what is known about the request.
        """
        url = absolute_url(self._base_url, path)
        headers = {"Authorization": self._token.reveal(), "LD-API-Version": API_VERSION}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        with RequestWatchdog(deadline.remaining()) as watchdog:
            status = None
            try:
                # The socket's timeouts are only a fallback: the watchdog ends the connection.
                seconds = max(deadline.remaining(), 0.001)
                with self._session().request(
                    method,
                    url,
                    data=data,
                    headers=headers,
                    timeout=(seconds, seconds),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    status = response.status_code
                    raw = read_bounded(response, limit)
                    if watchdog.expired and parse(response, raw) is None:
                        # A response that the watchdog truncated can look complete.
                        raise TimeoutError
                    return interpret(response, raw, conceal)
            except LaunchDarklyError:
                raise
            except (requests.RequestException, HTTPError, OSError) as error:
                # Not chained: its request holds the token, and its text may hold a header.
                raise failure(error, watchdog, status) from None
            except Exception as error:  # Convert any error of a broken response to ours.
                # The libraries do not document what a broken response raises: http.client raises ValueError for a chunk
                # of negative length. An exception before anything was sent is our own bug.
                if not watchdog.sent:
                    raise
                raise failure(error, watchdog, status) from None

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = new_session()
        session: requests.Session = self._local.session
        return session


def collect(items: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Item | None], limit: int) -> list[Item]:
    """Return the valid items.

    Raises:
        BadResponse: when there are more than ``limit``.
    """
    collected: list[Item] = []
    for item in filter(None, map(read, items)):
        if len(collected) == limit:
            raise BadResponse("LaunchDarkly’s list was far longer than expected.")
        collected.append(item)
    return collected


def created(response: APIResponse) -> Created:
    """Read the response to a creation.

    Raises:
        BadResponse: when it has no usable id.
    """
    new_id = resources.identifier(response.body.get("_id")) if isinstance(response.body, dict) else ""
    if not new_id:
        raise BadResponse(
            "LaunchDarkly’s response had no destination ID, so the destination may or may not exist.",
            status=response.status,
        )
    return Created(id=new_id, status=response.status)


def absolute_url(base_url: str, path: str) -> str:
    """Return the absolute URL of a path or relative link.

    Raises:
        BadResponse: when the link leads outside LaunchDarkly's API, where the token must not be sent.
    """
    try:
        url = urljoin(base_url, path)
    except ValueError:
        url = ""
    if not url.startswith(f"{base_url}/api/"):
        raise BadResponse("LaunchDarkly’s list links to another host. Ask an administrator to check LAUNCHDARKLY_URL.")
    return url


def segment(key: str) -> str:
    """Return a key as a path segment.

    Raises:
        ValueError: when it is not a valid key: ``..`` or ``a/b`` could lead to another URL.
    """
    if not resources.KEY.fullmatch(key):
        raise ValueError("This is not the key of a project or environment.")
    return quote(key, safe="")


def pause_before_retry(error: LaunchDarklyError, attempt: int) -> float | None:
    """Return the seconds to wait before a retry, or ``None`` when a retry could not help."""
    if isinstance(error, Busy):
        return error.retry_after + random.random()  # noqa: S311  # spreads retries, not security
    is_fault = isinstance(error, BadResponse) and (error.status or 0) >= 500
    if not (is_fault or isinstance(error, NoResponse | NotSent)):
        return None
    return READ_PAUSE * float(2 ** (attempt - 1)) * (1 + random.random())  # noqa: S311  # as above
