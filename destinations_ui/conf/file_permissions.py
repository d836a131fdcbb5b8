"""Files that hold secrets or the history, and who else can read them."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks


def check(**kwargs: Any) -> list[checks.CheckMessage]:
    """Return a warning for each file that other users of the machine can read."""
    return [
        checks.Warning(
            f"{path} can be read by other users of this machine.",
            hint=f"Run: chmod 600 {path}",
            id="destinations_ui.W001",
        )
        for path in private_files()
        if path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ]


def private_files() -> Iterator[Path]:
    """Yield the environment file and SQLite's file."""
    yield settings.BASE_DIR / ".env"
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        yield Path(database["NAME"])
