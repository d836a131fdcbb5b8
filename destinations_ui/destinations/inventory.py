"""LaunchDarkly's projects, environments and destinations, as pages need them.

Pages never wait long: lists are cached for a minute, one thread refreshes a list while the others use the old one, and
after a failure LaunchDarkly is left alone for a while. A list says how old it is and why it is not newer.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from django.conf import settings
from django.core.cache import cache

from destinations_ui import launchdarkly
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.errors import LaunchDarklyError, NoResponse, NotSent, Overloaded
from destinations_ui.launchdarkly.resources import KEY, Destination, Environment, Project
from destinations_ui.launchdarkly.throttling import PROCESS, SingleFlight

Item = TypeVar("Item")
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]

#: A list this young is used as it is.
FRESH = timedelta(seconds=60)
#: The same when a user asks for a refresh. It keeps many users from using up the account's rate limit.
REFRESH_INTERVAL = timedelta(seconds=2)
#: A list this old is still used when LaunchDarkly cannot be read.
KEPT = timedelta(days=1)
#: After a failure LaunchDarkly is not read again for this long; the second is for a user who asks for a refresh.
RESPITE, REFRESH_RESPITE = timedelta(seconds=10), timedelta(seconds=2)
#: How long a page waits for LaunchDarkly, in seconds.
PATIENCE = 4.0
#: How long :func:`live_destinations` returns the same list, in seconds.
LIVE = 2.0


@dataclass(frozen=True, slots=True)
class CachedList(Generic[Item]):
    """A list of LaunchDarkly's.

    Attributes:
        items: What is known.
        read_at: When it was read; ``None`` when it never was.
        problem: Why it could not be read just now; empty when it could.
        stale: Whether it is older than it should be, because another thread is reading it just now.
    """

    items: Sequence[Item] = ()
    read_at: datetime | None = None
    problem: str = ""
    stale: bool = False

    @property
    def known(self) -> bool:
        """Whether it was ever read."""
        return self.read_at is not None

    @property
    def current(self) -> bool:
        """Whether what is not in it does not exist."""
        return self.known and not self.problem and not self.stale


@dataclass(frozen=True, slots=True)
class EnvironmentSlot:
    """An environment and its destinations; LaunchDarkly allows one."""

    project: str
    environment: Environment
    destinations: Sequence[Destination] = field(default=())


@dataclass(frozen=True, slots=True)
class LiveDestinations:
    """LaunchDarkly's destinations as they were a second ago, with their configurations.

    Attributes:
        requested_at: When they were requested: what was created later may be missing.
    """

    requested_at: datetime
    items: Sequence[Destination]


@dataclass(frozen=True)
class StoredList(Generic[Item]):
    """A list in the cache."""

    read_at: Timestamp
    items: tuple[Item, ...]


@dataclass(frozen=True)
class StoredProblem:
    """A failure in the cache."""

    at: Timestamp
    message: str


#: What reads each sort of list from the cache. Made at import, by one thread: when several threads make msgspec inspect
#: the same dataclass for the first time, the process crashes.
LIST_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    Project: msgspec.json.Decoder(StoredList[Project]),
    Environment: msgspec.json.Decoder(StoredList[Environment]),
    Destination: msgspec.json.Decoder(StoredList[Destination]),
}
PROBLEM_DECODER = msgspec.json.Decoder(StoredProblem)

#: Cache key → the thread that reads this list, and those that wait for it.
LIST_READS: SingleFlight[CachedList[Any]] = SingleFlight(PROCESS.reads)
LIVE_READS: SingleFlight[LiveDestinations] = SingleFlight(PROCESS.reads)


def projects(*, refresh: bool = False, newer_than: datetime | None = None) -> CachedList[Project]:
    """Return every project.

    Args:
        refresh: For a user who asks for a refresh.
        newer_than: Read before this time, a list is not good enough, however young.
    """
    return cached_list(
        "projects",
        Project,
        lambda client, timeout: client.projects(timeout=timeout),
        refresh=refresh,
        newer_than=newer_than,
    )


def environments(project: str, *, refresh: bool = False, newer_than: datetime | None = None) -> CachedList[Environment]:
    """Return every environment of a project; arguments as for :func:`projects`."""
    if not KEY.fullmatch(project):
        return CachedList()
    return cached_list(
        f"environments:{project}",
        Environment,
        lambda client, timeout: client.environments(project, timeout=timeout),
        refresh=refresh,
        newer_than=newer_than,
    )


def destinations(*, refresh: bool = False) -> CachedList[Destination]:
    """Return every destination of the account, without configurations: obfuscated secrets in them may show a part."""
    return cached_list(
        "destinations",
        Destination,
        lambda client, timeout: [replace(item, config={}) for item in client.destinations(timeout=timeout)],
        refresh=refresh,
        newer_than=last_success(),
    )


def environment_slots(
    project: str, *, refresh: bool = False, newer_than: datetime | None = None
) -> CachedList[EnvironmentSlot]:
    """Return every environment of a project with its destinations; arguments as for :func:`projects`."""
    known = environments(project, refresh=refresh, newer_than=newer_than)
    taken = destinations(refresh=refresh)
    items = [
        EnvironmentSlot(project, environment, destinations_of(taken.items, project, environment.key))
        for environment in known.items
    ]
    return CachedList(items, known.read_at, known.problem or taken.problem, known.stale or taken.stale)


def destinations_of(items: Sequence[Destination], project: str, environment: str) -> list[Destination]:
    """Return the destinations that are in one environment."""
    return [item for item in items if (item.project, item.environment) == (project, environment)]


def last_success() -> datetime | None:
    """Return when an attempt last changed something at LaunchDarkly, in whichever process."""
    newest = AuditRecord.objects.filter(outcome=Outcome.SUCCEEDED).only("settled_at").order_by("-id").first()
    return newest.settled_at if newest else None


class Live:
    """The destinations that this process read last. With their configurations they do not belong in the cache."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[LaunchDarkly, tuple[float, LiveDestinations]] = {}

    def get(self, client: LaunchDarkly) -> LiveDestinations | None:
        with self._lock:
            read_at, found = self._read.get(client, (0.0, None))
        return found if time.monotonic() - read_at < LIVE else None

    def read(self, client: LaunchDarkly, timeout: float | None) -> LiveDestinations:
        read_at, requested_at = time.monotonic(), datetime.now(UTC)
        found = LiveDestinations(requested_at, client.destinations(timeout=timeout))
        with self._lock:
            self._read = {client: (read_at, found)}
        return found


LIVE_DESTINATIONS = Live()


def live_destinations(*, timeout: float | None = None) -> LiveDestinations:
    """Return LaunchDarkly's destinations, read at most two seconds ago.

    Any number of users can look up what became of an attempt; LaunchDarkly sees one request every two seconds.

    Raises:
        LaunchDarklyError: they cannot be read.
    """
    client = launchdarkly.connect()
    found = LIVE_DESTINATIONS.get(client)
    return found or LIVE_READS.run(repr(client), lambda: LIVE_DESTINATIONS.read(client, timeout), PATIENCE)


def cached_list(
    name: str,
    item: type[Item],
    read: Callable[[LaunchDarkly, float], Sequence[Item]],
    *,
    refresh: bool,
    newer_than: datetime | None = None,
) -> CachedList[Item]:
    """Return a list from the cache or from LaunchDarkly, or an old one with the reason."""
    key, now = cache_key(name), datetime.now(UTC)
    oldest = now - (REFRESH_INTERVAL if refresh else FRESH)
    oldest = max(oldest, newer_than or oldest)
    stored = load_list(key, item)
    if stored.read_at and oldest < stored.read_at <= now:
        return stored
    problem = recent_problem(key, REFRESH_RESPITE if refresh else RESPITE)
    if problem:
        return replace(stored, problem=problem)
    if stored.known and not refresh and key in LIST_READS:
        return replace(stored, stale=True)
    try:
        found = LIST_READS.run(key, lambda: read_list(key, read), PATIENCE)
        if not found.read_at or found.read_at <= oldest:  # Another thread had begun to read it too early for us.
            found = LIST_READS.run(key, lambda: read_list(key, read), PATIENCE)
    except LaunchDarklyError as error:
        return replace(stored, problem=error.message)
    return found


def read_list(key: str, read: Callable[[LaunchDarkly, float], Sequence[Item]]) -> CachedList[Item]:
    """Read a list from LaunchDarkly, and keep in the cache what came of it."""
    read_at = datetime.now(UTC)
    try:
        items = tuple(read(launchdarkly.connect(), min(PATIENCE, settings.LAUNCHDARKLY_TIMEOUT)))
    except LaunchDarklyError as error:
        store_problem(key, error)
        raise
    stored = StoredList(read_at, items)
    cache.set(key, msgspec.json.encode(stored).decode(), KEPT.total_seconds())
    cache.delete_many(problem_keys(key))
    return CachedList(items, read_at)


def load_list(key: str, item: type[Item]) -> CachedList[Item]:
    """Return a list from the cache; an empty one that was never read when there is none."""
    stored: StoredList[Item] | None = load(key, LIST_DECODERS[item])
    return CachedList(stored.items, stored.read_at) if stored else CachedList()


def load(key: str, decoder: msgspec.json.Decoder[Item]) -> Item | None:
    """Return what the cache holds as our own JSON, and ``None`` for anything else: a shared cache is not trusted."""
    text = cache.get(key)
    try:
        return decoder.decode(text) if isinstance(text, str) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def store_problem(key: str, error: LaunchDarklyError) -> None:
    """Remember a failure, so that other pages need not wait for the next one."""
    if isinstance(error, Overloaded):
        return  # Of our own making, and over at any time.
    # Without a connection there is no list at all; a bad response is about this list only.
    key = problem_keys(key)[1 if isinstance(error, NotSent | NoResponse) else 0]
    problem = StoredProblem(datetime.now(UTC), error.message)
    cache.set(key, msgspec.json.encode(problem).decode(), RESPITE.total_seconds())


def recent_problem(key: str, respite: timedelta) -> str:
    """Return why LaunchDarkly could not be read a short while ago; empty when it could."""
    now = datetime.now(UTC)
    problems = filter(None, (load(each, PROBLEM_DECODER) for each in problem_keys(key)))
    return next((problem.message for problem in problems if now - respite < problem.at <= now), "")


def problem_keys(key: str) -> tuple[str, str]:
    """Return the cache keys of a list's own problem and of one that concerns every list."""
    return f"{key}:problem", f"{cache_key('')}:problem"


def cache_key(name: str) -> str:
    """Return a key that fits any cache, and that another installation on the same cache does not share."""
    owner = hashlib.sha256(settings.LAUNCHDARKLY_URL.encode() + settings.SECRET_KEY.encode())
    return f"inventory:{owner.hexdigest()[:12]}:{hashlib.sha256(name.encode()).hexdigest()[:24]}"
