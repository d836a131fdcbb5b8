"""The product is asked to end, gives up what takes long, or changes its processes, while users wait for a response."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import requests

from destinations_ui.sandbox import Drop
from tests.crashes.scene import DESTINATIONS, KIND, Held, Scene, doing
from tests.crashes.storage import EVENTS
from tests.support.product import wait_until

PEOPLE = 8
#: So often each of them creates a destination.
ROUNDS = 4
#: A worker that cannot begin another request while it waits, and may not wait long. It loads the product beforehand,
#: or would not even come so far in time.
ONE_AT_A_TIME = ("--worker-class=sync", "--threads=1", "--timeout=1", "--preload")


def log_says(scene: Scene, text: str, since: int) -> bool:
    """Return whether the log has a text after this position."""
    return text in scene.product.log.read_text()[since:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["ending", "reloading"])
def test_a_stop_signal_lets_a_creation_finish(scene: Scene, number: signal.Signals) -> None:
    held, form = Held("after"), scene.form(f"Under way at {number.name}")
    scene.sandbox.script("POST", DESTINATIONS, held)
    waiting = scene.begin(form)
    assert held.arrived.wait(60)
    length = len(scene.product.log.read_text())

    scene.product.process.send_signal(number)
    said = "Handling signal: term" if number == signal.SIGTERM else "Handling signal: hup"
    wait_until(lambda: log_says(scene, said, length), "gunicorn to end", scene.product.log)
    held.released.set()

    assert waiting.result(timeout=60).status_code == 303
    if number == signal.SIGTERM:
        assert scene.product.process.wait(timeout=60) == 0
        scene.product.start()
    [record] = scene.records(form)
    assert [record["outcome"], record["destination_id"]] == ["succeeded", *scene.ids()]
    assert scene.posts() == 1


def test_an_abandoned_request_is_in_the_history(scene: Scene) -> None:
    held, form = Held("after"), scene.form("Nobody waits for it")
    scene.sandbox.script("POST", DESTINATIONS, held)
    body = urlencode(form).encode()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in scene.session.cookies)
    head = (
        f"POST /destinations/new/{KIND.slug}/ HTTP/1.1\r\nHost: 127.0.0.1:{scene.product.port}\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", scene.product.port)) as browser:
        browser.sendall(head.encode() + body)
        assert held.arrived.wait(60)
    held.released.set()

    wait_until(lambda: [record["outcome"] for record in scene.records(form)] == ["succeeded"], "the record")
    assert scene.posts() == 1


@pytest.fixture
def one_at_a_time(scene: Scene) -> Iterator[Scene]:
    """Make gunicorn end every worker whose request takes more than a second."""
    scene.product.stop()
    scene.product.start(*ONE_AT_A_TIME)
    yield scene
    scene.product.kill()


def test_a_request_that_gunicorn_ends_is_reconciled(one_at_a_time: Scene) -> None:
    scene, held, form = one_at_a_time, Held("before"), one_at_a_time.form("Too long for gunicorn")
    scene.sandbox.script("POST", DESTINATIONS, held)

    given_up = scene.send(form)

    assert given_up.status_code == 500
    assert "Destinations UI" not in given_up.text  # It is gunicorn's word, not ours.
    held.released.set()
    wait_until(scene.product.ready, "another worker", scene.product.log)
    assert [record["outcome"] for record in scene.records(form)] == ["pending"]
    [record] = scene.reconciled(form)
    assert [record["outcome"], record["destination_id"]] == ["succeeded", *scene.ids()]
    assert scene.send(form).headers["Location"] == f"/history/{record['id']}/"
    assert scene.posts() == 1


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL], ids=["all reloading", "one killed"])
def test_during_reloads_eight_users_lose_and_repeat_nothing(scene: Scene, number: signal.Signals) -> None:
    places = [f"{number.name.lower()}-{person}-{turn}" for person in range(PEOPLE) for turn in range(ROUNDS)]
    for place in places:
        scene.sandbox.add_environment("web-shop", place, place)
    forms = [scene.form(f"At {place}", environment=place) for place in places]
    changed = threading.Event()
    scene.sandbox.script("POST", DESTINATIONS, doing(lambda: changed.wait(60)), times=None)

    def create(person: int) -> list[requests.Response]:
        return [patiently(scene, form) for form in forms[person * ROUNDS : (person + 1) * ROUNDS]]

    with ThreadPoolExecutor(PEOPLE) as people:
        working = [people.submit(create, person) for person in range(PEOPLE)]
        assert scene.sandbox.wait_for("POST", DESTINATIONS, times=PEOPLE, timeout=60)
        os.kill(min(scene.product.worker_pids()) if number == signal.SIGKILL else scene.product.process.pid, number)
        changed.set()
        answers = [answer for person in working for answer in person.result(timeout=60)]

    assert {answer.status_code for answer in answers} == {303}
    sent = [request.path for request in scene.sandbox.requests if request.method == "POST"]
    assert sorted(sent) == sorted(f"{DESTINATIONS}/web-shop/{place}" for place in places)
    made = {item["environment"]: item["id"] for item in scene.sandbox.destinations()}
    for form in forms:
        [record] = scene.reconciled(form)
        assert [record["outcome"], record["destination_id"]] == ["succeeded", made[form["environment"]]]


def patiently(scene: Scene, form: dict[str, str]) -> requests.Response:
    """Send a form until a response arrives, as a user does."""
    for _ in range(50):
        try:
            return scene.send(form)
        except requests.ConnectionError:
            wait_until(scene.product.ready, "the product", scene.product.log)
    raise AssertionError("There never was an answer.")


def test_simultaneous_commands_resolve_an_attempt_once(scene: Scene) -> None:
    form = scene.form("Checked by many")
    scene.sandbox.script("POST", DESTINATIONS, Drop(after_write=True))
    scene.send(form)
    [record] = scene.records(form)
    before = resolutions(scene)
    # No one gets the list before all have requested it. Pages of one process would share a request.
    together = threading.Barrier(3)
    scene.sandbox.script("GET", DESTINATIONS, doing(lambda: together.wait(60)), times=3)

    commands = [scene.product.command("reconcile") for _ in range(3)]

    assert [command.communicate(timeout=60)[0].split() for command in commands] == [[record["id"], "succeeded"]] * 3
    assert record["outcome"] == "unknown"
    [record] = scene.records(form)
    assert [record["outcome"], record["destination_id"]] == ["succeeded", *scene.ids()]
    assert resolutions(scene) == before + 1


def resolutions(scene: Scene) -> int:
    """Return how many attempts have been resolved."""
    [(number,)] = scene.storage.query(f"SELECT count(*) FROM {EVENTS} WHERE type = 'resolved'")  # noqa: S608  # our own
    return int(number)
