"""How fast the product is, beside its neighbours: ``python -m tests.benchmarks [RECORDS] [--quick] [--only VENDOR]``.

Each database is filled with a history of its own, and the real server is started over it. Nothing here fails for being
slow: the figures are for a person to read. ``docs/performance.md`` tells how.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from tests.support import environment, postgresql

os.environ.update(environment.DEFAULTS)
os.environ.update({"LAUNCHDARKLY_TIMEOUT": "60", "DJANGO_SETTINGS_MODULE": "destinations_ui.settings"})
django.setup()

from destinations_ui.sandbox import SandboxServer  # noqa: E402  # Django's settings come first
from tests.benchmarks import history, parts  # noqa: E402  # as above
from tests.benchmarks.serving import Timing, Visitor, serving  # noqa: E402  # as above
from tests.support.product import PASSWORD, ROOT, Product  # noqa: E402  # as above


@contextmanager
def database(vendor: str, folder: Path) -> Iterator[str]:
    """Provide an empty database."""
    if vendor == "sqlite":
        yield f"sqlite:///{folder / 'benchmark.sqlite3'}"
        return
    programs = postgresql.find()
    if programs is None:
        raise SystemExit("PostgreSQL's programs are not installed.")
    with postgresql.server(programs) as url:
        yield url


def fill(url: str, count: int) -> float:
    """Write the history; return the seconds that it took."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.benchmarks.seed", str(count)]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603  # ourselves
    return time.monotonic() - began


def line(*cells: object) -> None:
    """Print a line of a table: a name, then figures."""
    name, *figures = cells
    print(
        f"  {name!s:42}"
        + "".join(f"{each:>10.1f}" if isinstance(each, float) else f"{each!s:>10}" for each in figures),
        flush=True,
    )


def heading(title: str, *columns: str) -> None:
    """Print the head of a table."""
    print(f"\n{title}", flush=True)
    line("", *columns)


def pages(visitor: Visitor, neighbour: Visitor, count: int, quick: bool) -> None:
    """Print the history's pages beside the admin's."""
    heading("History (ms)", "median", "95 %", "admin", "times")
    for case, ours, admin in history.compare(visitor, neighbour, count, 10 if quick else 100):
        times = (admin.median, admin.median / ours.median) if admin else ("", "")
        line(case.name, ours.median, ours.most, *times)
    asked = list(history.combined(count, 2 if quick else 3))
    if quick:
        asked = random.Random(1).sample(asked, 30)  # noqa: S311  # no secret
    timings = [(visitor.timed(path, 3).median, path) for path in asked]
    together = Timing([each for each, _ in timings])
    heading(f"{len(asked)} combinations of filters (ms)", "median", "95 %", "worst")
    line("", together.median, together.most, max(together.times))
    for worst, path in sorted(timings, reverse=True)[:3]:
        line(path.removeprefix("/history/"), worst)


def measure(vendor: str, count: int, quick: bool) -> None:
    """Fill a database, start the product over it, and print every table."""
    with tempfile.TemporaryDirectory() as name, SandboxServer() as sandbox, database(vendor, Path(name)) as url:
        folder = Path(name)
        print(f"\n=== {vendor}, {count:,} records, filled in {fill(url, count):.0f} s", flush=True)
        with serving(folder / "one", sandbox.url, url) as product:
            visitor, neighbour = people(product)
            pages(visitor, neighbour, count, quick)
            heading("Processor time of one answer (ms)", "ms")
            for what, milliseconds in parts.work(product, visitor, neighbour, 30 if quick else 400):
                line(what, milliseconds)
            heading("Weight (bytes, compressed)", "page", "first", "requests")
            for what, *sizes in parts.weight(product, visitor):
                line(what, *sizes)
            heading("Exports", "first ms", "rows/s", "MB more")
            for file_format in ("csv", "jsonl"):
                line(file_format, *parts.export(product, visitor, file_format, count).values())
            line("processor seconds after it is broken off", parts.cancelled(product, visitor))
            creating(product, visitor, sandbox, quick)
            lists(product, visitor, sandbox)
        with serving(folder / "two", sandbox.url, url, workers=2) as product:
            together(product, sandbox, quick)
            seals(product)


def together(product: Product, sandbox: SandboxServer, quick: bool) -> None:
    """Print what people notice of each other."""
    visitor = Visitor(product)
    heading("While others wait: the history (ms)", "alone", "95 %", "then", "95 %")
    times = 20 if quick else 60
    for what, (alone, then) in (
        ("an export runs", parts.beside_an_export(product, visitor, times)),
        ("8 creations hang", parts.beside_hanging(product, visitor, sandbox, times)),
    ):
        line(what, alone.median, alone.most, then.median, then.most)
    crowd, failed = parts.crowd(product, visitor, sandbox, 32)
    heading("32 creations at once (ms)", "median", "95 %", "failed")
    line("", crowd.median, crowd.most, failed)


def people(product: Product) -> tuple[Visitor, Visitor]:
    """Return an operator, and someone who may see Django admin's list."""
    name = f"neighbour-{product.port}"
    arguments = ("--noinput", f"--username={name}", "--email=neighbour@example.com")
    product.manage("createsuperuser", *arguments, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    return Visitor(product), Visitor(product, name)


def creating(product: Product, visitor: Visitor, sandbox: SandboxServer, quick: bool) -> None:
    """Print what a creation adds to LaunchDarkly's own time."""
    ours, theirs = parts.creations(product, visitor, sandbox, 10 if quick else 200)
    heading("A creation (ms)", "median", "95 %", "worst")
    line("in all", ours.median, ours.most, max(ours.times))
    line("LaunchDarkly's list and post", theirs.median, theirs.most, max(theirs.times))
    line("what the product adds", ours.median - theirs.median, ours.most - theirs.most)


def lists(product: Product, visitor: Visitor, sandbox: SandboxServer) -> None:
    """Print what pages with many of LaunchDarkly's projects take."""
    sandbox.reset()
    parts.many_places(sandbox)
    heading("500 projects, 5,000 environments, 2,000 destinations (ms)", "first", "calls", "median", "95 %")
    for what, first, calls, then in parts.places(product, visitor, sandbox, 20):
        line(what, first, calls, then.median, then.most)


def seals(product: Product) -> None:
    """Print what seals take."""
    heading("Seals")
    line("an event appended (ms: median, 95 %)", *parts.sealing(product, "tests.benchmarks.sealing").split())
    seconds, said = parts.verified(product)
    line("verify_history (s)", seconds)
    print(f"  {said[:75]}")


def main() -> None:
    """Measure the databases that are there, or one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("records", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and combinations")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    asked = parser.parse_args()
    vendors = [asked.only] if asked.only else ["sqlite", *(["postgresql"] if postgresql.find() else [])]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(collect, cwd=ROOT, check=True)  # noqa: S603  # ourselves
    for vendor in vendors:
        measure(vendor, asked.records, asked.quick)


if __name__ == "__main__":
    main()
