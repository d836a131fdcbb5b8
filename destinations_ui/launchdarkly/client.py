"""The calls to LaunchDarkly's REST API that the product makes.

https://launchdarkly.com/docs/api
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

import requests
from urllib3.exceptions import HTTPError

from destinations_ui.conf.secret import Secret
from destinations_ui.launchdarkly import resources
from destinations_ui.launchdarkly.errors import (
    BadResponse,
    Busy,
    LaunchDarklyError,
    NoResponse,
    NotSent,
    Uncertain,
)
from destinations_ui.launchdarkly.responses import APIResponse, failure, parsed, read_bounded, understood
from destinations_ui.launchdarkly.throttling import PROCESS, Limits
from destinations_ui.launchdarkly.transport import Deadline, RequestWatchdog, new_session

API_VERSION = "20240415"

#: An answer about one thing, or one page of a list, is at most this long, in bytes.
ANSWER_LIMIT = 256 * 1024
#: The list of destinations has no pages: this is room for ten thousand of them.
LIST_LIMIT = 8 * 1024 * 1024
#: An id is at most this long; LaunchDarkly's have 24 characters.
ID_LENGTH = 100
#: How often a read is tried, and the seconds before the second try; the pause doubles.
READ_TRIES = 3
READ_PAUSE = 0.2
#: More pages than this are a loop, not a list.
PAGE_LIMIT = 1000

#: A project's or environment's key. https://launchdarkly.com/docs/api/projects/post-project
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")


@dataclass(frozen=True, slots=True)
class Created:
    """A destination that LaunchDarkly confirmed."""

    id: str
    status: int


class LaunchDarkly:
    """LaunchDarkly's API, with one access token. Safe to share between threads: each has its own connection.

    Every method raises :class:`LaunchDarklyError`. ``timeout`` is in seconds, over everything that a method does; a
    creation's begins with its turn. ``limits`` are shared by all creations of the process.
    """

    def __init__(self, base_url: str, token: Secret, timeout: float, limits: Limits = PROCESS) -> None:
        self._base_url = base_url
        self._token = token
        self._timeout = timeout
        self._limits = limits
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"LaunchDarkly({self._base_url!r})"

    def destinations(self, *, timeout: float | None = None) -> list[resources.Destination]:
        """Return the destinations of the whole account.

        https://launchdarkly.com/docs/api/data-export-destinations/get-destinations
        """
        deadline = Deadline(timeout or self._timeout)
        answer = self._read("/api/v2/destinations", deadline, limit=LIST_LIMIT)
        return [resources.destination(item) for item in resources.objects(answer.body)]

    def projects(self, *, timeout: float | None = None) -> list[resources.Project]:
        """Return every project by name, each with the environments that came along.

        https://launchdarkly.com/docs/api/projects/get-projects
        """
        path = "/api/v2/projects?sort=name&expand=environments"
        items = self._pages(path, Deadline(timeout or self._timeout), limit=LIST_LIMIT)
        return [resources.project(item) for item in resources.keyed(items)]

    def environments(self, project: str, *, timeout: float | None = None) -> list[resources.Environment]:
        """Return every environment of a project, critical ones first.

        https://launchdarkly.com/docs/api/environments/get-environments-by-project
        """
        path = f"/api/v2/projects/{segment(project)}/environments?sort=critical"
        items = self._pages(path, Deadline(timeout or self._timeout))
        return [resources.environment(item) for item in resources.keyed(items)]

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
        """Create a destination: look at the list, then post, on the same connection. The post is never repeated.

        The look proves the token, and means that the connection was alive a moment before the post, so that a server
        closing an idle connection cannot make the outcome unknown. It may take half of the time.

        ``conceal`` are the secrets in ``config``: should LaunchDarkly's answer repeat one, dots stand in its place.

        https://launchdarkly.com/docs/api/data-export-destinations/post-destination

        Raises:
            NotSent: the post was not sent; :class:`Overloaded` and :class:`Paused` say that not even the list was read.
            Refused: nothing was created.
            Uncertain: the destination may exist.
        """
        path = f"/api/v2/destinations/{segment(project)}/{segment(environment)}"
        body = {"name": name, "kind": kind, "on": on, "config": config}
        with self._limits.creation(self._timeout):
            deadline = Deadline(self._timeout)
            listed = self._look()
            if not deadline.remaining():
                # The process stood still meanwhile. What is sent this late could reach a LaunchDarkly that has been
                # looked at since, and where nothing was found.
                raise NotSent(
                    "Destinations UI was held up until the time was over, so nothing was sent. Try again soon."
                )
            try:
                return created(self._exchange("POST", path, deadline, ANSWER_LIMIT, body=body, conceal=conceal))
            except Uncertain as error:
                here = (project, environment)
                error.before = [item.id for item in listed if (item.project, item.environment) == here]
                raise

    def trust_policy(self, project: str, environment: str, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the trust policy for an AWS role that LaunchDarkly is to assume. Nothing is known to be created by it.

        It is asked for once: a post is never repeated.

        https://launchdarkly.com/docs/api/data-export-destinations/generate-trust-policy
        """
        path = (
            f"/api/v2/destinations/projects/{segment(project)}/environments/{segment(environment)}"
            "/generate-trust-policy"
        )
        answer = self._exchange("POST", path, Deadline(timeout or self._timeout), ANSWER_LIMIT)
        return resources.trust_policy(answer.body)

    def _look(self) -> list[resources.Destination]:
        """Return the list before a post.

        Raises:
            NotSent: when there is none, so that there will be no post.
            Refused: LaunchDarkly does not show it.
        """
        try:
            with self._limits.breaker.judging():
                return self.destinations(timeout=self._timeout / 2)
        except Uncertain as error:
            raise NotSent(
                "LaunchDarkly did not answer properly when asked for its list of destinations, so nothing was "
                "sent. Try again in a few minutes.",
                status=error.status,
                code=error.code,
                detail=error.detail,
                id=error.id,
            ) from error

    def _pages(self, path: str, deadline: Deadline, limit: int = ANSWER_LIMIT) -> Iterator[dict[str, Any]]:
        """Yield the items of a list that comes in pages. The links between pages are relative."""
        seen: set[str] = set()
        while path and path not in seen and len(seen) < PAGE_LIMIT:
            seen.add(path)
            answer = self._read(path, deadline, limit=limit)
            yield from resources.objects(answer.body)
            path = resources.link(answer.body, "next") if isinstance(answer.body, dict) else ""

    def _read(self, path: str, deadline: Deadline, limit: int = ANSWER_LIMIT) -> APIResponse:
        """Get, and try again with growing pauses while there is time and a second try could help."""
        for attempt in range(1, READ_TRIES + 1):
            try:
                return self._exchange("GET", path, deadline, limit)
            except LaunchDarklyError as error:
                pause = pause_before_retry(error, attempt)
                if attempt == READ_TRIES or pause is None or pause >= deadline.remaining():
                    raise
            time.sleep(pause)  # The back-off: pages never wait for it longer than their own deadline.
        raise AssertionError("The last attempt returns or raises.")

    def _exchange(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        limit: int,
        *,
        body: Mapping[str, object] | None = None,
        conceal: Collection[Secret] = (),
    ) -> APIResponse:
        """Make one request and read its answer.

        Raises:
            LaunchDarklyError: of the branch that says what is known about the request.
        """
        url = joined(self._base_url, path)
        headers = {"Authorization": self._token.reveal(), "LD-API-Version": API_VERSION}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        with RequestWatchdog(deadline.remaining()) as watch:
            status = None
            try:
                # The socket's own time-outs are only the second line: the watch ends the connection.
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
                    if watch.expired and parsed(response, raw) is None:
                        # An answer that the watch cut off can look like a whole one, only shorter.
                        raise TimeoutError
            except (requests.RequestException, HTTPError, OSError) as error:
                # The exception is not chained: its request holds the token, and its text may hold a header.
                raise failure(error, watch, status) from None
        return understood(response, raw, conceal)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = new_session()
        session: requests.Session = self._local.session
        return session


def created(answer: APIResponse) -> Created:
    """Read what LaunchDarkly says of a destination that it created.

    Raises:
        BadAnswer: when it does not say its id.
    """
    found = resources.text(answer.body.get("_id")).strip() if isinstance(answer.body, dict) else ""
    if not found or len(found) > ID_LENGTH:
        raise BadResponse(
            "LaunchDarkly answered without the id of what it created, so the destination may or may not exist.",
            status=answer.status,
        )
    return Created(id=found, status=answer.status)


def joined(base_url: str, path: str) -> str:
    """Return the address of a path or of a relative link.

    Raises:
        BadAnswer: when the link leads away from LaunchDarkly's API: the token must not go there.
    """
    try:
        url = urljoin(base_url, path)
    except ValueError:
        url = ""
    if not url.startswith(f"{base_url}/api/"):
        raise BadResponse("LaunchDarkly's list leads to another address. Ask an administrator to look at it.")
    return url


def segment(key: str) -> str:
    """Return a key as one segment of a path.

    Raises:
        ValueError: when it is not a key, and could lead elsewhere (``..``, ``a/b``).
    """
    if not KEY.fullmatch(key):
        raise ValueError("This is not the key of a project or environment.")
    return quote(key, safe="")


def pause_before_retry(error: LaunchDarklyError, attempt: int) -> float | None:
    """Return the seconds to wait before reading again, or ``None`` when that could not help."""
    if isinstance(error, Busy):
        return error.retry_after + random.random()  # noqa: S311  # spreads retries, protects nothing
    fault = isinstance(error, BadResponse) and (error.status or 0) >= 500
    if not (fault or isinstance(error, NoResponse | NotSent)):
        return None
    return READ_PAUSE * float(2 ** (attempt - 1)) * (1 + random.random())  # noqa: S311  # as above
