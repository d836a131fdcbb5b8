"""Seconds and memory of ``verify_history`` on a million events: ``python -m tests.benchmarks.history``.

``DATABASE_URL`` chooses the database, which has to be empty; without it, SQLite in a temporary folder, then PostgreSQL
where its programs are installed. Half a million records of two events each are made, or as many as the argument says.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests import environment, postgresql

if TYPE_CHECKING:
    from django.db.models import Model

RECORDS = 500_000
BATCH = 10_000
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def add(model: type[Model], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows as fast as the database takes them."""
    from django.db import connection

    table = model._meta.db_table
    columns = [str(field.column) for field in model._meta.concrete_fields]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))  # noqa: S608  # our own names


def generate(count: int) -> None:
    """Write a history of settled records, sealed as if it had come about one by one."""
    from django.conf import settings
    from django.db import connection, transaction

    from destinations_ui import events, guards
    from destinations_ui.models import AuditRecord, Event
    from tests.attempts import new_record

    key, key_id = settings.SEAL_KEY, events.key_id(settings.SEAL_KEY)
    previous = ""

    def happened(pk: int) -> Iterator[tuple[Any, ...]]:
        nonlocal previous
        record = records[pk]
        came = events.state(record, ["outcome", *events.LATER])
        asked = events.state(record, events.START) | {"outcome": "pending"}
        for number, (event_type, says) in enumerate((("intent", asked), ("settled", came))):
            seq, at, body = 2 * pk - 1 + number, record.created_at, events.canonical({"set": says})
            seal = events.sealed(key, seq, str(record.uuid), event_type, events.stamp(at), key_id, previous, body)
            yield seq, record.uuid.hex, event_type, text(at), body, key_id, previous, seal
            previous = seal

    def row(record: AuditRecord) -> list[Any]:
        return [text(getattr(record, field.attname)) for field in AuditRecord._meta.concrete_fields]

    with transaction.atomic():
        guards.remove(connection)
        for start in range(1, count + 1, BATCH):
            numbers = range(start, min(start + BATCH, count + 1))
            records = {pk: made(pk, new_record) for pk in numbers}
            add(AuditRecord, map(row, records.values()))
            add(Event, (event for pk in numbers for event in happened(pk)))
        guards.install(connection)


def made(pk: int, new_record: Any) -> Any:
    """Return a record like that of a busy team; all are a minute apart."""
    moment = BEGIN + timedelta(minutes=pk, microseconds=pk)
    came = {"settled_at": moment + timedelta(seconds=1), "destination_id": uuid.uuid4().hex[:24], "status_code": 201}
    return new_record(id=pk, created_at=moment, name=f"Web shop events {pk}", secrets={"apiKey": "0f" * 6}, **came)


def text(value: Any) -> Any:
    """Return a value as both databases take it."""
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, uuid.UUID):
        return value.hex
    return json.dumps(value) if isinstance(value, dict) else value


def run(count: int) -> None:
    """Generate and measure in the database of the settings."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    generate(count)
    print(f"{connection.vendor}: {2 * count} events written in {time.monotonic() - began:.0f} s", flush=True)
    connection.close()
    began = time.monotonic()
    done = subprocess.run([sys.executable, "manage.py", "verify_history"], check=True, capture_output=True, text=True)
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  {done.stdout.strip()}\n  {seconds:.1f} s, {memory:.0f} MB at most", flush=True)


def main() -> None:
    """Measure the database that was asked for, or both."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    if os.environ["DATABASE_URL"] != environment.DEFAULTS["DATABASE_URL"]:
        run(count)
        return
    again = [sys.executable, "-m", "tests.benchmarks.history", str(count)]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/benchmark.sqlite3"
        subprocess.run(again, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603  # ourselves
    programs = postgresql.find()
    if programs:
        with postgresql.server(programs) as url:
            subprocess.run(again, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603  # ourselves


if __name__ == "__main__":
    main()
