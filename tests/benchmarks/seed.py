"""A history of many records, realistic, sealed and verifiable, written in minutes: ``python -m tests.benchmarks.seed``.

The records are those of a large company over five years: a few people and projects are busy, most are not; some have
left; one attempt of six was refused or worse. The same number gives the same records, whenever it is asked for.
"""

from __future__ import annotations

import json
import os
import random
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from destinations_ui.audit.fields import RESULTS

if TYPE_CHECKING:
    from django.db.models import Model

BATCH = 10_000
BEGIN = datetime(2021, 11, 1, tzinfo=UTC)
#: How long it took all of them to come about.
YEARS = timedelta(days=5 * 365)

PEOPLE = [
    f"{first}.{last}"
    for last in ("berg", "holm", "lind", "strand", "dahl", "vik")
    for first in (
        *("agnes", "birk", "carla", "dag", "elin", "finn", "gry", "hugo", "ida", "jon", "kaja", "leo", "mona", "nils"),
        *(
            "olga",
            "per",
            "runa",
            "siv",
            "tor",
            "una",
            "vera",
            "yngve",
            "zara",
            "aksel",
            "bodil",
            "espen",
            "frida",
            "geir",
        ),
        *(
            "hanna",
            "iben",
            "jens",
            "karin",
            "lars",
            "marit",
            "noah",
            "oda",
            "peder",
            "ragna",
            "simen",
            "tiril",
            "ulf",
            "vida",
        ),
        *("arne", "berit", "cato", "dina", "egil", "freja", "guro", "hedda"),
    )
]
AREAS = ("checkout", "catalog", "search", "billing", "profile", "loyalty", "shipping", "returns", "pricing", "support")
PARTS = ("web", "ios", "android", "api", "worker", "admin", "edge", "partner", "kiosk", "reports")
PLACES = ("us-east-1", "eu-west-1", "ap-southeast-2", "eu-central-1")
#: Environment and kind, each with its weight.
ENVIRONMENTS = {"production": 45, "staging": 25, "test": 15, "development": 8, "demo": 4, "canary": 2, "load-test": 1}
KINDS = {
    "kinesis": 34,
    "google-pubsub": 22,
    "azure-event-hubs": 18,
    "segment": 14,
    "snowflake-v2": 9,
    "mparticle": 3,
}
#: Outcome → weight, and what LaunchDarkly said.
OUTCOMES: dict[str, tuple[float, dict[str, Any]]] = {
    "succeeded": (83.0, {"status_code": 201}),
    "refused": (
        11.0,
        {"status_code": 400, "error_code": "invalid_request", "error_message": "the stream is not there"},
    ),
    "not_sent": (3.4, {"explanation": "LaunchDarkly could not be reached. Nothing was sent."}),
    "absent": (2.0, {"explanation": "It is not at LaunchDarkly."}),
    "unknown": (0.5, {"explanation": "It is not known whether LaunchDarkly created it."}),
    "pending": (0.1, {}),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Values, each to be drawn as often as its weight says."""

    values: Sequence[str]
    weights: Sequence[float]

    def draw(self, chance: random.Random) -> str:
        """Return one of the values."""
        return chance.choices(self.values, cum_weights=self.weights)[0]


def weighted(values: Iterable[str], weights: Iterable[float]) -> Choice:
    """Return a choice of values with these weights."""
    return Choice(list(values), list(accumulate(weights)))


def records(count: int) -> Iterator[dict[str, Any]]:
    """Yield what each record says, by the names of its fields, oldest first."""
    chance = random.Random(count)  # noqa: S311  # no secret: the same records each time are what is wanted
    projects = [f"{area}-{part}" for part in PARTS for area in AREAS]
    project = weighted(projects, (1 / rank for rank in range(1, len(projects) + 1)))
    environment = weighted(ENVIRONMENTS, ENVIRONMENTS.values())
    kind = weighted(KINDS, KINDS.values())
    outcome = weighted(OUTCOMES, (weight for weight, _ in OUTCOMES.values()))
    # Whoever works here at a time is a window that moves over the people.
    people = [weighted(PEOPLE[start : start + 150], (1 / rank for rank in range(1, 151))) for start in range(151)]
    step = YEARS / count
    for pk in range(1, count + 1):
        moment = BEGIN + pk * step + timedelta(microseconds=chance.randrange(1_000_000))
        came = outcome.draw(chance)
        where, what = project.draw(chance), kind.draw(chance)
        known = dict(OUTCOMES[came][1])
        took = int(chance.lognormvariate(5.3, 0.6))
        if came == "succeeded":
            known["destination_id"] = f"{chance.getrandbits(96):024x}"
        if came == "refused":
            known["error_id"] = f"{chance.getrandbits(64):016x}"
        if came != "pending":
            known |= {"settled_at": moment + timedelta(milliseconds=took), "duration_ms": took}
        yield {
            "id": pk,
            "uuid": uuid.UUID(int=chance.getrandbits(128), version=4),
            "submission": uuid.UUID(int=chance.getrandbits(128), version=4),
            "request_id": uuid.UUID(int=chance.getrandbits(128), version=4),
            "created_at": moment,
            **RESULTS,
            "changes": {},
            "actor": people[(pk - 1) * 151 // count].draw(chance),
            "actor_pk": "1",
            "action": "destination.create",
            "outcome": came,
            "project": where,
            "environment": environment.draw(chance),
            "kind": what,
            "name": f"{where.replace('-', ' ').capitalize()} events {chance.choice(PLACES)} {chance.randrange(10_000)}",
            "on": chance.random() < 0.9,
            "config": {"region": chance.choice(PLACES), "streamName": f"{where}-events"},
            "secrets": {"apiKey": f"{chance.getrandbits(48):012x}"},
            "reason": f"OPS-{chance.randrange(200_000)}: {chance.choice(AREAS)} team asked for it",
        } | known


def write(count: int) -> None:
    """Write so many records with their events, sealed as if they had come about one by one, and their index."""
    from django.conf import settings
    from django.core.management.color import no_style
    from django.db import connection, transaction

    from destinations_ui.audit import chain, fields, search_index, triggers
    from destinations_ui.audit.models import AuditRecord, Event

    key, key_id = settings.SEAL_KEY, chain.key_id(settings.SEAL_KEY)
    installation = chain.installation().pk
    previous, seq = "", 0

    def happened(said: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a record's events: what was asked for and, unless it is pending, what came of it."""
        nonlocal previous, seq
        asked = {name: said[name] for name in fields.REQUESTED} | {"outcome": "pending"}
        told = [("intent", said["created_at"], asked)]
        if said["outcome"] != "pending":
            told.append(("settled", said["settled_at"], {name: said[name] for name in ("outcome", *fields.RESULTS)}))
        for event_type, at, payload in told:
            seq += 1
            first = {"installation": installation} if seq == 1 else {}
            body = chain.sealed_body({**first, "set": payload})
            seal = chain.seal_of(key, seq, str(said["uuid"]), event_type, chain.timestamp(at), key_id, previous, body)
            yield seq, said["uuid"].hex, event_type, plain(at), body, key_id, previous, seal
            previous = seal

    columns = [field.attname for field in AuditRecord._meta.concrete_fields]
    made = records(count)
    with transaction.atomic():
        triggers.APPEND_ONLY.drop(connection)
        triggers.SEARCH.drop(connection)
    for start in range(0, count, BATCH):
        batch = [next(made) for _ in range(min(BATCH, count - start))]
        with transaction.atomic():
            add(AuditRecord, ([plain(said[name]) for name in columns] for said in batch))
            add(Event, (event for said in batch for event in happened(said)))
    with transaction.atomic():
        search_index.rebuild(connection)
        triggers.APPEND_ONLY.create(connection)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [AuditRecord]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")


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


def plain(value: Any) -> Any:
    """Return a value as both databases take it."""
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, uuid.UUID):
        return value.hex
    return json.dumps(value) if isinstance(value, dict) else value


def main() -> None:
    """Fill the database of the settings with as many records as the argument says."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    write(int(sys.argv[1]))


if __name__ == "__main__":
    main()
