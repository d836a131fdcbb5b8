"""The product as it is deployed, in processes of its own: gunicorn over a database that nothing else uses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import requests

from tests.support.postgresql import free_port

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "sandbox-demo"
#: Keeps the database of the first product, prepared, for the others to copy.
PREPARED = tempfile.TemporaryDirectory(prefix="destinations-ui-prepared-")


class Product:
    """The running product.

    Attributes:
        url: Where it answers.
        log: The file with everything that it and its commands wrote.
        environment: Its environment variables, for commands beside it.
        process: gunicorn's master.
    """

    def __init__(self, folder: Path, launchdarkly_url: str, workers: int = 2, database_url: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.workers = workers
        self.environment = os.environ | {
            "LAUNCHDARKLY_URL": launchdarkly_url,
            "LAUNCHDARKLY_TIMEOUT": "10",  # Long enough for a busy machine.
            "DATABASE_URL": database_url or self.database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.support.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def database_url(self) -> str:
        """Return the address of a new database: on PostgreSQL where the tests run there, else an SQLite file."""
        given = os.environ.get("DATABASE_URL", "")
        if given.startswith("postgres"):
            return given.rsplit("/", 1)[0] + f"/product_{uuid.uuid4().hex}"
        return f"sqlite:///{self.folder / 'product.sqlite3'}"

    def command(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a command of ``manage.py``; its output is the caller's, its errors go to the log."""
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # our own command
                [sys.executable, str(ROOT / "manage.py"), *arguments],
                env=self.environment | environment,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                text=True,
            )

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a command of ``manage.py`` and return what it wrote.

        Raises:
            RuntimeError: when it failed.
        """
        command = self.command(*arguments, **environment)
        output, _ = command.communicate()
        if command.returncode:
            raise RuntimeError(f"{arguments[0]} failed:\n{output}\n{self.log.read_text()[-3000:]}")
        return output

    def __enter__(self) -> Product:
        self.prepare()
        self.start()
        return self

    def prepare(self) -> None:
        """Make the database, with its tables and users: the first one by the commands, the others as copies of it."""
        url, given = self.environment["DATABASE_URL"], os.environ.get("DATABASE_URL", "")
        server, _, name = url.rpartition("/")
        if url.startswith("sqlite"):
            file, prepared = Path(url.removeprefix("sqlite:///")), Path(PREPARED.name, "db")
            if prepared.exists():
                shutil.copy(prepared, file)
            else:
                self.migrate()
                shutil.copy(file, prepared)
        elif server == given.rpartition("/")[0]:
            template, marker = f"prepared_{os.getpid()}", Path(PREPARED.name, "on-postgresql")
            if marker.exists():
                execute(given, f"CREATE DATABASE {name} TEMPLATE {template}")
            else:
                execute(given, f"CREATE DATABASE {name}")
                self.migrate()
                execute(given, f"CREATE DATABASE {template} TEMPLATE {name}")
                marker.touch()
        else:
            self.migrate()

    def migrate(self) -> None:
        """Create the tables and the users in one process."""
        commands = "from django.core.management import call_command as call; call('migrate', verbosity=0); call('demo')"
        self.manage("shell", "--no-imports", "-c", commands)

    def start(self, *options: str, **environment: str) -> None:
        """Start gunicorn, with further options and variables, and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "destinations_ui.wsgi"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(self.workers), *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own command
                command,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,  # A group of its own, to be killed as one.
            )
        wait_until(self.ready, "the product to start", self.log)

    def ready(self) -> bool:
        """Tell whether it answers and its database does."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=1):  # noqa: S310  # our own address
                return True
        except (urllib.error.URLError, OSError):
            return False

    def worker_pids(self) -> set[int]:
        """Return the ids of gunicorn's processes that answer requests."""
        master = self.process.pid
        return {int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()}

    def kill(self) -> None:
        """End all of it without warning."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)

    def kill_workers(self) -> None:
        """End every worker without warning, and wait until there are others."""
        killed = self.worker_pids()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not killed & self.worker_pids() and self.ready(), "new workers", self.log)

    def reload(self) -> None:
        """Ask for new workers, as after a change of the settings, and wait until the old ones are gone."""
        old = self.worker_pids()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(now := self.worker_pids()) == self.workers and not old & now, "other workers", self.log)

    def stop(self) -> None:
        """Ask gunicorn to end at once; kill it when a thread that waits for its client keeps it alive."""
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def execute(url: str, statement: str) -> None:
    """Execute a statement on PostgreSQL, outside a transaction."""
    import psycopg  # Only where PostgreSQL is used.

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def wait_until(so: Callable[[], bool], what: str, log: Path | None = None, seconds: float = 60) -> None:
    """Wait until something is so.

    Raises:
        RuntimeError: when it is not in time.
    """
    pause = threading.Event()
    for _ in range(round(seconds / 0.02)):
        if so():
            return
        pause.wait(0.02)
    raise RuntimeError(f"Waited too long for {what}." + (f"\n{log.read_text()[-3000:]}" if log else ""))


def signed_in(product: Product, username: str = "operator") -> requests.Session:
    """Sign in as a browser does."""
    session = requests.Session()
    form = {
        "username": username,
        "password": PASSWORD,
        "csrfmiddlewaretoken": token(session, f"{product.url}/login/"),
    }
    session.post(f"{product.url}/login/", data=form, timeout=60).raise_for_status()
    return session


def token(session: requests.Session, address: str) -> str:
    """Return the CSRF token of the form at an address."""
    page = session.get(address, timeout=60).text
    return str(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0])


def exported(session: requests.Session, product: Product, submission: str) -> list[dict[str, object]]:
    """Return the exported records of a submission."""
    answer = session.get(f"{product.url}/history/export/?format=jsonl", timeout=60)
    records = [json.loads(line) for line in answer.text.splitlines()]
    return [record for record in records if record["submission"] == submission]
