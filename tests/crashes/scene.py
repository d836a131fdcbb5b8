"""A user, the product in its own processes, the sandbox, and the database."""

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
#: For commands: an attempt older than two seconds cannot be in progress.
SOON = {"LAUNCHDARKLY_TIMEOUT": "1", "RECONCILE_GRACE": "0"}
UNSETTLED = ("pending", "unknown")


@dataclass(frozen=True)
class Scene:
    """The parts of a crash test.

    Attributes:
        session: The session of a signed-in user.
        csrf: The CSRF token of its forms.
        people: The threads that wait for responses.
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
        """Send a form; return the response without following a redirect."""
        return self.ask("POST", f"/destinations/new/{KIND.slug}/", form)

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> requests.Response:
        """Send a request as the user, on a new connection."""
        with requests.Session() as session:
            session.cookies.update(self.session.cookies)
            return session.request(method, self.product.url + path, data=form, timeout=60, allow_redirects=False)

    def begin(self, form: Mapping[str, str]) -> Future[requests.Response]:
        """Send a form without waiting for the response."""
        return self.people.submit(self.send, form)

    def records(self, form: Mapping[str, str]) -> list[dict[str, object]]:
        """Return the exported records of a form."""
        return exported(self.session, self.product, form["submission"])

    def posts(self) -> int:
        """Return the number of posts that reached LaunchDarkly."""
        return self.sandbox.count("POST", DESTINATIONS)

    def ids(self) -> list[str]:
        """Return the ids of the destinations in the form's environment."""
        return [item["id"] for item in self.sandbox.destinations() if item["environment"] == "staging"]

    def reconciled(self, form: Mapping[str, str]) -> list[dict[str, object]]:
        """Run ``reconcile`` until a form's attempt is settled; return its records."""

        def settled() -> bool:
            if any(record["outcome"] in UNSETTLED for record in self.records(form)):
                self.product.manage("reconcile", **SOON)
                return False
            return True

        wait_until(settled, "the attempt to be settled", self.product.log)
        return self.records(form)


@dataclass(frozen=True)
class Held(Fault):
    """Hold a request until it is released; execute it before, after, or never.

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
        self.released.wait(60)
        if self.carried_out == "after":
            answer = exchange.carry_out()
        self.over.set()
        if answer:
            exchange.respond(answer)


def doing(action: Callable[[], object]) -> Step:
    """Return a step that runs an action on each request, then gives the regular response."""

    def step(request: Request) -> None:
        action()

    return step
