"""Sealed creations a second, with 1, 8 and 32 people creating at once: ``python -m tests.benchmarks.writes``.

They are threads of two processes, as gunicorn serves them. Each creation is what ``changes`` writes for it: the record
with its intent, then its outcome, each committed and sealed. Nothing is sent. ``DATABASE_URL`` chooses the database,
which has to be empty; without it, SQLite in a temporary folder, then PostgreSQL where its programs are installed.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

from tests import environment, postgresql

CREATORS = (1, 8, 32)
PROCESSES = 2
SECONDS = 5.0


def create(together: Barrier) -> tuple[list[float], int]:
    """Create for a while; return the milliseconds of each creation, and how many failed."""
    from django.db import DatabaseError, connection

    from destinations_ui import events
    from destinations_ui.models import Outcome
    from tests.attempts import new_record

    connection.ensure_connection()
    times: list[float] = []
    failures = 0
    together.wait()
    end = time.monotonic() + SECONDS
    while (began := time.monotonic()) < end:
        record = new_record(outcome=Outcome.PENDING, settled_at=None, duration_ms=None, status_code=None)
        try:
            events.begin(record)
            events.settle(record, {"outcome": Outcome.SUCCEEDED, "destination_id": "5f0c", "status_code": 201})
        except DatabaseError as error:
            print(repr(error), file=sys.stderr)
            failures += 1
        times.append((time.monotonic() - began) * 1000)
    return times, failures


def measure(creators: int) -> str:
    """Return one line about that many creators at once."""
    context = multiprocessing.get_context("spawn")
    shares = [share for share in (creators - creators // PROCESSES, creators // PROCESSES) if share]
    together = context.Barrier(creators)
    results: multiprocessing.Queue[tuple[list[float], int]] = context.Queue()
    processes = [context.Process(target=entry, args=(together, share, results)) for share in shares]
    for process in processes:
        process.start()
    found = [results.get() for _ in range(creators)]
    for process in processes:
        process.join()
    times = sorted(each for mine, _ in found for each in mine)
    failures = sum(failed for _, failed in found)
    middle, high = statistics.median(times), times[int(len(times) * 0.99)]
    return (
        f"{creators:3} creators: {len(times) / SECONDS:7.0f} creations a second, "
        f"median {middle:6.2f} ms, 99 % under {high:8.2f} ms, {failures} failed"
    )


def entry(together: Barrier, creators: int, results: multiprocessing.Queue[tuple[list[float], int]]) -> None:
    """Prepare a process that was just started, and let its share of the creators create."""
    import django

    django.setup()
    with ThreadPoolExecutor(creators) as pool:
        for found in pool.map(lambda _: create(together), range(creators)):
            results.put(found)


def run() -> None:
    """Measure the database of the settings."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    print(connection.vendor, flush=True)
    for creators in CREATORS:
        print("  " + measure(creators), flush=True)


def main() -> None:
    """Measure the database that was asked for, or both."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")
    if os.environ["DATABASE_URL"] != environment.DEFAULTS["DATABASE_URL"]:
        run()
        return
    again = [sys.executable, "-m", "tests.benchmarks.writes"]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/benchmark.sqlite3"
        subprocess.run(again, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603  # ourselves
    programs = postgresql.find()
    if programs:
        with postgresql.server(programs) as url:
            subprocess.run(again, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603  # ourselves


if __name__ == "__main__":
    main()
