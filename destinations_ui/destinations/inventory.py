"""What LaunchDarkly has, as pages show it: its lists, kept for a minute, and an honest word when it does not answer.

A page never waits long: a read has a few seconds, an old list is better than none, and after a failure LaunchDarkly
is left alone for a moment.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar, cast
from weakref import WeakValueDictionary

from django.conf import settings
from django.core.cache import cache

from destinations_ui import launchdarkly
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.launchdarkly.errors import LaunchDarklyError, NoResponse, NotSent
from destinations_ui.launchdarkly.resources import KEY, Destination, Environment, Project

Item = TypeVar("Item")

#: A list this young is shown without asking again.
FRESH = timedelta(seconds=60)
#: A list this old is still shown when LaunchDarkly does not answer.
KEPT = timedelta(days=1)
#: After a failure LaunchDarkly is not asked again for this long, unless someone asks for it.
RESPITE = timedelta(seconds=10)
#: Someone who asks again is not put off by a failure older than this; the lists of one page are.
MOMENT = timedelta(seconds=2)
#: How long a page waits for LaunchDarkly, in seconds.
PATIENCE = 4.0
#: Key of a list that is being read → what its reader holds, for as long as somebody does.
LOCKS: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
LOCKS_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class CachedList(Generic[Item]):
    """A list of LaunchDarkly's.

    Attributes:
        items: What is known.
        read_at: When it was read; ``None`` when it never was.
        problem: Why the newest could not be had, in a sentence; empty when it could.
    """

    items: Sequence[Item] = ()
    read_at: datetime | None = None
    problem: str = ""

    @property
    def known(self) -> bool:
        """Whether LaunchDarkly has answered, now or earlier."""
        return self.read_at is not None

    @property
    def current(self) -> bool:
        """Whether this is what LaunchDarkly says now, so that what is not in it does not exist."""
        return self.known and not self.problem


@dataclass(frozen=True, slots=True)
class EnvironmentSlot:
    """An environment, and the destination it has."""

    project: str
    environment: Environment
    destinations: Sequence[Destination] = field(default=())


def projects(*, fresh: bool = False) -> CachedList[Project]:
    """Return every project. ``fresh`` asks LaunchDarkly even when a list is at hand."""
    return listing("projects", lambda client, seconds: client.projects(timeout=seconds), fresh=fresh)


def environments(project: str, *, fresh: bool = False) -> CachedList[Environment]:
    """Return every environment of a project."""
    if not KEY.fullmatch(project):
        return CachedList()
    return listing(
        f"environments:{project}",
        lambda client, seconds: client.environments(project, timeout=seconds),
        fresh=fresh,
    )


def destinations(*, fresh: bool = False) -> CachedList[Destination]:
    """Return every destination of the account. A list from before our own last creation counts as old."""
    return listing(
        "destinations",
        # Without their configurations: what stands there for a secret may show a part of it, and pages need none.
        lambda client, seconds: [replace(item, config={}) for item in client.destinations(timeout=seconds)],
        fresh=fresh,
        not_before=last_creation(),
    )


def places(project: str, *, fresh: bool = False) -> CachedList[EnvironmentSlot]:
    """Return every environment of a project with what it has."""
    found = environments(project, fresh=fresh)
    taken = destinations(fresh=fresh)
    items = [
        EnvironmentSlot(project, environment, destinations_of(taken.items, project, environment.key))
        for environment in found.items
    ]
    return CachedList(items, found.read_at, found.problem or taken.problem)


def destinations_of(items: Sequence[Destination], project: str, environment: str) -> list[Destination]:
    """Return the destinations that are in one environment."""
    return [item for item in items if (item.project, item.environment) == (project, environment)]


def last_creation() -> datetime | None:
    """Return when our last creation was settled, by whichever process."""
    newest = AuditRecord.objects.filter(outcome=Outcome.SUCCEEDED).only("settled_at").order_by("-id").first()
    return newest.settled_at if newest else None


def listing(
    name: str,
    read: Callable[[launchdarkly.LaunchDarkly, float], Sequence[Item]],
    *,
    fresh: bool,
    not_before: datetime | None = None,
) -> CachedList[Item]:
    """Return a list from the cache, or from LaunchDarkly, or an old one with the reason."""
    key = cache_key(name)
    not_before = datetime.now(UTC) if fresh else not_before
    kept = cached(key, not_before)
    if kept:
        return kept
    with turn(key):
        # Whoever was here before may have read it meanwhile.
        return cached(key, not_before) or newly_read(key, read, fresh=fresh)


def cached(key: str, not_before: datetime | None) -> CachedList[Any] | None:
    """Return a list from the cache that is young enough, and was not read before a moment."""
    kept = cast("CachedList[Any] | None", cache.get(key))
    if kept is None or kept.read_at is None or datetime.now(UTC) - kept.read_at >= FRESH:
        return None
    return kept if not_before is None or kept.read_at > not_before else None


@contextmanager
def turn(key: str) -> Iterator[None]:
    """Let one thread of the process read a list, and the others wait for what it reads, for as long as it may take."""
    with LOCKS_LOCK:
        lock = LOCKS.setdefault(key, threading.Lock())
    taken = lock.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if taken:
            lock.release()


def newly_read(
    key: str, read: Callable[[launchdarkly.LaunchDarkly, float], Sequence[Item]], *, fresh: bool
) -> CachedList[Item]:
    """Return a list from LaunchDarkly, or an old one with the reason."""
    kept = cast("CachedList[Item] | None", cache.get(key))
    problem = known_problem(key, MOMENT if fresh else RESPITE)
    if not problem:
        read_at = datetime.now(UTC)
        try:
            seconds = min(PATIENCE, settings.LAUNCHDARKLY_TIMEOUT)
            found = CachedList(tuple(read(launchdarkly.connect(), seconds)), read_at)
        except LaunchDarklyError as error:
            problem = error.message
            # No way to LaunchDarkly means no list at all; a bad answer concerns this one.
            concerned = cache_key("") if isinstance(error, NotSent | NoResponse) else key
            cache.set(f"{concerned}:problem", (problem, datetime.now(UTC)), RESPITE.total_seconds())
        else:
            cache.set(key, found, KEPT.total_seconds())
            cache.delete_many([f"{key}:problem", f"{cache_key('')}:problem"])
            return found
    return CachedList(kept.items, kept.read_at, problem) if kept else CachedList(problem=problem)


def known_problem(key: str, respite: timedelta) -> str:
    """Return why LaunchDarkly did not answer a moment ago, for this list or for any; otherwise an empty text."""
    noted = cache.get_many([f"{key}:problem", f"{cache_key('')}:problem"])
    young = [problem for problem, at in noted.values() if datetime.now(UTC) - at < respite]
    return young[0] if young else ""


def cache_key(name: str) -> str:
    """Return a key that fits any cache, and that another installation on the same cache does not share."""
    owner = hashlib.sha256(settings.LAUNCHDARKLY_URL.encode() + settings.SECRET_KEY.encode())
    # The number changes with what is kept, so that what an older release left in a shared cache is never read.
    return f"catalogue:2:{owner.hexdigest()[:12]}:{hashlib.sha256(name.encode()).hexdigest()[:24]}"
