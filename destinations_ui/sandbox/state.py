"""What the stand-in's account holds: projects, environments and destinations. Safe to use from several threads."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from destinations_ui.sandbox.messages import Refusal, now_ms
from destinations_ui.sandbox.obfuscation import without_secrets

T = TypeVar("T")


class StateFileError(Exception):
    """The state file cannot be read, understood or written. The message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment. The two SDK keys are made up, but as readable in a response as the real ones."""

    project: str
    key: str
    name: str
    critical: bool = False
    tags: tuple[str, ...] = ()
    track_events: bool = False

    @property
    def sdk_key(self) -> str:
        """The ``apiKey`` of the responses."""
        return f"sdk-{_uuid('sdk', self.project, self.key)}"

    @property
    def mobile_key(self) -> str:
        """The ``mobileKey`` of the responses."""
        return f"mob-{_uuid('mob', self.project, self.key)}"


@dataclass(frozen=True, slots=True)
class Project:
    """A project with its environments by key, in the order of their creation."""

    key: str
    name: str
    tags: tuple[str, ...] = ()
    environments: dict[str, Environment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination as it is kept: ``config`` never holds a readable secret."""

    id: str
    project: str
    environment: str
    name: str
    kind: str
    on: bool
    config: dict[str, Any]
    version: int
    created_at: int


class State:
    """Projects, environments and destinations; with a file, the destinations outlive the process."""

    def __init__(self, seed: Callable[[State], None], file: Path | None = None) -> None:
        """Fill the account with ``seed``, then with what the file remembers.

        Raises:
            StateFileError: when the file is there and cannot be used, or cannot be written.
        """
        self._lock = threading.RLock()
        self._seed = seed
        self._file: Path | None = None
        self._projects: dict[str, Project] = {}
        self._destinations: dict[str, Destination] = {}
        seed(self)
        # Only from here on: what was seeded must not be written over what the file remembers.
        self._file = file
        if file and file.exists():
            self._destinations = {item.id: item for item in _read(file)}
        self._save()

    def reset(self) -> None:
        """Return to what was seeded."""
        with self._lock:
            self._projects.clear()
            self._destinations.clear()
            self._seed(self)
            self._save()

    def projects(self) -> list[Project]:
        """Return all projects, oldest first."""
        with self._lock:
            return list(self._projects.values())

    def project(self, key: str) -> Project:
        """Return one project, or refuse with 404."""
        with self._lock:
            return _found(self._projects.get(key))

    def environments(self, project: str) -> list[Environment]:
        """Return a project's environments, oldest first, or refuse with 404."""
        with self._lock:
            return list(self.project(project).environments.values())

    def environment(self, project: str, key: str) -> Environment:
        """Return one environment, or refuse with 404."""
        with self._lock:
            return _found(self.project(project).environments.get(key))

    def destinations(self) -> list[Destination]:
        """Return all destinations of the account, oldest first."""
        with self._lock:
            return list(self._destinations.values())

    def destination(self, project: str, environment: str, id: str) -> Destination:
        """Return one destination, or refuse with 404."""
        with self._lock:
            found = _found(self._destinations.get(id))
            return _found(found if (found.project, found.environment) == (project, environment) else None)

    def add_project(self, key: str, name: str, *, tags: Iterable[str] = ()) -> Project:
        """Add a project without environments."""
        with self._lock:
            return self._projects.setdefault(key, Project(key, name, tuple(tags)))

    def add_environment(
        self,
        project: str,
        key: str,
        name: str,
        *,
        critical: bool = False,
        tags: Iterable[str] = (),
        track_events: bool = False,
    ) -> Environment:
        """Add an environment to a project."""
        with self._lock:
            environment = Environment(project, key, name, critical, tuple(tags), track_events)
            return self.project(project).environments.setdefault(key, environment)

    def add_destination(
        self,
        project: str,
        environment: str,
        *,
        name: str = "",
        kind: str,
        config: dict[str, Any],
        on: bool = False,
        alone: bool = False,
    ) -> Destination:
        """Add a destination, hiding its secrets. With ``alone``, refuse an environment that has one already."""
        clean = without_secrets(config)
        with self._lock:
            # Assumption: LaunchDarkly documents one destination per environment, whatever its kind
            # (https://launchdarkly.com/docs/integrations/data-export/kinesis), but not the status of a second.
            # The code is the one seen for a duplicate of another resource.
            if alone and any(
                (other.project, other.environment) == (project, environment) for other in self._destinations.values()
            ):
                raise Refusal(
                    409,
                    "A Data Export destination already exists in this environment. "
                    "LaunchDarkly allows one destination per environment.",
                    code="key_exists",
                )
            added = Destination(
                id=secrets.token_hex(12),
                project=project,
                environment=environment,
                name=name,
                kind=kind,
                on=on,
                config=clean,
                version=1,
                created_at=now_ms(),
            )
            self._destinations[added.id] = added
            self._save()
            return added

    def change_destination(
        self, project: str, environment: str, id: str, change: Callable[[Destination], Destination]
    ) -> Destination:
        """Replace a destination by what ``change`` makes of it, atomically."""
        with self._lock:
            self._destinations[id] = change(self.destination(project, environment, id))
            self._save()
            return self._destinations[id]

    def remove_destination(self, project: str, environment: str, id: str) -> None:
        """Delete a destination, or refuse with 404."""
        with self._lock:
            del self._destinations[self.destination(project, environment, id).id]
            self._save()

    def _save(self) -> None:
        """Write the destinations beside the file and put them in its place, so that no reader sees half of them."""
        if not self._file:
            return
        content = {"destinations": [asdict(item) for item in self._destinations.values()]}
        try:
            # mkstemp makes a file that only its owner can read (0600).
            handle, name = tempfile.mkstemp(prefix=f".{self._file.name}.", dir=self._file.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=2)
                os.replace(name, self._file)
            except BaseException:  # Also Ctrl-C: no half-written file stays behind, and it is raised again.
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise StateFileError(
                f"{self._file} cannot be written ({error.strerror}). Choose a place that can be."
            ) from error


def object_id(*parts: str) -> str:
    """Return 24 hex digits that are always the same for the same parts, as LaunchDarkly's ``_id`` looks."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]


def _uuid(*parts: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts))


def _found(item: T | None) -> T:
    if item is None:
        raise Refusal(404)
    return item


def _read(file: Path) -> list[Destination]:
    """Return the destinations a state file holds.

    Raises:
        StateFileError: when it cannot be read or holds something else. Its content is never quoted.
    """
    types: dict[str, type] = {"id": str, "project": str, "environment": str, "name": str, "kind": str}
    types |= {"on": bool, "config": dict, "version": int, "created_at": int}
    names = [item.name for item in fields(Destination)]
    try:
        entries = json.loads(file.read_bytes())["destinations"]
        if not all(isinstance(entry[name], types[name]) for entry in entries for name in names):
            raise TypeError
        # Hidden again, in case somebody wrote a secret into the file by hand.
        return [
            Destination(**{name: entry[name] for name in names} | {"config": without_secrets(entry["config"])})
            for entry in entries
        ]
    except OSError as error:
        raise StateFileError(f"{file} cannot be read ({error.strerror}). Choose another file.") from error
    except (ValueError, TypeError, KeyError, RecursionError, Refusal):
        raise StateFileError(f"{file} is not a state file of the sandbox. Delete it, or choose another one.") from None
