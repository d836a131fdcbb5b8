"""A PostgreSQL server of the tests' own, in a temporary folder and gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def find() -> Path | None:
    """Return the folder with PostgreSQL's programs, or ``None`` where it is not installed."""
    on_path = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += [folder for folder in folders if (folder / "initdb").exists()]
    return candidates[0] if candidates else None


@contextlib.contextmanager
def server(programs: Path) -> Iterator[str]:
    """Run a server on a free loopback port; yield its ``DATABASE_URL``."""
    with tempfile.TemporaryDirectory(prefix="destinations-ui-postgresql-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        user = unprivileged()
        if user:
            shutil.chown(folder, user)
            shutil.chown(data, user)
            Path(folder).chmod(0o755)
        run = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
        port = free_port()
        initdb = [programs / "initdb", "-D", data, "-U", "tests", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run([*run, *initdb], **quiet)  # type: ignore[call-overload]  # noqa: S603  # options in a dict
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=200"
        control = [*run, programs / "pg_ctl", "-D", data, "-w"]
        start = [*control, "-o", options, "-l", Path(folder) / "log", "start"]
        subprocess.run(start, **quiet)  # type: ignore[call-overload]  # noqa: S603  # as above
        try:
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, **quiet)  # type: ignore[call-overload]  # noqa: S603  # as above


def unprivileged() -> str:
    """Return the user to run the server as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return ""


def ports() -> Iterator[int]:
    """Yield ports that no other worker of pytest yields, below those that the system gives to outgoing connections."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = range(20_000 + worker % 16, 32_000, 16)
    first = os.getpid() % len(mine)  # Other runs of the tests, beside this one, start elsewhere.
    yield from itertools.cycle([*mine[first:], *mine[:first]])


PORTS = ports()


def free_port() -> int:
    """Return a port that nobody listens on."""
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("The ports never end.")
