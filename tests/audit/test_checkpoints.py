"""Checkpoints and receipts: what the chain alone cannot show is found by them, and they cannot be forged."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from destinations_ui.audit import chain, checkpoints
from destinations_ui.audit.models import AuditRecord, Event, EventType, Outcome
from destinations_ui.audit.serialization import exported
from destinations_ui.audit.verification import HistoryTampered
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import actions
from destinations_ui.sandbox import SandboxServer
from tests.support.attempts import WITH_SECRETS, attempt
from tests.support.history_faults import (
    RECORDED,
    WRITTEN,
    begun,
    finding,
    report,
    reseal,
    run,
    write_history,
)

DOCS = Path(__file__).resolve().parents[2] / "docs" / "history.md"
OTHER = Secret("another-seal-key-0123456789-0123456789")

pytestmark = pytest.mark.django_db


@pytest.fixture
def history() -> list[AuditRecord]:
    """Write a history of three records."""
    return write_history()


def checkpoint(folder: Path, name: str = "checkpoint.json") -> Path:
    """Write a checkpoint of now; return its file."""
    path = folder / name
    call_command("checkpoint_history", to=path)
    return path


def receipt(folder: Path, record: AuditRecord) -> Path:
    """Write a record's receipt; return its file."""
    path = folder / f"receipt-{record.uuid}.json"
    path.write_text(json.dumps(checkpoints.receipt(record)))
    return path


def changed(path: Path, **other: Any) -> Path:
    """Change some of what a statement says; return its file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    return path


def statement(path: Path) -> dict[str, Any]:
    """Return what a file says."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


class TestCheckpoint:
    """Where the history ended at some time."""

    def test_it_names_the_last_event_and_is_logged(
        self, history: list[AuditRecord], settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        out, last = io.StringIO(), Event.objects.order_by("-seq")[0]

        with caplog.at_level(logging.INFO):
            call_command("checkpoint_history", stdout=out)

        said = json.loads(out.getvalue())
        assert (said["seq"], said["seal"], said["at"]) == (WRITTEN, last.seal, chain.timestamp(last.at))
        assert said["key_id"] == chain.key_id(settings.SEAL_KEY)
        assert f"HISTORY HEAD seq={WRITTEN} seal={last.seal} at={chain.timestamp(last.at)}" in caplog.messages

    def test_the_history_may_grow(self, history: list[AuditRecord], tmp_path: Path) -> None:
        then = checkpoint(tmp_path)
        begun()

        assert f"events 1 to {WRITTEN + 1}" in report(checkpoint=[then, checkpoint(tmp_path, "now.json")])

    def test_that_of_an_empty_history_is_kept_by_any(self, tmp_path: Path) -> None:
        path = checkpoint(tmp_path)
        write_history()

        assert f"{RECORDED} records" in report(checkpoint=[path])

    @pytest.mark.parametrize("left", [WRITTEN - 1, 1])
    def test_a_truncated_history_is_found(self, tmp_path: Path, left: int) -> None:
        for _ in range(WRITTEN):
            begun()
        path = checkpoint(tmp_path)
        run("DELETE FROM {records} WHERE uuid IN (SELECT record FROM {events} WHERE seq > %s)", left)
        run("DELETE FROM {events} WHERE seq > %s", left)

        assert f"events 1 to {left}, {left} records" in report()
        assert finding(checkpoint=[path]) == (
            f"Cut off: {path} names event {WRITTEN}, and the history ends with event {left}."
        )

    def test_a_history_that_was_emptied_is_found(self, history: list[AuditRecord], tmp_path: Path) -> None:
        path = checkpoint(tmp_path)
        run("DELETE FROM {records}")
        run("DELETE FROM {events}")

        assert report() == "The history is empty.\n"
        assert finding(checkpoint=[path]).startswith("Cut off: ")

    @pytest.mark.parametrize("start", [1, 4, WRITTEN])
    def test_a_history_resealed_with_the_key_is_found(
        self, history: list[AuditRecord], tmp_path: Path, start: int
    ) -> None:
        path = checkpoint(tmp_path)
        run("UPDATE {events} SET body = '{{\"a\":1,' || substr(body, 2) WHERE seq = %s", start)
        reseal(start)

        assert "events 1 to" in report()
        assert re.fullmatch(rf"Rewritten: event {WRITTEN} .* is not the event in .*\.", finding(checkpoint=[path]))

    def test_the_first_that_differs_is_named(self, history: list[AuditRecord], tmp_path: Path) -> None:
        paths = [checkpoint(tmp_path, "1.json")]
        begun()
        paths.append(checkpoint(tmp_path, "2.json"))
        run("UPDATE {events} SET body = '{{\"a\":1,' || substr(body, 2) WHERE seq = 1")
        reseal(1)

        assert finding(checkpoint=paths[::-1]).startswith(f"Rewritten: event {WRITTEN} ")

    def test_nothing_forged_is_signed(self, history: list[AuditRecord], tmp_path: Path) -> None:
        reseal(1, OTHER)

        with pytest.raises(CommandError, match="seal of event 8"):
            call_command("checkpoint_history", to=tmp_path / "checkpoint.json")
        assert not list(tmp_path.iterdir())

    def test_one_of_another_installation_is_told_apart(self, history: list[AuditRecord], tmp_path: Path) -> None:
        paths = {"checkpoint": checkpoint(tmp_path), "receipt": receipt(tmp_path, history[0])}
        ours, theirs = chain.installation().pk, UUID(int=9)
        run("UPDATE destinations_ui_installation SET id = %s", theirs.hex)

        for kind, path in paths.items():
            assert finding(**{kind: [path]}) == (
                f"Another installation: {path} is about {ours}, and this database is {theirs}."
            )

    def test_none_is_written_over(self, history: list[AuditRecord], tmp_path: Path) -> None:
        path = checkpoint(tmp_path)
        before = path.read_text()

        with pytest.raises(CommandError, match="cannot be written: File exists"):
            checkpoint(tmp_path)
        assert path.read_text() == before

    def test_one_of_a_part_that_was_pruned_asks_for_the_archive(
        self, history: list[AuditRecord], tmp_path: Path
    ) -> None:
        path = checkpoint(tmp_path)
        begun()
        seal = Event.objects.get(seq=WRITTEN).seal
        chain.append_event(None, EventType.PRUNED, {"through": WRITTEN, "seal": seal})
        run("DELETE FROM {records} WHERE uuid IN (SELECT record FROM {events} WHERE seq <= %s)", WRITTEN)
        run("DELETE FROM {events} WHERE seq <= %s", WRITTEN)

        assert f"events {WRITTEN + 1} to {WRITTEN + 2}, 1 records" in report()
        assert finding(checkpoint=[path]) == (
            f"Not there: event {WRITTEN}, which {path} names, was pruned; add its --archive."
        )


class TestReceipt:
    """What a record and its events were at some time."""

    def test_it_holds_the_record_its_events_and_where_the_history_ended(self, history: list[AuditRecord]) -> None:
        said = checkpoints.receipt(history[1])

        own = Event.objects.filter(record=history[1].uuid).order_by("seq")
        assert said["record"] == exported(history[1])
        assert [(each["seq"], each["seal"], each["body"]) for each in said["events"]] == [
            (event.seq, event.seal, event.body) for event in own
        ]
        assert said["head"]["seq"] == WRITTEN

    def test_it_verifies_also_when_more_happened_since(self, history: list[AuditRecord], tmp_path: Path) -> None:
        paths = [receipt(tmp_path, record) for record in history]
        chain.settle(history[2], {"outcome": Outcome.REFUSED})

        assert f"events 1 to {WRITTEN + 1}" in report(receipt=paths)

    def test_a_record_resealed_with_the_key_is_found(self, history: list[AuditRecord], tmp_path: Path) -> None:
        path = receipt(tmp_path, history[0])
        four = Event.objects.get(seq=4)
        body = four.body.replace('"d1"', '"d2"')
        run("UPDATE {events} SET body = %s WHERE seq = 4", body)
        run("UPDATE {records} SET destination_id = 'd2' WHERE id = %s", history[0].pk)
        reseal(4)

        assert "events 1 to" in report()
        assert finding(receipt=[path]) == (
            f"Rewritten: event 4 (settled of record {history[0].uuid}) is not the event in {path}."
        )

    def test_a_record_that_is_gone_is_found(self, history: list[AuditRecord], tmp_path: Path) -> None:
        path = receipt(tmp_path, history[2])
        run("DELETE FROM {records} WHERE id = %s", history[2].pk)
        run("UPDATE {events} SET record = NULL, type = 'noted' WHERE seq = 6")
        reseal(6)

        assert "2 records" in report()
        assert finding(receipt=[path]).startswith("Rewritten: event 6 (noted) ")

    @pytest.mark.parametrize("change", ["name = 'x'", "outcome = 'refused'", "destination_id = 'd2'"])
    def test_none_is_signed_for_a_record_that_was_changed(self, history: list[AuditRecord], change: str) -> None:
        run(f"UPDATE {{records}} SET {change} WHERE id = {history[0].pk}")  # noqa: S608  # the test's own SQL

        with pytest.raises(HistoryTampered, match=f"was changed.* {change.split()[0]}"):
            checkpoints.receipt(history[0])

    def test_none_is_signed_for_an_event_that_was_changed(self, history: list[AuditRecord]) -> None:
        run("UPDATE {events} SET body = '{{}}' WHERE seq = 1")

        with pytest.raises(HistoryTampered, match="seal of event 1 "):
            checkpoints.receipt(history[0])

    def test_a_viewer_can_download_it(
        self, client: Client, viewer: User, history: list[AuditRecord], tmp_path: Path
    ) -> None:
        client.force_login(viewer)

        answer = client.get(f"/history/{history[0].uuid}/receipt/")

        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{history[0].uuid}.json"'
        assert "no-store" in answer.headers["Cache-Control"]
        path = tmp_path / "receipt.json"
        path.write_bytes(answer.content)
        assert f"{RECORDED} records" in report(receipt=[path])

    def test_of_a_record_that_was_changed_none_is_offered(
        self, client: Client, viewer: User, history: list[AuditRecord], caplog: pytest.LogCaptureFixture
    ) -> None:
        client.force_login(viewer)
        run("UPDATE {records} SET name = 'x' WHERE id = %s", history[0].pk)

        answer = client.get(f"/history/{history[0].uuid}/receipt/")

        assert answer.status_code == 409
        assert f"There is no receipt. Record {history[0].uuid} was changed" in answer.content.decode()
        assert "run verify_history" in caplog.text


@pytest.mark.parametrize("kind", ["checkpoint", "receipt"])
class TestFiles:
    """A file that proves nothing is refused in a sentence."""

    @pytest.fixture
    def path(self, history: list[AuditRecord], tmp_path: Path, kind: str) -> Path:
        """Write a right one."""
        return checkpoint(tmp_path) if kind == "checkpoint" else receipt(tmp_path, history[0])

    def title(self, kind: str) -> str:
        """Return the type that a right one names."""
        return checkpoints.CHECKPOINT if kind == "checkpoint" else checkpoints.RECEIPT

    @pytest.mark.parametrize("name", ["made_at", "head", "events", "record", "seq", "seal", "at", "new"])
    def test_what_was_changed_after_it_was_signed(self, kind: str, path: Path, name: str) -> None:
        assert finding(**{kind: [changed(path, **{name: "x"})]}) == f"{path} was changed: its signature does not fit."

    @pytest.mark.parametrize("signature", ["", "0" * 64, None, 7, [], "ü", "\ud800"])
    def test_another_signature(self, kind: str, path: Path, signature: object) -> None:
        assert finding(**{kind: [changed(path, signature=signature)]}).startswith(f"{path} ")

    def test_what_another_key_signed(self, kind: str, path: Path, settings: Settings) -> None:
        settings.SEAL_KEY = OTHER

        assert finding(**{kind: [path]}) == (
            f"{path} was signed with a key that is neither SEAL_KEY nor among SEAL_KEY_FALLBACKS."
        )

    def test_what_an_old_key_signed_still_proves(self, kind: str, path: Path, settings: Settings) -> None:
        settings.SEAL_KEY, settings.SEAL_KEY_FALLBACKS = OTHER, [settings.SEAL_KEY]

        assert "is what was written" in report(**{kind: [path]})

    def test_a_statement_of_the_other_type(self, kind: str, path: Path) -> None:
        other = "receipt" if kind == "checkpoint" else "checkpoint"

        assert finding(**{other: [path]}) == f"{path} is not a “{self.title(other)}”."

    def test_a_statement_of_the_other_type_under_this_name(self, kind: str, path: Path) -> None:
        other = "receipt" if kind == "checkpoint" else "checkpoint"

        found = finding(**{other: [changed(path, type=self.title(other))]})

        assert found == f"{path} was changed: its signature does not fit."

    @pytest.mark.parametrize(
        "content",
        [
            *(b"", b"{", b"null", b"[]", b'"x"', b"7", b"{}", b"\xff\xfe\x00", b"\x00" * 100, b"[" * 100_000),
            *(b'{"type": []}', b'{"key_id": {}, "signature": 1}', b"9" * 10_000, b'{"key_id": "x", "signature": "x"}'),
        ],
        ids=range(14),
    )
    def test_a_file_without_a_statement(self, kind: str, path: Path, content: bytes) -> None:
        path.write_bytes(content)

        assert finding(**{kind: [path]}) == f"{path} is not a “{self.title(kind)}”."

    def test_a_file_that_is_too_large(self, kind: str, path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(checkpoints.LONGEST + 1)

        assert finding(**{kind: [path]}) == f"{path} is too large to be a “{self.title(kind)}”."

    def test_a_missing_file(self, kind: str, path: Path) -> None:
        missing = path.with_name("missing.json")

        assert finding(**{kind: [missing]}) == f"{missing} cannot be read: No such file or directory."
        assert finding(**{kind: [path.parent]}) == f"{path.parent} cannot be read: Is a directory."


def test_no_secret_is_in_what_is_printed_signed_or_logged(
    operator: User, sandbox: SandboxServer, client: Client, settings: Settings, tmp_path: Path, caplog: Any
) -> None:
    client.force_login(operator)
    shown = []
    with caplog.at_level(logging.DEBUG):
        for kind in WITH_SECRETS:
            record = actions.create_destination(attempt(operator, kind.slug)).record
            shown.append(client.get(f"/history/{record.uuid}/receipt/").content.decode())
        shown += [checkpoint(tmp_path).read_text(), report(), report(checkpoint=[tmp_path / "checkpoint.json"])]
        run("UPDATE {events} SET body = '{{}}' WHERE seq = 3")
        shown += [finding(), caplog.text]

    values = [secret.reveal() for kind in WITH_SECRETS for secret in kind.split(kind.examples()).secrets.values()]
    assert len(values) >= 4
    keys = [settings.SEAL_KEY.reveal(), settings.FINGERPRINT_KEY.reveal(), settings.LAUNCHDARKLY_TOKEN.reveal()]
    found = [value for value in values + keys if value in "\n".join(shown)]
    assert found == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="There is no openssl here.")
def test_an_auditor_recomputes_a_seal_as_the_documentation_says(
    history: list[AuditRecord], tmp_path: Path, settings: Settings
) -> None:
    [recipe] = re.findall(r"```sh\n(python3 .*?openssl .*?)```", DOCS.read_text(), re.DOTALL)
    shutil.move(receipt(tmp_path, history[1]), tmp_path / "receipt.json")

    done = subprocess.run(  # noqa: S603  # our own documentation
        ["sh", "-euc", recipe],  # noqa: S607  # as above
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "SEAL_KEY": settings.SEAL_KEY.reveal()},
        capture_output=True,
        text=True,
        check=True,
    )

    seal = Event.objects.filter(record=history[1].uuid).order_by("seq")[0].seal
    assert len(recipe.splitlines()) == 3
    assert [line.split()[-1] for line in done.stdout.splitlines()] == [seal, seal]
