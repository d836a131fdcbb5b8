"""kill -9 at each point of a creation: there is one record with the true outcome, and nothing is sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import pytest
import requests

from destinations_ui.sandbox import Request
from tests.crashes.scene import DESTINATIONS, Held, Scene, doing

Form = Mapping[str, str]
#: Ends the product's processes.
Kill = Callable[[], None]


def before_the_record(scene: Scene, form: Form, kill: Kill) -> None:
    """Kill it while the record waits to be written."""
    with scene.storage.locked():
        scene.begin(form)
        scene.storage.wait_for_waiting(scene.product)
        kill()


def within_the_record(scene: Scene, form: Form, kill: Kill) -> None:
    """Kill it when the record is written and its event is not."""
    with scene.storage.held_up("intent"):
        scene.begin(form)
        scene.storage.wait_for_held_up(scene.product)
        kill()


def before_the_request(scene: Scene, form: Form, kill: Kill) -> None:
    """Kill it while it looks at the list, just before it posts."""
    held = Held("never")

    def before_the_post(request: Request) -> Held | None:
        # The form's page looks at the list, too, when there is no record yet.
        return held if scene.storage.recorded(form["name"]) and not held.arrived.is_set() else None

    scene.sandbox.script("GET", DESTINATIONS, before_the_post, times=None)
    hold(scene, form, kill, held)


def during_the_request(carried_out: str) -> Callable[[Scene, Form, Kill], None]:
    """Return what kills it while LaunchDarkly has the request."""

    def point(scene: Scene, form: Form, kill: Kill) -> None:
        held = Held(carried_out)
        scene.sandbox.script("POST", DESTINATIONS, held)
        hold(scene, form, kill, held)

    return point


def hold(scene: Scene, form: Form, kill: Kill, held: Held) -> None:
    """Kill it while LaunchDarkly holds a request."""
    scene.begin(form)
    assert held.arrived.wait(60)
    kill()
    held.released.set()
    assert held.over.wait(60)


def after_the_answer(scene: Scene, form: Form, kill: Kill) -> None:
    """Kill it when LaunchDarkly's whole answer is there, and its outcome waits to be written."""
    with at_the_post(scene, form, scene.storage.locked):
        scene.storage.wait_for_waiting(scene.product)
        kill()


def within_settling(scene: Scene, form: Form, kill: Kill) -> None:
    """Kill it when the outcome is written and its event is not."""
    with at_the_post(scene, form, lambda: scene.storage.held_up("settled")):
        scene.storage.wait_for_held_up(scene.product)
        kill()


def at_the_post(scene: Scene, form: Form, happens: Callable[[], AbstractContextManager[None]]) -> ExitStack:
    """Send a form; return what happens to the database from the moment that LaunchDarkly has the request."""
    lasting, done = ExitStack(), threading.Event()

    def happen() -> None:
        lasting.enter_context(happens())
        done.set()

    scene.sandbox.script("POST", DESTINATIONS, doing(happen))
    scene.begin(form)
    assert done.wait(60)
    return lasting


@dataclass(frozen=True)
class Point:
    """A point of a creation at which the product is killed.

    Attributes:
        reach: What brings a creation there and kills it.
        posts: How many requests have reached LaunchDarkly by then.
        outcome: What the record says in the end; none where there is no record.
    """

    name: str
    reach: Callable[[Scene, Form, Kill], None]
    posts: int
    outcome: str


POINTS = (
    Point("before the record", before_the_record, posts=0, outcome=""),
    Point("within the record", within_the_record, posts=0, outcome=""),
    Point("after the record, before the request", before_the_request, posts=0, outcome="absent"),
    Point("during the request, never created", during_the_request("never"), posts=1, outcome="absent"),
    Point("during the request, created before", during_the_request("before"), posts=1, outcome="succeeded"),
    Point("during the request, created after", during_the_request("after"), posts=1, outcome="succeeded"),
    Point("after the answer", after_the_answer, posts=1, outcome="succeeded"),
    Point("within settling", within_settling, posts=1, outcome="succeeded"),
)


@pytest.mark.parametrize(
    ("point", "everything"),
    [
        *(pytest.param(point, True, id=point.name) for point in POINTS),
        # While gunicorn's master lives and starts other workers.
        *(pytest.param(point, False, id=f"{point.name}, the workers") for point in POINTS[2::3]),
    ],
)
def test_a_killed_creation_gets_its_true_outcome_and_is_sent_once(scene: Scene, point: Point, everything: bool) -> None:
    form = scene.form(f"Killed {point.name} {everything}")

    point.reach(scene, form, scene.product.kill if everything else scene.product.kill_workers)
    if everything:
        scene.product.start()

    assert scene.posts() == point.posts
    assert [record["outcome"] for record in scene.records(form)] == (["pending"] if point.outcome else [])
    ids = scene.ids() if point.outcome == "succeeded" else [""] if point.outcome else []
    assert [(record["outcome"], record["destination_id"]) for record in scene.reconciled(form)] == [
        (point.outcome, made) for made in ids
    ]
    assert len(scene.ids()) == (point.outcome == "succeeded")

    again = scene.send(form)

    assert again.status_code == 303
    [record] = scene.records(form)
    assert again.headers["Location"] == f"/history/{record['id']}/"
    # Where there was no record the form works as if it had never been sent.
    assert scene.posts() == (point.posts if point.outcome else 1)


def test_a_killed_product_sends_no_response(scene: Scene) -> None:
    held = Held("before")
    scene.sandbox.script("POST", DESTINATIONS, held)
    waiting = scene.begin(scene.form("Killed while someone waits"))
    assert held.arrived.wait(60)

    scene.product.kill()

    with pytest.raises(requests.ConnectionError):
        waiting.result(timeout=60)
    held.released.set()
