"""LaunchDarkly hangs, and dozens of people press the button: every other page answers, and no attempt is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests

from destinations_ui.launchdarkly.throttling import FAILURES, READ_CONCURRENCY, READ_QUEUE, WRITE_CONCURRENCY
from destinations_ui.sandbox import Fault, Request, SandboxServer, Status
from tests.support.form_data import KINESIS, form_data
from tests.support.product import Product, exported, signed_in, token, wait_until

DESTINATIONS = "/api/v2/destinations"
PEOPLE = 30
BUSY = "Too many requests are in progress, so nothing was sent. Try again in a minute."


@dataclass(frozen=True)
class Counter:
    """Where people create destinations.

    Attributes:
        product: In one process, so that everybody meets at the same limits.
        session: Someone who has signed in.
        csrf: The token of their forms.
    """

    product: Product
    sandbox: SandboxServer
    session: requests.Session
    csrf: str

    def form(self, name: str) -> dict[str, str]:
        """Return a filled form."""
        return form_data(KINESIS, name=name, csrfmiddlewaretoken=self.csrf)

    def open_form(self) -> None:
        """Open the form, so that the lists of LaunchDarkly's that it shows are at hand."""
        page = f"{self.product.url}/destinations/new/kinesis/?project=web-shop&environment=staging"
        self.session.get(page, timeout=60).raise_for_status()

    def press(self, form: dict[str, str]) -> requests.Response:
        """Send a form on a connection of its own; return the answer, a redirect as such."""
        address = f"{self.product.url}/destinations/new/kinesis/"
        with requests.Session() as session:
            session.cookies.update(self.session.cookies)
            return session.post(address, data=form, timeout=60, allow_redirects=False)

    def outcome(self, form: dict[str, str]) -> object:
        """Return what the one record of a form says."""
        [record] = exported(self.session, self.product, form["submission"])
        return record["outcome"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, running_sandbox: SandboxServer) -> Iterator[Counter]:
    """Run the product, with much time for LaunchDarkly, so that nothing ends by itself."""
    product = Product(tmp_path_factory.mktemp("overload"), running_sandbox.url, workers=1)
    product.environment["LAUNCHDARKLY_TIMEOUT"] = "40"
    with product:
        session = signed_in(product)
        yield Counter(product, running_sandbox, session, token(session, f"{product.url}/destinations/new/kinesis/"))


@pytest.fixture
def counter(running: Counter) -> Iterator[Counter]:
    """Give a test the sandbox and the product's process as new: no breaker open, no list read."""
    running.sandbox.reset()
    running.product.stop()
    running.product.start()
    yield running
    running.sandbox.reset()


def test_while_thirty_creations_hang_other_pages_respond(
    counter: Counter,
) -> None:
    released = threading.Event()

    def hang(request: Request) -> Fault:
        released.wait(60)
        return Status(503)

    counter.sandbox.script("POST", DESTINATIONS, hang, times=None)
    counter.open_form()
    lists = counter.sandbox.count("GET", DESTINATIONS)
    forms = [counter.form(f"Hanging {number}") for number in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as people:
        pressed = [people.submit(counter.press, form) for form in forms]
        assert counter.sandbox.wait_for("POST", DESTINATIONS, times=WRITE_CONCURRENCY, timeout=60)
        for path in ("/healthz", "/readyz", "/history/"):
            assert counter.session.get(counter.product.url + path, timeout=20).status_code == 200
        # Those who have no turn are told so while LaunchDarkly still hangs.
        wait_until(lambda: sum(each.done() for each in pressed) == PEOPLE - WRITE_CONCURRENCY, "the others to be told")
        assert counter.session.get(f"{counter.product.url}/history/", timeout=20).status_code == 200
        assert counter.sandbox.count("GET", DESTINATIONS) == lists + WRITE_CONCURRENCY
        released.set()
        answers = [each.result(timeout=60) for each in pressed]

    assert sorted(answer.status_code for answer in answers) == [303] * WRITE_CONCURRENCY + [503] * (
        PEOPLE - WRITE_CONCURRENCY
    )
    assert all(BUSY in answer.text for answer in answers if answer.status_code == 503)
    expected = ["unknown" if answer.status_code == 303 else "not_sent" for answer in answers]
    assert [counter.outcome(form) for form in forms] == expected
    assert counter.sandbox.count("POST") == WRITE_CONCURRENCY


class Hanging:
    """Lets every request to LaunchDarkly wait until it is released, and counts how many wait at once."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Fault:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.released.wait(60)
        with self._lock:
            self._now -= 1
        return Status(503)


def unknown_record(counter: Counter) -> str:
    """Make an attempt whose response was lost; return its URL."""
    counter.sandbox.script("POST", DESTINATIONS, Status(502))
    return str(counter.press(counter.form("Lost")).headers["Location"])


#: URL, and what is posted to it.
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/destinations/new/kinesis/?project=project-{number}&environment=staging", {}),
    ("/?refresh=yes", {}),
    ("/destinations/new/kinesis/?like={number}", {}),
    ("/destinations/new/kinesis/guide/", {"fetch": "yes", "project": "web-shop", "environment": "staging"}),
    ("{record}reconcile/", {"shown": ""}),
    ("{record}decide/", {"destination_id": "5eed", "reason": "It is ours"}),
)


def test_while_sixty_users_wait_for_lists_other_pages_respond(counter: Counter) -> None:
    counter.product.stop()
    counter.product.start()
    record = unknown_record(counter)
    hanging = Hanging()
    counter.sandbox.script("GET", "/api/", hanging, times=None)
    counter.sandbox.script("POST", "/api/", hanging, times=None)

    def visit(number: int) -> requests.Response:
        page, data = PAGES[number % len(PAGES)]
        url = counter.product.url + page.format(number=number, record=record)
        with requests.Session() as session:
            session.cookies.update(counter.session.cookies)
            if not data:
                return session.get(url, timeout=60)
            return session.post(url, data=data | {"csrfmiddlewaretoken": counter.csrf}, timeout=60)

    with ThreadPoolExecutor(60) as users:
        visits = [users.submit(visit, number) for number in range(60)]
        wait_until(lambda: hanging.most >= READ_CONCURRENCY, "requests to LaunchDarkly")
        for path in ("/healthz", "/history/", "/healthz"):
            assert counter.session.get(counter.product.url + path, timeout=20).status_code == 200
        held = READ_CONCURRENCY + READ_QUEUE
        wait_until(lambda: sum(each.done() for each in visits) >= 60 - held, "most users to get their page")
        hanging.released.set()
        responses = [each.result(timeout=60) for each in visits]

    # 422 is a decision that cannot be made, 503 a trust policy that cannot be read.
    assert {response.status_code for response in responses} <= {200, 422, 503}


def test_while_the_list_fails_nothing_is_sent_and_pages_respond(counter: Counter) -> None:
    counter.open_form()
    counter.sandbox.script("GET", DESTINATIONS, Status(302), times=FAILURES)
    forms = [counter.form(f"Down {number}") for number in range(FAILURES + 1)]
    answers = [counter.press(form) for form in forms]
    assert {answer.status_code for answer in answers} == {503}
    assert ["LaunchDarkly has not responded since" in answer.text for answer in answers] == [
        *[False] * FAILURES,
        True,
    ]
    assert {counter.outcome(form) for form in forms} == {"not_sent"}
    assert counter.sandbox.count("POST") == 0
    assert "Web shop" in counter.session.get(f"{counter.product.url}/", timeout=20).text


def test_a_process_suspended_past_its_deadline_sends_nothing(counter: Counter) -> None:
    counter.product.stop()
    counter.product.start(LAUNCHDARKLY_TIMEOUT="1")
    [worker] = counter.product.worker_pids()
    counter.open_form()
    suspended = threading.Event()

    def suspend(request: Request) -> None:
        os.kill(worker, signal.SIGSTOP)
        suspended.set()

    counter.sandbox.script("GET", DESTINATIONS, suspend)
    form = counter.form("Suspended")
    with ThreadPoolExecutor(1) as people:
        pressed = people.submit(counter.press, form)
        assert suspended.wait(60)
        threading.Event().wait(1.2)  # Until its time is over.
        os.kill(worker, signal.SIGCONT)
        assert pressed.result(timeout=60).status_code == 503
    assert counter.outcome(form) == "not_sent"
    assert counter.sandbox.count("POST") == 0
