"""Someone at the form, the product in processes of its own, LaunchDarkly's stand-in, and the database in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from destinations_ui.sandbox import Fault, Request, SandboxServer
from destinations_ui.sandbox.faults import Exchange, Step
from tests.crashes.storage import Storage
from tests.support.form_data import EVENT_HUBS, form_data
from tests.support.product import Product, exported, wait_until

#: It has values that can be compared, and a secret.
KIND = EVENT_HUBS
DESTINATIONS = "/api/v2/destinations"
#: For commands: an attempt that is older than two seconds cannot be under way any more.
SOON = {"LAUNCHDARKLY_TIMEOUT": "1", "RECONCILE_GRACE": "0"}
UNSETTLED = ("pending", "unknown")


@dataclass(frozen=True)
class Scene:
    """What a crash needs.

    Attributes:
        session: A person who has signed in.
        csrf: The token of their forms.
        people: The threads in which they wait for answers.
    """

    product: Product
    sandbox: SandboxServer
    storage: Storage
    session: requests.Session
    csrf: str
    people: ThreadPoolExecutor

    def form(self, name: str, **changes: str) -> dict[str, str]:
        """Return a filled form that was never sent."""
        return form_data(KIND, None, name=name, csrfmiddlewaretoken=self.csrf, **changes)

    def send(self, form: Mapping[str, str]) -> requests.Response:
        """Send a form; return the answer, a redirect as such."""
        return self.ask("POST", f"/destinations/new/{KIND.slug}/", form)

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> requests.Response:
        """Ask the product as the person, on a connection of its own."""
        with requests.Session() as session:
            session.cookies.update(self.session.cookies)
            return session.request(method, self.product.url + path, data=form, timeout=60, allow_redirects=False)

    def begin(self, form: Mapping[str, str]) -> Future[requests.Response]:
        """Send a form without waiting for the answer."""
        return self.people.submit(self.send, form)

    def records(self, form: Mapping[str, str]) -> list[dict[str, object]]:
        """Return the records of a form as the product exports them."""
        return exported(self.session, self.product, form["submission"])

    def posts(self) -> int:
        """Return how many creations have reached LaunchDarkly."""
        return self.sandbox.count("POST", DESTINATIONS)

    def ids(self) -> list[str]:
        """Return what there is at LaunchDarkly in the form's environment."""
        return [item["id"] for item in self.sandbox.destinations() if item["environment"] == "staging"]

    def reconciled(self, form: Mapping[str, str]) -> list[dict[str, object]]:
        """Let the command find out what became of a form's attempt; return its records then."""

        def settled() -> bool:
            if any(record["outcome"] in UNSETTLED for record in self.records(form)):
                self.product.manage("reconcile", **SOON)
                return False
            return True

        wait_until(settled, "the attempt to be settled", self.product.log)
        return self.records(form)


@dataclass(frozen=True)
class Held(Fault):
    """Hold a request until it is let go, and carry it out before that, after it, or never.

    Attributes:
        carried_out: Which of the three.
        arrived: Set when the request is there, and carried out if that comes before.
        released: Set when it may go on.
        over: Set when it has been carried out, if it ever is.
    """

    carried_out: str
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def act(self, exchange: Exchange) -> None:
        """Hold it."""
        exchange.close()
        answer = exchange.carry_out() if self.carried_out == "before" else None
        self.arrived.set()
        self.released.wait(30)
        if self.carried_out == "after":
            answer = exchange.carry_out()
        self.over.set()
        if answer:
            exchange.respond(answer)


def doing(action: Callable[[], object]) -> Step:
    """Return a step that does something when a request has come in, and then answers honestly."""

    def step(request: Request) -> None:
        action()

    return step
