"""Write a file completely or not at all, and never overwrite one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_file(to: Path) -> Iterator[Path]:
    """Yield an empty temporary file, which becomes ``to`` if nothing is raised. Only its owner can read it.

    The caller writes it and flushes it to the disk.

    Raises:
        OSError: if it cannot be created; :class:`FileExistsError` if ``to`` exists, which is left unchanged.
    """
    if to.exists():
        raise FileExistsError(f"{to} exists")
    handle, name = tempfile.mkstemp(prefix=f".{to.name}-", dir=to.parent)
    os.close(handle)
    try:
        yield Path(name)
        # A rename would replace a file created in the meantime.
        os.link(name, to)
    finally:
        Path(name).unlink(missing_ok=True)
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
