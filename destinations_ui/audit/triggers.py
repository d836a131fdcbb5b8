"""What the database itself refuses, whoever asks: triggers that keep the history added to only.

They are installed by a migration. Django makes a table anew on SQLite for most changes of its columns, and the triggers
go with the old one, so a migration that changes one of the two tables has ``RunPython(lift, guard)`` as its first
operation and ``RunPython(guard, lift)`` as its last: see ``0004_guards``. ``docs/database.md`` is for operators.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from destinations_ui.audit.chain import LATER
from destinations_ui.audit.models import AuditRecord, Event

RECORDS = AuditRecord._meta.db_table
EVENTS = Event._meta.db_table

#: What a record says from the start, and for ever: every column that is no result.
KEPT = [field.column for field in AuditRecord._meta.concrete_fields if field.name not in {*LATER, "outcome"}]

#: What the two databases write differently.
DIALECTS = {
    "sqlite": {
        "same": "IS",
        "through": "CAST(json_extract(pruned.body, '$.through') AS INTEGER)",
        # SQLite numbers rows in secret, too.
        "number": "rowid",
    },
    "postgresql": {
        "same": "IS NOT DISTINCT FROM",
        "through": "(pruned.body::json->>'through')::bigint",
        "number": "seq",
    },
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A kind of change that is refused.

    Attributes:
        table: Whose rows.
        change: INSERT, UPDATE, DELETE or TRUNCATE.
        refusal: What the error says.
        unless: When it is let through, in SQL, with placeholders for the tables and for what is in ``DIALECTS``.
        vendors: The databases that need it.
    """

    table: str
    change: str
    refusal: str
    unless: str
    vendors: tuple[str, ...] = ("sqlite", "postgresql")

    @property
    def name(self) -> str:
        """The trigger's name, and on PostgreSQL its function's."""
        return f"{self.table}_{self.change.lower()}"

    def trigger(self, vendor: str) -> str:
        """Return the SQL that makes the trigger, letter for letter as the database keeps it."""
        if vendor == "sqlite":
            # With the quotes that SQLite writes itself when a table is renamed.
            return (
                f'CREATE TRIGGER "{self.name}" BEFORE {self.change} ON "{self.table}" WHEN {self.unmet(vendor)} '
                f"BEGIN SELECT RAISE(ABORT, '{self.refusal}'); END"
            )
        each = "STATEMENT" if self.change == "TRUNCATE" else "ROW"
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.change} ON {self.table} "
            f"FOR EACH {each} EXECUTE FUNCTION {self.name}()"
        )

    def function(self, vendor: str) -> str:
        """Return the body of the trigger's function; empty on SQLite, where a trigger has none."""
        if vendor == "sqlite":
            return ""
        refuse = f"RAISE EXCEPTION '{self.refusal}' USING ERRCODE = 'check_violation'"
        row = "OLD" if self.change == "DELETE" else "NEW"
        return f"BEGIN IF {self.unmet(vendor)} THEN {refuse}; END IF; RETURN {row}; END"

    def unmet(self, vendor: str) -> str:
        """Return the SQL that tells when to refuse. What is neither true nor false is refused, too."""
        unless = self.unless.format(events=EVENTS, records=RECORDS, **DIALECTS[vendor])
        return f"({unless}) IS NOT TRUE"


def row(version: str) -> str:
    """Return the SQL of all that a record keeps, in its old or new version."""
    return "({})".format(", ".join(f'{version}."{column}"' for column in KEPT))


#: Whether the number NUMBER is among those that a later event says were pruned.
PRUNED = (
    """EXISTS (SELECT 1 FROM "{events}" AS pruned WHERE pruned.type = 'pruned' """
    "AND NUMBER < pruned.seq AND NUMBER <= {through})"
)

GUARDS = (
    # SQLite's REPLACE deletes what is in its way, and no trigger hears of it. So nothing may be in the way of what is
    # inserted. PostgreSQL's upsert is an update.
    Trigger(
        EVENTS,
        "INSERT",
        "Events are added at the end of the history.",
        """NEW.seq = 1 + coalesce((SELECT max(seq) FROM "{events}"), 0) """
        """AND NEW.previous = coalesce((SELECT seal FROM "{events}" WHERE seq = NEW.seq - 1), '') """
        """AND NOT EXISTS (SELECT 1 FROM "{events}" WHERE {number} = NEW.{number})""",
    ),
    Trigger(EVENTS, "UPDATE", "Events are not edited.", "FALSE"),
    Trigger(EVENTS, "DELETE", "Events are not deleted.", PRUNED.replace("NUMBER", "OLD.seq")),
    Trigger(EVENTS, "TRUNCATE", "Events are not deleted.", "FALSE", ("postgresql",)),
    Trigger(
        RECORDS,
        "UPDATE",
        "Records are not edited.",
        f"{row('OLD')} {{same}} {row('NEW')} AND ("
        "OLD.outcome = 'pending' AND NEW.outcome IN ('succeeded', 'refused', 'not_sent', 'unknown') OR "
        "OLD.outcome = 'unknown' AND NEW.outcome IN ('succeeded', 'refused', 'not_sent', 'absent'))",
    ),
    # Records go first, then events: a record without events is not deleted.
    Trigger(
        RECORDS,
        "DELETE",
        "Records are not deleted.",
        PRUNED.replace("NUMBER", '(SELECT max(seq) FROM "{events}" WHERE record = OLD.uuid)'),
    ),
    Trigger(RECORDS, "TRUNCATE", "Records are not deleted.", "FALSE", ("postgresql",)),
    Trigger(
        RECORDS,
        "INSERT",
        "Records are not replaced.",
        'NOT EXISTS (SELECT 1 FROM "{records}" WHERE id = NEW.id OR uuid = NEW.uuid OR submission = NEW.submission)',
        ("sqlite",),
    ),
)


def guards(connection: BaseDatabaseWrapper) -> list[Trigger]:
    """Return the guards that this database needs."""
    return [guard for guard in GUARDS if connection.vendor in guard.vendors]


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the guards. Those that are there are made anew."""
    remove(connection)
    vendor = connection.vendor
    with connection.cursor() as cursor:
        if vendor == "postgresql":
            # Named once and for all, or a temporary table of the same name could be looked at instead.
            cursor.execute("SELECT quote_ident(current_schema())")
            [schema] = cursor.fetchone()
        for guard in guards(connection):
            if vendor == "postgresql":
                cursor.execute(
                    f"CREATE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql "
                    f"SET search_path = {schema}, pg_temp AS $${guard.function(vendor)}$$"
                )
            cursor.execute(guard.trigger(vendor))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the guards away."""
    with connection.cursor() as cursor:
        for guard in guards(connection):
            if connection.vendor == "postgresql":
                # Its trigger goes with it.
                cursor.execute(f"DROP FUNCTION IF EXISTS {guard.name}() CASCADE")
            else:
                cursor.execute(f'DROP TRIGGER IF EXISTS "{guard.name}"')


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the guards that are not in the database, are switched off there, or say something else."""
    vendor = connection.vendor
    with connection.cursor() as cursor:
        if vendor == "postgresql":
            cursor.execute(
                "SELECT pg_get_triggerdef(pg_trigger.oid, true) || prosrc FROM pg_trigger "
                "JOIN pg_proc ON pg_proc.oid = tgfoid WHERE tgenabled IN ('O', 'A')"
            )
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        found = {text for [text] in cursor.fetchall()}
    return [guard.name for guard in guards(connection) if guard.trigger(vendor) + guard.function(vendor) not in found]
