"""The oldest part of the history is written to a signed file, and taken out of the database only with a sealed mark."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as given
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from destinations_ui.audit import archive, chain, checkpoints, pruning
from destinations_ui.audit.archive import ArchiveError
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import actions
from destinations_ui.sandbox import SandboxServer
from tests.support.attempts import attempt
from tests.support.history_faults import (
    EVENTS,
    RECORDS,
    begun,
    finding,
    report,
    reseal,
    run,
    write_history,
)

pytestmark = pytest.mark.django_db
#: Where the database refuses something halfway, what was before has to be committed.
committed = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles.")

#: How many events, and records, the history of these tests has.
EVENTS_WRITTEN = 13
RECORDS_WRITTEN = 5


def archived(to: Path, prune: bool = False, before: str = "") -> str:
    """Archive what was over before a day, or everything; return what the command says."""
    out = io.StringIO()
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
    options = ["--before", before or tomorrow, "--to", str(to), *(["--prune"] if prune else [])]
    call_command("archive_history", *options, stdout=out)
    return out.getvalue()


def refusal(to: Path, prune: bool = False) -> str:
    """Return why archiving is refused."""
    with pytest.raises(CommandError) as refused:
        archived(to, prune)
    return str(refused.value)


def settled(name: str) -> AuditRecord:
    """Write a record of two events."""
    record = begun(name=name)
    assert chain.settle(record, {"outcome": Outcome.SUCCEEDED, "destination_id": f"id-{name}", "status_code": 201})
    return record


def date_events(last: int) -> None:
    """Let the events up to a number be of the year 2024."""
    run("UPDATE {events} SET at = %s WHERE seq <= %s", "2024-05-06 07:08:09", last)
    reseal(1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "history.jsonl"


@pytest.fixture
def records() -> list[AuditRecord]:
    """Write a history: three records whose events are mixed, 1 to 9, and two more of two events each."""
    mixed = write_history()
    chain.settle(mixed[2], {"outcome": Outcome.REFUSED, "status_code": 409})
    return [*mixed, settled("Fourth"), settled("Fifth")]


class TestWhereItEnds:
    """It takes whole records that are at their end, from the first event on."""

    def test_everything_that_is_old_and_settled_is_taken(self, records: list[AuditRecord], file: Path) -> None:
        said = archived(file)

        assert said.startswith(f"Archived events 1 to {EVENTS_WRITTEN}, {RECORDS_WRITTEN} records, in {file} ")
        assert "earlier than requested" not in said

    @pytest.mark.parametrize(("old", "taken"), [(9, 9), (10, 9), (11, 11), (12, 11), (13, 13)])
    def test_it_ends_before_the_first_record_with_a_newer_event(
        self, records: list[AuditRecord], file: Path, old: int, taken: int
    ) -> None:
        date_events(old)

        said = archived(file, before="2024-05-07")

        assert said.startswith(f"Archived events 1 to {taken}, ")
        assert (f"Event {old} begins record" in said) == (old > taken)

    @pytest.mark.parametrize("day", ["2024-05-06", "2023-12-31"])
    def test_before_the_first_day_there_is_nothing(self, records: list[AuditRecord], file: Path, day: str) -> None:
        date_events(EVENTS_WRITTEN)

        assert archived(file, before=day) == "There is nothing to archive.\n"
        assert not file.exists()

    def test_an_empty_history_has_nothing_to_archive(self, file: Path) -> None:
        assert archived(file, prune=True) == "There is nothing to archive.\n"

    @pytest.mark.parametrize("outcome", [Outcome.PENDING, Outcome.UNKNOWN])
    def test_an_attempt_that_is_not_settled_holds_it_up_and_is_named(
        self, records: list[AuditRecord], file: Path, outcome: Outcome
    ) -> None:
        open_one = begun(name="Open")
        if outcome == Outcome.UNKNOWN:
            chain.settle(open_one, {"outcome": outcome})
        settled("Later")

        said = archived(file)

        assert said.startswith(f"Archived events 1 to {EVENTS_WRITTEN}, ")
        assert f"earlier than requested. Event {EVENTS_WRITTEN + 1} begins record {open_one.uuid}" in said
        assert f", which is still {outcome}." in said

    def test_records_with_events_among_those_of_a_kept_one_are_kept(self, file: Path) -> None:
        first, _, _ = write_history()  # The last one is pending; it began amid the second, and that amid the first.

        said = archived(file)

        assert said.startswith(
            f"There is nothing to archive. Event 1 begins record {first.uuid}, which has events until"
        )
        assert not file.exists()

    @pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "01.02.2026", ""])
    def test_a_day_that_is_none_is_refused(self, file: Path, day: str) -> None:
        with pytest.raises(CommandError, match="2026-01-31"):
            call_command("archive_history", "--before", day, "--to", str(file))


class TestTheFile:
    """It is JSON Lines, whole or not there, and nobody else's to read."""

    def test_each_event_is_a_line_with_all_its_columns(self, records: list[AuditRecord], file: Path) -> None:
        archived(file)

        start, *lines, end = map(json.loads, file.read_text().splitlines())
        assert start | {"made_at": ""} == {
            "type": "Destinations UI archive 1",
            "made_at": "",
            "installation": str(chain.installation().pk),
            "first": 1,
            "last": EVENTS_WRITTEN,
            "previous": "",
        }
        for line, event in zip(lines, Event.objects.order_by("seq"), strict=True):
            kept = {name: getattr(event, name) for name in line}
            assert line == kept | {"at": chain.timestamp(event.at), "record": str(event.record)}
            assert {*line} == {field.name for field in Event._meta.get_fields()}
        assert (end["events"], end["records"], end["seal"]) == (len(lines), RECORDS_WRITTEN, lines[-1]["seal"])

    def test_its_last_line_is_an_hmac_that_anyone_with_the_key_can_compute(
        self, records: list[AuditRecord], file: Path, settings: Settings
    ) -> None:
        settings.SEAL_KEY = Secret("the key of the tests")
        settings.SEAL_KEY_FALLBACKS = [given.SEAL_KEY]
        reseal(1)
        archived(file)

        *before, last = file.read_bytes().splitlines(keepends=True)
        end = json.loads(last)
        signature = end.pop("signature")
        assert end["sha256"] == hashlib.sha256(b"".join(before)).hexdigest()
        text = "Destinations UI archive 1\n" + json.dumps(end, sort_keys=True, separators=(",", ":"))
        assert signature == hmac.new(b"the key of the tests", text.encode(), hashlib.sha256).hexdigest()

    def test_the_printed_digest_is_that_of_sha256sum(self, records: list[AuditRecord], file: Path) -> None:
        said = archived(file)

        assert f"(SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()})" in said

    def test_only_its_owner_may_read_it(self, records: list[AuditRecord], file: Path) -> None:
        archived(file)

        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(file.parent.iterdir()) == [file]

    @pytest.mark.parametrize("prune", [False, True])
    def test_a_file_is_not_overwritten(self, records: list[AuditRecord], file: Path, prune: bool) -> None:
        file.write_text("precious")

        assert refusal(file, prune) == f"{file} already exists, and is not overwritten."
        assert file.read_text() == "precious"
        assert Event.objects.count() == EVENTS_WRITTEN

    def test_where_it_cannot_be_written_nothing_is_pruned(self, records: list[AuditRecord], tmp_path: Path) -> None:
        assert "cannot be written: No such file" in refusal(tmp_path / "none" / "file", prune=True)
        assert Event.objects.count() == EVENTS_WRITTEN

    def test_a_history_that_was_tampered_with_is_not_archived(self, records: list[AuditRecord], file: Path) -> None:
        run("UPDATE {events} SET body = '{{}}' WHERE seq = 4")

        assert refusal(file, prune=True).startswith("Changed: event 4 ")
        assert list(file.parent.iterdir()) == []
        assert Event.objects.count() == EVENTS_WRITTEN

    def test_no_secret_is_in_it(self, operator: User, sandbox: SandboxServer, file: Path, settings: Settings) -> None:
        marker = "marker-of-the-write-key-0123456789"
        actions.create_destination(attempt(operator, "segment", values={"write_key": Secret(marker)}))
        said = archived(file, prune=True)

        for secret in (marker, settings.SEAL_KEY.reveal(), settings.FINGERPRINT_KEY.reveal()):
            assert secret not in file.read_text() + said + report(archive=[file])


class TestReading:
    """An archive is read as it was written, or not at all."""

    @pytest.fixture
    def lines(self, records: list[AuditRecord], file: Path) -> list[bytes]:
        """Write an archive and return its lines."""
        archived(file)
        return file.read_bytes().splitlines(keepends=True)

    def test_its_events_are_those_of_the_table(self, lines: list[bytes], file: Path) -> None:
        assert [row.seal for row in archive.read(file)] == list(
            Event.objects.order_by("seq").values_list("seal", flat=True)
        )

    @pytest.mark.parametrize("kept", [1, 2, EVENTS_WRITTEN, EVENTS_WRITTEN + 1])
    def test_a_truncated_archive_is_refused(self, lines: list[bytes], file: Path, kept: int) -> None:
        file.write_bytes(b"".join(lines[:kept]))

        assert self.refused(file) == f"{file} is cut off: its last line is not the one that is signed."

    def test_one_that_is_cut_off_within_its_last_line_is_refused(self, lines: list[bytes], file: Path) -> None:
        whole = b"".join(lines)
        for end in (len(whole) - 1, len(whole) - 30):
            file.write_bytes(whole[:end])

            assert "is cut off" in self.refused(file)

    @pytest.mark.parametrize(
        "edit",
        [
            lambda lines: [*lines[:2], lines[2].replace(b"Second", b"Other"), *lines[3:]],
            lambda lines: [*lines[:3], *lines[4:]],
            lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
            lambda lines: [*lines[:3], lines[3], *lines[3:]],
            lambda lines: [lines[0].replace(b'"first":1,', b'"first":2,'), *lines[1:]],
            lambda lines: [*lines[:-1], b" \n", lines[-1]],
        ],
        ids=["changed", "removed", "moved", "repeated", "beginning", "added"],
    )
    def test_one_whose_lines_were_changed_is_refused(self, lines: list[bytes], file: Path, edit: Any) -> None:
        file.write_bytes(b"".join(edit(lines)))

        assert self.refused(file) == f"{file} was changed: its lines are not those that were signed."

    @pytest.mark.parametrize(
        ("old", "new"), [(b'"events":13', b'"events":12'), (b'"signature":"', b'"signature":"\xc3\xa9')]
    )
    def test_one_whose_last_line_was_changed_is_refused(
        self, lines: list[bytes], file: Path, old: bytes, new: bytes
    ) -> None:
        file.write_bytes(b"".join([*lines[:-1], lines[-1].replace(old, new)]))

        assert self.refused(file) == f"{file} was changed: its signature does not fit."

    @pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[]\n", b"\xff\xfe", b"[" * 100_000, b'{"type": 7}'])
    def test_another_file_is_refused(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)

        assert self.refused(file) == f"{file} is not a “Destinations UI archive 1”."

    def test_another_statement_that_we_signed_is_refused(self, records: list[AuditRecord], file: Path) -> None:
        file.write_text(json.dumps(checkpoints.checkpoint()) + "\n")

        assert "is not a" in self.refused(file)

    def test_one_that_is_not_there_is_refused(self, file: Path) -> None:
        assert self.refused(file) == f"{file} cannot be read: No such file or directory."

    def test_one_that_was_signed_with_an_unknown_key_is_refused(
        self, lines: list[bytes], file: Path, settings: Settings
    ) -> None:
        settings.SEAL_KEY = Secret("a new key of the tests")

        assert "neither SEAL_KEY nor among SEAL_KEY_FALLBACKS" in self.refused(file)

    def test_after_a_change_of_the_key_it_is_read_still(
        self, lines: list[bytes], file: Path, settings: Settings
    ) -> None:
        settings.SEAL_KEY, settings.SEAL_KEY_FALLBACKS = Secret("a new key of the tests"), [settings.SEAL_KEY]

        assert len(list(archive.read(file))) == EVENTS_WRITTEN

    def refused(self, file: Path) -> str:
        """Return why a file is refused, when its events are read and when it is verified."""
        with pytest.raises(ArchiveError) as refused:
            next(archive.read(file))
        assert finding(archive=[file]) == str(refused.value)
        return str(refused.value)


class TestPruning:
    """What was archived leaves the database; a sealed mark stays."""

    def test_events_and_records_go_and_the_mark_says_so(self, records: list[AuditRecord], file: Path) -> None:
        new = begun(name="New")
        before = Event.objects.get(seq=EVENTS_WRITTEN)

        said = archived(file, prune=True)

        assert f"Events up to {EVENTS_WRITTEN} and their records are no longer in the database." in said
        assert list(AuditRecord.objects.all()) == [new]
        intent, mark = Event.objects.order_by("seq")
        assert (intent.record, mark.type, mark.record) == (new.uuid, "pruned", None)
        assert mark.payload == {
            "schema": 2,
            "installation": str(chain.installation().pk),
            "through": EVENTS_WRITTEN,
            "seal": before.seal,
            "archive_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "events": EVENTS_WRITTEN,
            "records": RECORDS_WRITTEN,
            "by": "archive_history",
        }

    def test_what_is_left_verifies_by_itself(self, records: list[AuditRecord], file: Path) -> None:
        archived(file, prune=True)
        settled("New")

        assert f"events {EVENTS_WRITTEN + 1} to {EVENTS_WRITTEN + 3}, 1 records" in report()

    def test_the_archive_and_what_is_left_verify_as_one_history(self, records: list[AuditRecord], file: Path) -> None:
        checkpoint, receipt = file.parent / "checkpoint", file.parent / "receipt"
        checkpoint.write_text(json.dumps(checkpoints.checkpoint()))
        receipt.write_text(json.dumps(checkpoints.receipt(records[1])))
        archived(file, prune=True)
        settled("New")

        said = report(archive=[file], checkpoint=[checkpoint], receipt=[receipt])
        assert f"events 1 to {EVENTS_WRITTEN + 3}, 1 records" in said
        assert "add its --archive" in finding(receipt=[receipt])

    def test_archives_follow_each_other(self, records: list[AuditRecord], file: Path) -> None:
        second = file.parent / "second"
        archived(file, prune=True)
        settled("New")
        said = archived(second, prune=True)
        settled("Newest")

        # The mark of the first pruning is an event like others, and is archived in its turn.
        assert said.startswith(f"Archived events {EVENTS_WRITTEN + 1} to {EVENTS_WRITTEN + 3}, 1 records")
        last = EVENTS_WRITTEN + 6
        assert f"events 1 to {last}, 1 records" in report(archive=[file, second])
        assert f"events {EVENTS_WRITTEN + 1} to {last}, 1 records" in report(archive=[second])
        assert f"events {EVENTS_WRITTEN + 4} to {last}, 1 records" in report()
        assert finding(archive=[file]).startswith("Removed: events")
        finding(archive=[second, file])

    def test_what_is_in_the_table_still_has_to_be_what_was_archived(
        self, records: list[AuditRecord], file: Path
    ) -> None:
        archived(file)
        assert f"events 1 to {EVENTS_WRITTEN}, {RECORDS_WRITTEN} records" in report(archive=[file])

        run("UPDATE {events} SET body = replace(body, 'Fourth', 'Other') WHERE seq = 10")
        reseal(10)
        run("UPDATE {records} SET name = 'Other' WHERE name = 'Fourth'")

        assert "Other" not in report()
        assert finding(archive=[file]).startswith("Changed: event 10 ")

    def test_an_archived_record_has_to_add_up(self, file: Path) -> None:
        record = begun()
        chain.settle(record, {"outcome": Outcome.REFUSED})
        chain.append_event(record.uuid, EventType.SETTLED, {"set": {"outcome": Outcome.SUCCEEDED}})

        assert "cannot have changed so" in refusal(file, prune=True)
        assert not file.exists()

    def test_events_without_their_intent_do_not_add_up(self, records: list[AuditRecord], file: Path) -> None:
        chain.append_event(uuid.uuid4(), EventType.NOTED, {"check": "ambiguous"})

        assert "do not begin with its one intent" in refusal(file)

    def test_a_part_that_someone_else_pruned_is_not_marked_again(self, records: list[AuditRecord], file: Path) -> None:
        made = archive.write(1, EVENTS_WRITTEN, file)
        pruning.mark(made)

        with pytest.raises(pruning.NotPruned):
            pruning.mark(made)
        assert Event.objects.filter(type=EventType.PRUNED).count() == 1

    @on_postgresql
    def test_a_role_that_may_not_delete_leaves_no_mark(self, records: list[AuditRecord], file: Path) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE serves; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO serves")
            cursor.execute("SET LOCAL ROLE serves")

        assert "no permission to delete" in refusal(file, prune=True)
        assert not file.exists()
        assert not Event.objects.filter(type=EventType.PRUNED).exists()


@contextmanager
def stuck(table: str, condition: str) -> Iterator[None]:
    """Let the database refuse to delete some rows."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
                f"IF {condition} THEN RAISE 'stuck'; END IF; RETURN OLD; END$$; "
                f"CREATE TRIGGER stuck BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION stuck()"
            )
        else:
            cursor.execute(
                f"CREATE TRIGGER stuck BEFORE DELETE ON {table} WHEN {condition} "
                "BEGIN SELECT RAISE(ABORT, 'stuck'); END"
            )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cascade = "DROP FUNCTION stuck() CASCADE" if connection.vendor == "postgresql" else "DROP TRIGGER stuck"
            cursor.execute(cascade)


#: Where a pruning stops: the table, what it stops at, and how many records and events are left of what was to go.
STOPS = [
    (RECORDS, "OLD.name = 'First'", 5, 13),
    (RECORDS, "OLD.name = 'Fourth'", 2, 13),
    (EVENTS, "OLD.seq = 1", 0, 13),
    (EVENTS, "OLD.seq = 8", 0, 7),
    (EVENTS, "OLD.seq = 13", 0, 1),
]


@committed
class TestInterrupted:
    """A pruning that stops halfway hurts nobody, and is finished by running it again."""

    @pytest.fixture(autouse=True)
    def small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Delete three events at a time."""
        monkeypatch.setattr(pruning, "BATCH", 3)

    def interrupt(self, file: Path, table: str = RECORDS, condition: str = "OLD.name = 'First'") -> None:
        """Prune until the database refuses."""
        with stuck(table, condition):
            assert "stuck" in refusal(file, prune=True)

    @pytest.mark.parametrize(("table", "condition", "of_records", "of_events"), STOPS)
    def test_the_history_verifies_all_along_and_the_rest_goes_later(
        self, records: list[AuditRecord], file: Path, table: str, condition: str, of_records: int, of_events: int
    ) -> None:
        begun(name="New")
        self.interrupt(file, table, condition)

        assert AuditRecord.objects.count() == of_records + 1
        assert Event.objects.count() == of_events + 2
        assert f"to {EVENTS_WRITTEN + 2}, {of_records + 1} records" in report()
        assert f"events 1 to {EVENTS_WRITTEN + 2}, " in report(archive=[file])

        assert archived(file, prune=True).startswith(f"Events up to {EVENTS_WRITTEN} and their records are no longer")
        assert Event.objects.filter(type=EventType.PRUNED).count() == 1
        assert (AuditRecord.objects.count(), Event.objects.count()) == (1, 2)
        assert f"events {EVENTS_WRITTEN + 1} to {EVENTS_WRITTEN + 2}, 1 records" in report()

    def test_it_goes_on_only_with_its_archive_at_hand(self, records: list[AuditRecord], file: Path) -> None:
        self.interrupt(file)
        kept = file.rename(file.parent / "kept")

        assert "No such file" in refusal(file, prune=True)
        file.write_bytes(b"")
        assert "is not a" in refusal(file, prune=True)
        assert AuditRecord.objects.count() == RECORDS_WRITTEN
        kept.replace(file)
        archived(file, prune=True)
        assert AuditRecord.objects.count() == 0

    def test_nothing_else_is_archived_during_a_deletion(self, records: list[AuditRecord], file: Path) -> None:
        self.interrupt(file)

        assert "not all are deleted yet" in refusal(file.parent / "other")
        assert not (file.parent / "other").exists()

    def test_what_is_left_to_go_is_not_a_place_to_forge(self, records: list[AuditRecord], file: Path) -> None:
        self.interrupt(file, EVENTS, "OLD.seq = 8")
        run("UPDATE {events} SET body = '{{}}' WHERE seq = 9")

        assert finding().startswith("Changed: event 9 ")
