"""The product as it is deployed, in processes of its own: gunicorn over a database that nothing else uses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from tests.postgresql import free_port

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "sandbox-demo"


class Product:
    """The running product.

    Attributes:
        url: Where it answers.
        log: The file with everything that it and its commands wrote.
        environment: Its environment variables, for commands beside it.
    """

    def __init__(self, folder: Path, launchdarkly_url: str, workers: int = 2) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.workers = workers
        self.environment = os.environ | {
            "LAUNCHDARKLY_URL": launchdarkly_url,
            "DATABASE_URL": self.database_url(),
            "PYTHONUNBUFFERED": "1",
        }

    def database_url(self) -> str:
        """Return the address of a new database: on PostgreSQL where the tests run there, else an SQLite file."""
        given = os.environ.get("DATABASE_URL", "")
        if not given.startswith("postgres"):
            return f"sqlite:///{self.folder / 'product.sqlite3'}"
        import psycopg  # Only where PostgreSQL is used.

        name = f"product_{self.port}"
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return given.rsplit("/", 1)[0] + f"/{name}"

    def manage(self, *arguments: str) -> None:
        """Run a command of ``manage.py``."""
        with self.log.open("ab") as log:
            command = [sys.executable, str(ROOT / "manage.py"), *arguments]
            subprocess.run(  # noqa: S603  # our own command
                command, env=self.environment, stdout=log, stderr=log, check=True, cwd=ROOT
            )

    def __enter__(self) -> Product:
        self.manage("migrate", "--verbosity=0")
        self.manage("demo")
        command = [sys.executable, "-m", "gunicorn", "destinations_ui.wsgi"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(self.workers)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own command
                command, env=self.environment, stdout=log, stderr=log, cwd=ROOT
            )
        self._wait()
        return self

    def _wait(self) -> None:
        pause = threading.Event()
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=1):  # noqa: S310  # our own address
                    return
            except (urllib.error.URLError, OSError):
                pause.wait(0.05)
        raise RuntimeError(f"The product did not start:\n{self.log.read_text()[-3000:]}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=20)
