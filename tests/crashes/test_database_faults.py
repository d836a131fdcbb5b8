"""The database fails before a creation is on record, so nothing is sent; or after, so that it is found out about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import cast

import pytest

from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.actions import EMERGENCY
from tests.crashes.scene import DESTINATIONS, KIND, Scene, doing
from tests.crashes.storage import PostgreSQL, Storage
from tests.support.environment import MARKER_TOKEN

#: What can be wrong with a database.
Fault = Callable[[Storage], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {
    "locked": lambda storage: storage.locked(),
    "full": lambda storage: storage.full(),
    "gone": lambda storage: storage.gone(),
}
if os.environ["DATABASE_URL"].startswith("postgres"):
    # An SQLite file that a process has open for writing stays so.
    FAULTS["read-only"] = lambda storage: cast(PostgreSQL, storage).read_only()
BEFORE = [fault for fault in FAULTS if fault != "gone"]
NOTHING_SENT = "Nothing was sent"
NOT_UP_TO_DATE = "record couldn’t be updated"


@pytest.fixture(scope="module", autouse=True)
def impatient(running: Scene) -> Iterator[None]:
    """Let the product wait only a moment for a lock."""
    patient = running.product.environment["DATABASE_URL"]
    running.product.environment["DATABASE_URL"] = running.storage.impatient
    running.product.stop()
    running.product.start()
    yield
    running.product.environment["DATABASE_URL"] = patient
    running.product.stop()
    running.product.start()


@pytest.mark.parametrize("fault", BEFORE)
def test_nothing_is_sent_without_a_record_and_the_form_works_later(scene: Scene, fault: str) -> None:
    form = scene.form(f"Before the record {fault}")

    with FAULTS[fault](scene.storage):
        refused = scene.send(form)

    assert refused.status_code == 503
    assert NOTHING_SENT in refused.text
    assert scene.posts() == 0
    assert scene.records(form) == []
    assert scene.send(form).status_code == 303
    assert [record["outcome"] for record in scene.records(form)] == ["succeeded"]
    assert scene.posts() == 1


def test_nothing_is_sent_with_a_read_only_database(scene: Scene) -> None:
    form = scene.form("Only reading")
    scene.product.stop()
    scene.product.start(DATABASE_URL=scene.storage.reading)

    refused = scene.send(form)

    scene.product.stop()
    scene.product.start()
    assert refused.status_code == 503
    assert NOTHING_SENT in refused.text
    assert scene.posts() == 0
    assert scene.records(form) == []


def test_nothing_is_sent_without_a_database(scene: Scene) -> None:
    form = scene.form("No database before")
    # Whoever has an SQLite file open does not notice: only new processes do.
    scene.product.reload()

    with scene.storage.gone():
        refused = scene.send(form)

    assert refused.status_code == 503
    assert scene.posts() == 0
    assert scene.records(form) == []
    assert scene.send(form).status_code == 303
    assert scene.posts() == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_response_that_cannot_be_recorded_is_shown_and_logged(scene: Scene, fault: str) -> None:
    form = scene.form(f"After the answer {fault}")
    happens = FAULTS[fault](scene.storage)
    length = len(scene.product.log.read_text())

    with ExitStack() as lasting:
        scene.sandbox.script("POST", DESTINATIONS, doing(lambda: lasting.enter_context(happens)))
        answer = scene.send(form)

    [made] = scene.ids()
    if answer.status_code == 200:
        assert NOT_UP_TO_DATE in answer.text
        assert made in answer.text
        said = scene.product.log.read_text()[length:]
        [line] = [line for line in said.splitlines() if EMERGENCY in line]
        assert made in line
        assert form["submission"] in line
        assert [record["outcome"] for record in scene.records(form)] == ["pending"]
    else:
        # SQLite goes on with the file that it has open.
        assert (answer.status_code, fault) == (303, "gone")
    [record] = scene.reconciled(form)
    assert [record["outcome"], record["destination_id"]] == ["succeeded", made]
    assert scene.send(form).headers["Location"] == f"/history/{record['id']}/"
    assert scene.posts() == 1


def test_no_failure_puts_a_secret_into_the_log(scene: Scene) -> None:
    said = scene.product.log.read_text()

    assert EMERGENCY in said
    secrets = [value.reveal() for value in KIND.examples().values() if isinstance(value, Secret)]
    assert [secret for secret in [MARKER_TOKEN, *secrets] if secret in said] == []
