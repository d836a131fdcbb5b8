"""The try-out behind ``make run``: the sandbox and the web server together, with keys, people and data of their own.

It needs no account and no database server. What it keeps lives in ``var/`` and is found again the next time.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

BASE_DIR = Path(__file__).resolve().parents[2]
VAR = BASE_DIR / "var"


def main() -> int:
    """Start everything, say where it is, and end everything at Ctrl-C; return the exit status."""
    port = os.environ.get("PORT", "8000")
    sandbox_port = os.environ.get("SANDBOX_PORT", str(int(port) + 1000)) if port.isdecimal() else ""
    if not (port.isdecimal() and sandbox_port.isdecimal() and int(port) < 65536 > int(sandbox_port)):
        print("PORT and SANDBOX_PORT have to be numbers. Example: make run PORT=8080", file=sys.stderr)
        return 2
    VAR.mkdir(exist_ok=True)
    environment = settings(port, sandbox_port)
    manage = [sys.executable, str(BASE_DIR / "manage.py")]
    collect_static(environment)
    for step in (["migrate", "--verbosity=0"], ["demo"]):
        done = subprocess.run([*manage, *step], env=environment, check=False)  # noqa: S603  # our own commands
        if done.returncode:
            return done.returncode
    sandbox = [*manage, "sandbox", "--port", sandbox_port, "--state", str(VAR / "sandbox.json")]
    server = [sys.executable, "-m", "gunicorn", "destinations_ui.wsgi", "--bind", f"127.0.0.1:{port}"]
    server += ["--workers", "1", "--log-level", "warning"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.append(subprocess.Popen(sandbox, env=environment, cwd=BASE_DIR))  # noqa: S603  # as above
        children.append(subprocess.Popen(server, env=environment, cwd=BASE_DIR))  # noqa: S603  # as above
        if wait_until_up(f"http://127.0.0.1:{port}/readyz", children):
            print(welcome(port, sandbox_port), flush=True)
        while all(child.poll() is None for child in children):
            time.sleep(0.2)  # Two children are watched, and Popen waits for only one.
    except KeyboardInterrupt:
        print("\nStopped. What you made is kept for the next time.")
        return 0
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()
    print(f"One of the servers ended. Are the ports {port} and {sandbox_port} free? Try: make run PORT=8080")
    return 1


def interrupt(number: int, frame: FrameType | None) -> None:
    """Treat being asked to end like Ctrl-C."""
    raise KeyboardInterrupt


def settings(port: str, sandbox_port: str) -> dict[str, str]:
    """Return the environment for the children: plain HTTP on this machine, the sandbox, and keys of its own."""
    chosen = {
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CACHE_URL": "locmemcache://",
        "CSRF_TRUSTED_ORIGINS": "",
        "DATABASE_URL": f"sqlite:///{VAR / 'demo.sqlite3'}",
        "DEBUG": "false",
        "FINGERPRINT_KEY": kept_key("fingerprint_key"),
        "HTTPS_ONLY": "false",
        "LAUNCHDARKLY_TOKEN": "api-sandbox",
        "LAUNCHDARKLY_URL": f"http://127.0.0.1:{sandbox_port}",
        "PROXY_COUNT": "0",
        "SEAL_KEY": kept_key("seal_key"),
        "SECRET_KEY": kept_key("secret_key"),
    }
    # A file named in the shell or in .env would win over these.
    return {**os.environ, **chosen, **{f"{name}_FILE": "" for name in chosen}}


def collect_static(environment: Mapping[str, str]) -> None:
    """Collect and compress the static files, unless nothing changed since the last time: it takes seconds."""
    manifest = VAR / "static" / "staticfiles.json"
    sources = [*(BASE_DIR / "static").rglob("*"), BASE_DIR / "requirements.txt"]
    if manifest.exists() and manifest.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return
    command = [sys.executable, str(BASE_DIR / "manage.py"), "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(command, env=dict(environment), check=True)  # noqa: S603  # our own command


def kept_key(name: str) -> str:
    """Return a random key, made at the first start and the same ever after."""
    path = VAR / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text()


def wait_until_up(address: str, children: list[subprocess.Popen[bytes]]) -> bool:
    """Return whether the web server answers before a child ends."""
    while all(child.poll() is None for child in children):
        try:
            with urlopen(address, timeout=1) as answer:  # noqa: S310  # our own http address
                return bool(answer.status == 200)
        except (URLError, OSError):
            time.sleep(0.1)  # The server is starting, and gives no other sign.
    return False


def welcome(port: str, sandbox_port: str) -> str:
    """Return what to do next."""
    return f"""
  Destinations UI   http://127.0.0.1:{port}/
  Sign in as        operator, viewer or administrator; the password is sandbox-demo
  Sandbox           http://127.0.0.1:{sandbox_port}/ shows what a real LaunchDarkly would hold
  Stop              Ctrl-C
"""


if __name__ == "__main__":
    sys.exit(main())
