"""Prepare the demo: check ports, lock its folder and choose settings."""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
VAR = BASE_DIR / "var"
HIGHEST_PORT = 65535


class DemoError(Exception):
    """The demo cannot run; the message tells the user why and what to do."""


@dataclass(frozen=True)
class Ports:
    """The ports of the web server and of the sandbox."""

    web: int
    sandbox: int

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web}/"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox}/"


def choose_ports(environment: Mapping[str, str]) -> Ports:
    """Return the ports that ``PORT`` and ``SANDBOX_PORT`` name, or the defaults.

    Raises:
        DemoError: when one is not a port, or both are the same.
    """
    web = port_number("PORT", environment.get("PORT", "8000"))
    usual = web + 1000 if web + 1000 <= HIGHEST_PORT else web - 1000
    sandbox = port_number("SANDBOX_PORT", environment.get("SANDBOX_PORT", str(usual)))
    if web == sandbox:
        raise DemoError("PORT and SANDBOX_PORT have to differ. Example: make run PORT=8080")
    return Ports(web, sandbox)


def port_number(name: str, text: str) -> int:
    """Return the port that a setting names.

    Raises:
        DemoError: when it is not a number from 1 to 65535.
    """
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= HIGHEST_PORT:
        return int(text)
    raise DemoError(f"{name} has to be a number from 1 to {HIGHEST_PORT}. Example: make run PORT=8080")


def require_free(ports: Ports) -> None:
    """Check that both ports are free.

    Raises:
        DemoError: when one cannot.
    """
    for name, port in (("PORT", ports.web), ("SANDBOX_PORT", ports.sandbox)):
        with socket.socket() as probe:
            # As the servers do: ignore connections of the last run that are still closing.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError as error:
                hint = "make run PORT=8080" if name == "PORT" else "make run SANDBOX_PORT=9080"
                raise DemoError(f"Port {port} cannot be used: {error.strerror}. Try another: {hint}") from error


@contextlib.contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Lock the demo's folder: two demos would share one database and overwrite the sandbox's state.

    Raises:
        DemoError: when the folder cannot be written to, or another demo holds it.
    """
    try:
        folder.mkdir(exist_ok=True)
        # Stays open; the lock ends with the process.
        lock = (folder / "demo.lock").open("w")
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror}. Copy the project to a folder of your own."
        raise DemoError(message) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(f"Another demo is running in {folder.parent}. Stop it first (Ctrl-C).") from error
        yield


def settings(environment: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Return the servers' environment: plain HTTP on this machine, the sandbox, and the demo's own keys."""
    chosen = {
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CACHE_URL": "locmemcache://",
        "CSRF_TRUSTED_ORIGINS": "",
        "DATABASE_URL": f"sqlite:///{VAR / 'demo.sqlite3'}",
        "DEBUG": "false",
        "FINGERPRINT_KEY": kept_key("fingerprint_key"),
        "HTTPS_ONLY": "false",
        "LAUNCHDARKLY_TOKEN": "api-sandbox",
        "LAUNCHDARKLY_URL": ports.sandbox_url.rstrip("/"),
        "PROXY_COUNT": "0",
        "SEAL_KEY": kept_key("seal_key"),
        "SECRET_KEY": kept_key("secret_key"),
    }
    # A file named in the shell or in .env would take precedence.
    return {**environment, **chosen, **{f"{name}_FILE": "" for name in chosen}}


def kept_key(name: str) -> str:
    """Return a random key, created at the first start and stored."""
    path = VAR / name
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_hex(32))
        unfinished.replace(path)  # Never leave a partial key.
    return path.read_text()


def static_files_are_current() -> bool:
    """Return whether nothing has changed since the static files were last collected, which takes seconds."""
    manifest = VAR / "static" / "staticfiles.json"
    sources = [*(BASE_DIR / "static").rglob("*"), BASE_DIR / "requirements.txt"]
    return manifest.exists() and manifest.stat().st_mtime > max(path.stat().st_mtime for path in sources)
