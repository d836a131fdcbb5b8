"""Each change and its record: written before anything is sent, settled with what came of it, and never sent twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import signal
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import inventory
from destinations_ui.destinations.actions import (
    EMERGENCY,
    AlreadySubmitted,
    Attempt,
    NotRecorded,
    create_destination,
    perform,
)
from destinations_ui.launchdarkly.errors import Refused
from destinations_ui.sandbox import Fault, NotJson, RateLimited, Request, SandboxServer, Status
from tests.conftest import person
from tests.support.attempts import KINDS, WITH_SECRETS, attempt
from tests.support.database_faults import TABLE, impatient, locked, read_only, without_table
from tests.support.unguarded import unguarded

DESTINATIONS = "/api/v2/destinations"

pytestmark = pytest.mark.django_db
#: Where another thread or connection looks at the records, they have to be committed.
committed = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to be told off by.")


def stored() -> AuditRecord:
    """Return the one record there is, as the database has it."""
    return AuditRecord.objects.get()


def sent(sandbox: SandboxServer) -> list[dict[str, Any]]:
    """Return what was posted to LaunchDarkly."""
    return [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]


@committed
class TestBeforeSending:
    """No record, no request."""

    def test_the_record_is_committed_as_pending_before_the_first_byte_leaves(
        self, operator: User, sandbox: SandboxServer
    ) -> None:
        asked = attempt(operator)
        seen: list[tuple[str, list[tuple[str, uuid.UUID]]]] = []

        def look(request: Request) -> None:
            # In the sandbox's own thread, so by a connection of its own: it sees only what is committed.
            seen.append((request.method, list(AuditRecord.objects.values_list("outcome", "submission"))))
            connections.close_all()

        sandbox.script("GET", DESTINATIONS, look)
        sandbox.script("POST", DESTINATIONS, look)

        create_destination(asked)

        pending = [("pending", asked.submission)]
        assert seen == [("GET", pending), ("POST", pending)]

    def test_a_process_that_is_ended_meanwhile_leaves_a_pending_record(
        self, operator: User, sandbox: SandboxServer
    ) -> None:
        waiting = threading.get_ident()
        # A shell that starts the tests in the background lets them ignore the signal.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)

        def end(request: Request) -> None:
            signal.pthread_kill(waiting, signal.SIGINT)
            sandbox.released.wait(5)

        sandbox.script("POST", DESTINATIONS, end)

        try:
            with pytest.raises(KeyboardInterrupt):
                create_destination(attempt(operator))
        finally:
            signal.signal(signal.SIGINT, before)

        record = stored()
        assert record.outcome == "pending"
        assert not record.settled
        assert record.settled_at is None

    @pytest.mark.parametrize("fault", [locked, read_only, without_table], ids=lambda fault: fault.__name__)
    def test_when_the_record_cannot_be_written_nothing_is_sent(
        self,
        operator: User,
        sandbox: SandboxServer,
        fault: Callable[[], AbstractContextManager[None]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with fault(), pytest.raises(NotRecorded):
            create_destination(attempt(operator, "segment"))

        assert sandbox.count("POST") == 0
        assert AuditRecord.objects.count() == 0
        [line] = [line for line in caplog.records if line.name == "destinations_ui.destinations.actions"]
        assert line.levelno == logging.ERROR
        assert "nothing was sent" in line.getMessage()

    def test_when_the_disk_is_full_nothing_is_sent(self, operator: User, sandbox: SandboxServer) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("Only SQLite's database can be given a size.")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1")  # No smaller than it is already.
        try:
            with pytest.raises(NotRecorded):
                create_destination(attempt(operator, reason="x" * 1_000_000))
        finally:
            connection.close()

        assert sandbox.count("POST") == 0
        assert AuditRecord.objects.count() == 0

    @on_postgresql
    def test_when_the_statement_takes_too_long_nothing_is_sent(self, operator: User, sandbox: SandboxServer) -> None:
        with impatient() as blocker:
            blocker.block()
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 0; SET statement_timeout = 50")
            with pytest.raises(NotRecorded):
                create_destination(attempt(operator))

        assert sandbox.count("POST") == 0

    @on_postgresql
    def test_when_the_server_ended_the_connection_nothing_is_sent(self, operator: User, sandbox: SandboxServer) -> None:
        end_backend(backend())

        with pytest.raises(NotRecorded):
            create_destination(attempt(operator))

        assert sandbox.count("POST") == 0
        assert AuditRecord.objects.count() == 0

    def test_a_record_is_never_part_of_a_larger_transaction(self, operator: User, sandbox: SandboxServer) -> None:
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            create_destination(attempt(operator))

        assert sandbox.count("POST") == 0


def backend() -> int:
    """Return the number of the server process behind this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end_backend(number: int) -> None:
    """Let the server end a connection, as it does when it restarts."""
    other = connection.copy()
    other.inc_thread_sharing()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
    other.close()


class TestOutcomes:
    """The record ends with what is known, and says no more than that."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_a_confirmed_creation_succeeds_with_its_id(
        self, operator: User, sandbox: SandboxServer, kind: kinds.Kind
    ) -> None:
        asked = attempt(operator, kind.slug, on=False)

        result = create_destination(asked)

        [made] = [each for each in sandbox.destinations() if each["environment"] == "staging"]
        record = stored()
        assert record == result.record
        assert record.outcome == "succeeded"
        assert record.destination_id == made["id"]
        assert record.status_code == 201
        assert record.settled
        assert record.settled_at is not None
        assert record.created_at <= record.settled_at
        assert record.duration_ms is not None
        assert (record.error_code, record.error_message, record.error_id, record.explanation) == ("", "", "", "")
        assert result.stored
        assert result.error is None
        assert sent(sandbox) == [
            {"name": "Web shop events", "kind": kind.slug, "on": False, "config": kind.split(kind.examples()).request}
        ]

    @pytest.mark.parametrize(
        ("environment", "outcome", "status", "code", "created"),
        [
            ("unauthorized", "refused", 401, "unauthorized", False),
            ("forbidden", "refused", 403, "forbidden", False),
            ("conflict", "refused", 409, "optimistic_locking_error", False),
            ("rate-limited", "refused", 429, "rate_limited", False),
            ("server-error", "unknown", 500, "service_unavailable", False),
            ("bad-gateway-html", "unknown", 502, "", False),
            ("not-json", "unknown", 201, "", True),
            ("slow", "unknown", None, "", False),
            ("drops-after-write", "unknown", None, "", True),
            ("drops-before-read", "unknown", None, "", False),
        ],
    )
    def test_every_fault_leads_to_the_outcome_that_is_certain(
        self,
        operator: User,
        sandbox: SandboxServer,
        settings: Settings,
        environment: str,
        outcome: str,
        status: int | None,
        code: str,
        created: bool,
    ) -> None:
        if environment == "slow":
            settings.LAUNCHDARKLY_TIMEOUT = 0.5

        result = create_destination(attempt(operator, project="faults", environment=environment))

        record = stored()
        assert record.outcome == outcome
        assert record.status_code == status
        assert record.error_code == code
        assert record.destination_id == ""
        assert record.settled_at is not None
        assert record.duration_ms is not None
        assert result.stored
        assert result.error is not None
        assert record.explanation == result.error.message != ""
        assert sandbox.count("POST") == 1
        assert any(each["environment"] == environment for each in sandbox.destinations()) is created

    def test_every_action_is_recorded_sent_and_settled_in_this_order(self, operator: User) -> None:
        record, steps = attempt(operator).record("destination.switch"), []

        def send() -> dict[str, Any]:
            steps.append(stored().outcome)
            return {"destination_id": "5eed", "status_code": 200}

        result = perform(record, send)

        assert steps == ["pending"]
        assert result.error is None
        assert (stored().action, stored().outcome, stored().destination_id) == (
            "destination.switch",
            "succeeded",
            "5eed",
        )

    def test_what_launchdarkly_says_is_kept_word_for_word(self, operator: User, sandbox: SandboxServer) -> None:
        said: dict[str, object] = {"code": "invalid_request", "message": "<b>roleArn</b> is odd", "id": "e-4711"}
        sandbox.script("POST", DESTINATIONS, Status(400, said))

        result = create_destination(attempt(operator))

        record = stored()
        assert isinstance(result.error, Refused)
        assert (record.error_code, record.error_message, record.error_id) == tuple(said.values())
        assert "Compare them with its message" in record.explanation

    def test_too_many_requests_say_how_long_to_wait(self, operator: User, sandbox: SandboxServer) -> None:
        sandbox.script("POST", DESTINATIONS, RateLimited(60))

        create_destination(attempt(operator))

        assert "Wait 60 seconds" in stored().explanation or "Wait 59 seconds" in stored().explanation

    def test_a_secret_that_launchdarkly_repeats_is_not_kept(self, operator: User, sandbox: SandboxServer) -> None:
        kind = kinds.registry()["segment"]
        secret = 'write/key+with"all<sorts>'
        said: dict[str, object] = {"code": f"bad {secret}", "message": f"The key {secret} is wrong", "id": secret}
        sandbox.script("POST", DESTINATIONS, Status(422, said))

        create_destination(attempt(operator, "segment", values=kind.examples() | {"write_key": Secret(secret)}))

        [row] = AuditRecord.objects.values()
        assert secret in sent(sandbox)[0]["config"].values()
        assert secret not in str(row)
        assert row["error_message"] == "The key •••• is wrong"

    def test_without_a_connection_nothing_was_sent(
        self, operator: User, sandbox: SandboxServer, settings: Settings
    ) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        result = create_destination(attempt(operator))

        record = stored()
        assert record.outcome == "not_sent"
        assert record.status_code is None
        assert "could not be reached: the connection was refused" in record.explanation
        assert result.stored
        assert sandbox.requests == []

    @pytest.mark.parametrize(
        ("fault", "outcome", "status"),
        [
            (Status(500), "not_sent", 500),
            (NotJson(), "not_sent", 200),
            (Status(302, headers={"Location": "/"}), "not_sent", 302),
            (Status(401), "refused", 401),
            (Status(403), "refused", 403),
            (RateLimited(60), "refused", 429),
        ],
        ids=["500", "not-json", "302", "401", "403", "429"],
    )
    def test_when_reading_the_list_fails_nothing_is_posted(
        self, operator: User, sandbox: SandboxServer, fault: Fault, outcome: str, status: int
    ) -> None:
        sandbox.script("GET", DESTINATIONS, fault, times=None)

        create_destination(attempt(operator))

        record = stored()
        assert record.outcome == outcome
        assert record.status_code == status
        assert record.explanation
        assert sandbox.count("POST") == 0

    def test_a_fault_of_our_own_settles_as_unknown_and_is_raised(
        self, operator: User, sandbox: SandboxServer, settings: Settings
    ) -> None:
        inventory.environments("web-shop")
        # No header can carry it. The settings refuse such a token at the start, so this is a fault of our own.
        settings.LAUNCHDARKLY_TOKEN = Secret("api-жетон")

        with pytest.raises(UnicodeError):
            create_destination(attempt(operator))

        record = stored()
        assert record.outcome == "unknown"
        assert record.settled_at is not None
        assert "an internal error" in record.explanation
        assert sandbox.count("POST") == 0


@committed
class TestSettling:
    """What LaunchDarkly confirmed is not lost when the database fails at that moment."""

    def test_a_result_that_cannot_be_stored_reaches_the_user_and_the_log(
        self, operator: User, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        kind = kinds.registry()["mparticle"]
        with impatient() as blocker:

            def lock(request: Request) -> None:
                blocker.block()

            sandbox.script("POST", DESTINATIONS, lock)

            result = create_destination(attempt(operator, "mparticle"))

        [made] = [each for each in sandbox.destinations() if each["environment"] == "staging"]
        assert not result.stored
        assert result.record.outcome == "succeeded"
        assert result.record.destination_id == made["id"]
        assert stored().outcome == "pending"
        [line] = [line for line in caplog.records if line.levelno == logging.CRITICAL]
        words = line.getMessage()
        assert EMERGENCY == "UNRECORDED OUTCOME"
        assert EMERGENCY in words
        assert f"record={result.record.uuid}" in words
        assert f"submission={result.record.submission}" in words
        assert "outcome=succeeded" in words
        assert f"destination_id={made['id']}" in words
        for secret in kind.split(kind.examples()).secrets.values():
            assert secret.reveal() not in caplog.text

    def test_a_refusal_that_cannot_be_stored_reaches_them_too(
        self, operator: User, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        def lose(request: Request) -> Fault:
            with unguarded(), connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608  # the name of our own table
            connections.close_all()
            return Status(400, {"code": "invalid_request", "message": "No", "id": "e-4711"})

        sandbox.script("POST", DESTINATIONS, lose)

        result = create_destination(attempt(operator))

        assert not result.stored
        assert result.record.outcome == "refused"
        [line] = [line for line in caplog.records if line.levelno == logging.CRITICAL]
        assert "outcome=refused destination_id=- status=400 error_id=e-4711" in line.getMessage()

    def test_a_database_that_fails_once_is_asked_again(
        self, operator: User, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        failed: list[str] = []

        def fail_once(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            if sql.startswith("UPDATE") and not failed:
                failed.append(sql)
                raise OperationalError("The connection is gone.")
            return execute(sql, *rest)

        with connection.execute_wrapper(fail_once):
            result = create_destination(attempt(operator))

        assert failed
        assert result.stored
        assert stored().outcome == "succeeded"
        assert not [line for line in caplog.records if line.levelno == logging.CRITICAL]

    @on_postgresql
    def test_a_server_that_restarts_meanwhile_is_connected_to_anew(
        self, operator: User, sandbox: SandboxServer
    ) -> None:
        number = backend()

        def restart(request: Request) -> None:
            end_backend(number)

        sandbox.script("POST", DESTINATIONS, restart)

        result = create_destination(attempt(operator))

        assert backend() != number
        assert result.stored
        assert stored().outcome == "succeeded"

    def test_a_record_is_settled_once(self, operator: User, sandbox: SandboxServer) -> None:
        record = create_destination(attempt(operator)).record

        assert not AuditRecord.objects.move(record.pk, since=Outcome.PENDING, outcome="absent")
        assert stored().outcome == "succeeded"


class TestOnce:
    """A submission is sent once, whoever sends it again and with whatever."""

    def test_the_same_form_again_leads_to_its_record(self, operator: User, sandbox: SandboxServer) -> None:
        asked = attempt(operator, "mparticle")
        first = create_destination(asked)

        with pytest.raises(AlreadySubmitted) as again:
            create_destination(replace(asked, request_id=uuid.uuid4()))

        assert again.value.record == first.record
        assert AuditRecord.objects.count() == 1
        assert sandbox.count("POST") == 1

    @committed
    def test_while_the_first_is_under_way_too(self, operator: User, sandbox: SandboxServer) -> None:
        asked = attempt(operator)
        found: list[AuditRecord | None] = []

        def press_again(request: Request) -> None:
            try:
                create_destination(asked)
            except AlreadySubmitted as already:
                found.append(already.record)
            connections.close_all()

        sandbox.script("POST", DESTINATIONS, press_again)

        create_destination(asked)

        assert [record and record.outcome for record in found] == ["pending"]
        assert sandbox.count("POST") == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "Other"},
            {"on": False},
            {"reason": ""},
            {"project": "mobile-app"},
            {"environment": "test"},
            {"kind": kinds.registry()["google-pubsub"], "values": kinds.registry()["google-pubsub"].examples()},
            {"values": kinds.registry()["segment"].examples() | {"user_id_context_kind": "account"}},
            {"values": kinds.registry()["segment"].examples() | {"write_key": Secret("another key")}},
        ],
        ids=["name", "on", "reason", "project", "environment", "kind", "value", "secret"],
    )
    def test_with_other_values_nothing_is_sent_and_the_record_is_not_named(
        self, operator: User, sandbox: SandboxServer, changes: dict[str, Any]
    ) -> None:
        asked = attempt(operator, "segment")
        create_destination(asked)

        with pytest.raises(AlreadySubmitted) as again:
            create_destination(replace(asked, **changes))

        assert again.value.record is None
        assert AuditRecord.objects.count() == 1
        assert sandbox.count("POST") == 1

    def test_from_someone_else_nothing_is_sent_and_the_record_is_not_named(
        self, operator: User, sandbox: SandboxServer
    ) -> None:
        asked = attempt(operator)
        create_destination(asked)

        with pytest.raises(AlreadySubmitted) as again:
            create_destination(replace(asked, actor=person("olga", "Operators")))

        assert again.value.record is None
        assert sandbox.count("POST") == 1

    def test_someone_new_with_the_name_of_someone_gone_is_someone_else(
        self, operator: User, sandbox: SandboxServer
    ) -> None:
        asked = attempt(operator)
        create_destination(asked)
        operator.delete()

        with pytest.raises(AlreadySubmitted) as again:
            create_destination(replace(asked, actor=person("oskar", "Operators")))

        assert again.value.record is None
        assert sandbox.count("POST") == 1


class TestWhatIsKept:
    """A record holds who, what, where and why; of a secret only its fingerprint."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_the_configuration_holds_only_what_is_not_secret(
        self, operator: User, sandbox: SandboxServer, kind: kinds.Kind
    ) -> None:
        asked = attempt(operator, kind.slug)

        create_destination(asked)

        record = stored()
        secret = {field.api for field in kind.fields if field.secret}
        whole = kind.split(asked.values).request
        assert record.config == {api: value for api, value in whole.items() if api not in secret}
        assert record.secrets == {api: fingerprint(str(whole[api])) for api in secret}
        assert record.kind == kind.slug
        assert (record.project, record.environment, record.name) == ("web-shop", "staging", "Web shop events")
        assert (record.action, record.on, record.reason) == ("destination.create", True, asked.reason)
        assert (record.submission, record.request_id) == (asked.submission, asked.request_id)

    @pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
    def test_a_secret_that_is_left_empty_has_no_fingerprint(self, operator: User, kind: kinds.Kind) -> None:
        empty = {field.name: Secret("") for field in kind.fields if field.secret}

        assert attempt(operator, kind.slug, values=kind.examples() | empty).record().secrets == {}

    def test_the_record_outlives_the_user(self, operator: User, sandbox: SandboxServer) -> None:
        create_destination(attempt(operator))

        operator.username = "renamed"
        operator.save()
        assert stored().actor == "oskar"
        operator.delete()
        assert stored().actor == "oskar"

    def test_an_attempt_shows_no_secret_when_it_is_printed(self, operator: User) -> None:
        values = kinds.registry()["segment"].examples() | {"write_key": Secret("marker-of-the-key")}
        asked: Attempt = attempt(operator, "segment", values=values)

        assert "marker-of-the-key" not in repr(asked)
        assert "marker-of-the-key" not in str(vars(asked.record()))


def fingerprint(secret: str) -> str:
    """Return what the contract says of a secret: the first 12 hex digits of its keyed hash."""
    key = b"fingerprint-key-of-the-tests-0123456789"
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:12]
