"""A small disk that can be full."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Mount a disk of its own at a folder; yield whether that was allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0  # noqa: S603  # our own command
    try:
        yield mounted
    finally:
        if mounted:
            # Lazily: a database server may still have a file open there.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607  # as above


def require(folder: Path) -> None:
    """Skip the test where the folder is not on a disk of its own."""
    if not folder.is_mount():
        pytest.skip("A FULL DISK IS NOT TRIED: only root can mount a small one.")


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Fill the disk at a folder."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            for block in (bytes(1 << 16), bytes(1 << 12)):
                with contextlib.suppress(OSError):
                    while file.write(block):
                        pass
        assert no_room(folder)
        yield
    finally:
        ballast.unlink()


def no_room(folder: Path) -> bool:
    """Return whether not even a small file fits."""
    crumb = folder / "crumb"
    try:
        crumb.write_bytes(bytes(1 << 12))
    except OSError as error:
        return error.errno == errno.ENOSPC
    finally:
        crumb.unlink(missing_ok=True)
    return False
