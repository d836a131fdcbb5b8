"""The sandbox account's projects, environments and destinations. Thread-safe."""

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
    """The state file cannot be read, parsed or written. The message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment. Its SDK keys are fake, but readable in responses like real ones."""

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
    """A project and its environments by key, in order of creation."""

    key: str
    name: str
    tags: tuple[str, ...] = ()
    environments: dict[str, Environment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination. ``config`` never holds a readable secret."""

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
    """Projects, environments and destinations; with a file, destinations survive a restart."""

    def __init__(self, seed: Callable[[State], None], file: Path | None = None) -> None:
        """Fill the account with ``seed``, then with the file's destinations.

        Raises:
            StateFileError: when the file cannot be used or written.
        """
        self._lock = threading.RLock()
        self._seed = seed
        self._file: Path | None = None
        self._projects: dict[str, Project] = {}
        self._destinations: dict[str, Destination] = {}
        seed(self)
        # Set only now, so that the seed does not overwrite the file.
        self._file = file
        if file and file.exists():
            self._destinations = {item.id: item for item in _read(file)}
        self._save()

    def reset(self) -> None:
        """Restore the seed."""
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
            return _required(self._projects.get(key))

    def environments(self, project: str) -> list[Environment]:
        """Return a project's environments, oldest first, or refuse with 404."""
        with self._lock:
            return list(self.project(project).environments.values())

    def environment(self, project: str, key: str) -> Environment:
        """Return one environment, or refuse with 404."""
        with self._lock:
            return _required(self.project(project).environments.get(key))

    def destinations(self) -> list[Destination]:
        """Return all destinations of the account, oldest first."""
        with self._lock:
            return list(self._destinations.values())

    def destination(self, project: str, environment: str, id: str) -> Destination:
        """Return one destination, or refuse with 404."""
        with self._lock:
            item = _required(self._destinations.get(id))
            return _required(item if (item.project, item.environment) == (project, environment) else None)

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
        """Add a destination with its secrets obfuscated. With ``alone``, refuse a second one in an environment."""
        clean = without_secrets(config)
        with self._lock:
            # Assumption: LaunchDarkly documents one destination per environment, whatever its kind
            # (https://launchdarkly.com/docs/integrations/data-export/kinesis), but not the status for a
            # second one. The code is the one seen for a duplicate of another resource.
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
        """Apply ``change`` to a destination, atomically."""
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
        """Write a temporary file and rename it, so that no reader sees a partial file."""
        if not self._file:
            return
        content = {"destinations": [asdict(item) for item in self._destinations.values()]}
        try:
            # mkstemp creates a file that only its owner can read (0600).
            handle, name = tempfile.mkstemp(prefix=f".{self._file.name}.", dir=self._file.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=2)
                os.replace(name, self._file)
            except BaseException:  # Also Ctrl-C: remove the partial file, then re-raise.
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise StateFileError(
                f"{self._file} cannot be written ({error.strerror}). Choose a place that can be."
            ) from error


def object_id(*parts: str) -> str:
    """Return 24 hex digits, LaunchDarkly's format of ``_id``, derived from the parts."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]


def _uuid(*parts: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts))


def _required(item: T | None) -> T:
    if item is None:
        raise Refusal(404)
    return item


def _read(file: Path) -> list[Destination]:
    """Return the destinations a state file holds.

    Raises:
        StateFileError: when it cannot be read or is invalid. The message never quotes it.
    """
    types: dict[str, type] = {"id": str, "project": str, "environment": str, "name": str, "kind": str}
    types |= {"on": bool, "config": dict, "version": int, "created_at": int}
    names = [item.name for item in fields(Destination)]
    try:
        entries = json.loads(file.read_bytes())["destinations"]
        if not all(isinstance(entry[name], types[name]) for entry in entries for name in names):
            raise TypeError
        # Obfuscated again, in case the file was edited by hand.
        return [
            Destination(**{name: entry[name] for name in names} | {"config": without_secrets(entry["config"])})
            for entry in entries
        ]
    except OSError as error:
        raise StateFileError(f"{file} cannot be read ({error.strerror}). Choose another file.") from error
    except (ValueError, TypeError, KeyError, RecursionError, Refusal):
        raise StateFileError(f"{file} is not a state file of the sandbox. Delete it, or choose another one.") from None
