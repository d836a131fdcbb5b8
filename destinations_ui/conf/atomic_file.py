"""Writing a file that is there whole or not at all, and never in another one's place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_file(to: Path) -> Iterator[Path]:
    """Yield an empty file to be written beside ``to``; if that goes well, it is there as ``to``, for its owner alone.

    Whoever writes it has to flush it to the disk.

    Raises:
        OSError: when it cannot be made; :class:`FileExistsError` when ``to`` is there, which then stays as it is.
    """
    if to.exists():
        raise FileExistsError(f"{to} is there")
    handle, name = tempfile.mkstemp(prefix=f".{to.name}-", dir=to.parent)
    os.close(handle)
    try:
        yield Path(name)
        # To rename it would replace a file that has come meanwhile.
        os.link(name, to)
    finally:
        Path(name).unlink(missing_ok=True)
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
