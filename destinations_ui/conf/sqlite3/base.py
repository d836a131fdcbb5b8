"""Django's SQLite backend with two differences.

- Only ``migrate`` creates the file. Django lets SQLite create a missing one, so that a web server would write to an
  empty database in place of the real history.
- A malformed time, UUID or text is returned as it is stored, for ``audit.damage`` to replace. Django raises, so that
  one damaged row would break every page it is on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.db import OperationalError
from django.db.backends.sqlite3 import base, features, operations


class DamagedText(str):
    """Text that is not UTF-8, with U+FFFD for invalid bytes."""

    __slots__ = ()


def decode(stored: bytes) -> str:
    """Decode a stored text; never raise."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return DamagedText(stored, "utf-8", "replace")


class DatabaseFeatures(features.DatabaseFeatures):
    """Features of SQLite."""

    # Django would run a query, which fails before ``migrate`` has created the file.
    supports_json_field = True


class DatabaseOperations(operations.DatabaseOperations):
    """Conversions that do not raise."""

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the time, or the stored value if it is invalid."""
        return lenient(super().convert_datetimefield_value, value, expression, connection)

    def convert_uuidfield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the UUID, or the stored value if it is invalid."""
        return lenient(super().convert_uuidfield_value, value, expression, connection)


def lenient(convert: Callable[[Any, Any, Any], Any], value: Any, expression: Any, connection: Any) -> Any:
    """Convert a stored value, or return it unchanged if that fails."""
    try:
        return convert(value, expression, connection)
    except (AttributeError, OverflowError, TypeError, ValueError):
        return value


#: A file's device and inode.
Inode = tuple[int, int]


def inode_at(path: Path) -> Inode | None:
    """Return the device and inode of a path, or ``None`` if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to an SQLite file that exists.

    Attributes:
        inode: The file of this connection.
        inodes: Path → the file that this process first connected to.
        generations: Path → what ``audit.storage`` found in that file.
    """

    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
    inode: Inode | None = None
    inodes: ClassVar[dict[Path, Inode | None]] = {}
    generations: ClassVar[dict[Path, str]] = {}

    @property
    def path(self) -> Path:
        """The path from the settings."""
        return Path(self.settings_dict["NAME"]).absolute()

    def prepare_database(self) -> None:
        """Create the file, readable only by its owner. ``migrate`` calls this first."""
        if not self.is_in_memory_db():
            self.inodes.pop(self.path, None)
            self.generations.pop(self.path, None)
            try:
                self.path.touch(mode=0o600)
            except OSError as error:
                raise OperationalError(f"unable to create the database file: {error.strerror}") from error

    def get_connection_params(self) -> dict[str, Any]:
        """Open only an existing file, without sqlite3's own converters, which raise."""
        parameters: dict[str, Any] = super().get_connection_params() | {"detect_types": 0}
        if not self.is_in_memory_db():
            parameters["database"] = f"{self.path.as_uri()}?mode=rw"
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection and store its file's inode."""
        before = inode_at(self.path)
        connection = super().get_new_connection(conn_params)
        connection.text_factory = decode
        # If the file was replaced meanwhile, either file may have been opened.
        self.inode = before if before == inode_at(self.path) else None
        self.inodes.setdefault(self.path, self.inode)
        return connection
