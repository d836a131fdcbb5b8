"""Create the virtual environment, and install what a requirements file pins. The Makefile calls it.

    python3 scripts/install.py .venv requirements.txt

It runs on the system's Python with nothing installed, perhaps an old one: so it keeps to the standard library.
"""

from __future__ import annotations

import fcntl
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)


def main(venv: Path, requirements: Path) -> int:
    """Install into ``venv``, which is created when it is missing or broken; return the exit status."""
    if sys.version_info < OLDEST:
        return fail("Python 3.11 or newer is needed. Example: make run PYTHON=python3.12")
    with requirements.open() as lock:
        # Two starts at once in a new checkout: the second waits, and finds everything installed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not has_pip(venv):
            if not can_create():
                return fail("Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python3-venv")
            try:
                remove(venv)
            except OSError as error:
                return fail(f"{venv} cannot be replaced: {error.strerror}. Copy the project to a folder of your own.")
            if status := run(sys.executable, "-m", "venv", str(venv)):
                return status
        pip = (str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
        return run(*pip, "install", "--quiet", "--require-hashes", "-r", str(requirements))


def has_pip(venv: Path) -> bool:
    """Return whether the environment works; an installation that broke off leaves one without pip."""
    try:
        done = subprocess.run([venv / "bin" / "python", "-c", "import pip"], check=False, capture_output=True)  # noqa: S603  # ours
    except OSError:
        return False
    return done.returncode == 0


def can_create() -> bool:
    """Return whether this Python can create virtual environments with pip; Debian ships that separately."""
    return all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))


def remove(venv: Path) -> None:
    """Remove a broken environment, and find out whether a new one could be written."""
    if venv.is_symlink():
        venv.unlink()
    elif venv.exists():
        shutil.rmtree(venv)
    venv.mkdir()


def run(*command: str) -> int:
    """Run a command; return its exit status."""
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own commands


def fail(message: str) -> int:
    """Print why nothing was installed; return the exit status."""
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
