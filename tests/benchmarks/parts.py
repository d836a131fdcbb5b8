"""What is measured beside the history's pages: work, weight, exports, creations, LaunchDarkly's lists, seals."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from destinations_ui.sandbox import Fault, Request, SandboxServer, Status
from tests.benchmarks.history import ADMIN
from tests.benchmarks.serving import Stranger, Timing, Visitor, cpu_seconds, elapsed, memory_mb
from tests.support.form_data import KINESIS, form_data
from tests.support.product import Product, token, wait_until

FORM = "/destinations/new/kinesis/"
FRAGMENT = {"HX-Request": "true", "HX-Target": "kind-fields"}
DESTINATIONS = "/api/v2/destinations"
#: Of a page: what it loads.
ASSETS = re.compile(rb'(?:src|href)="(/static/[^"]+)"')


def work(product: Product, visitor: Visitor, neighbour: Visitor, times: int) -> Iterator[tuple[str, float]]:
    """Yield pages with the milliseconds of processor time that one answer takes."""
    for name, path, who, headers in (
        ("constant answer, signed in", "/constant", visitor, {}),
        ("history", "/history/", visitor, {}),
        ("history, two filters", "/history/?kind=kinesis&outcome=succeeded", visitor, {}),
        ("form", FORM, visitor, {}),
        ("a kind's fields", FORM, visitor, FRAGMENT),
        ("Django admin's list", ADMIN, neighbour, {}),
    ):
        repeats = times if who is visitor else max(1, times // 50)
        who.timed(path, 3, **headers)
        before = cpu_seconds(product)
        for _ in range(repeats):
            who.get(path, **headers)
        yield name, (cpu_seconds(product) - before) * 1000 / repeats


def weight(product: Product, visitor: Visitor) -> Iterator[tuple[str, int, int, int]]:
    """Yield pages with their bytes as transferred, those of a first visit in all, and its requests."""
    for name, path in (("sign-in", "/login/"), ("map", "/"), ("history", "/history/"), ("form", FORM)):
        who = Stranger(product) if name == "sign-in" else visitor
        body = who.get(path)
        assets = sorted(set(ASSETS.findall(requests.get(product.url + path, headers=who.headers, timeout=30).content)))
        sizes = [len(visitor.get(asset.decode())) for asset in assets]
        yield name, len(body), len(body) + sum(sizes), 1 + len(assets)
    fragment = visitor.get(FORM, **FRAGMENT)
    yield "a kind's fields", len(fragment), len(fragment), 1


def export(product: Product, visitor: Visitor, file_format: str, count: int) -> dict[str, float]:
    """Stream the whole history; return the milliseconds to the first byte, rows a second, and megabytes of growth."""
    before = memory_mb(product)
    began = time.perf_counter()
    answer = visitor.session.get(
        f"{product.url}/history/export/?format={file_format}",
        stream=True,
        timeout=600,
        headers={"Accept-Encoding": "identity"},
    )
    blocks = answer.iter_content(65536)
    next(blocks)
    first = (time.perf_counter() - began) * 1000
    most = before
    for number, _ in enumerate(blocks):
        if number % 500 == 0:
            most = max(most, memory_mb(product))
    return {"first": first, "rows": count / (time.perf_counter() - began), "growth": most - before}


def cancelled(product: Product, visitor: Visitor) -> float:
    """Break an export off; return the processor seconds that the worker goes on using in the two seconds after it."""
    answer = visitor.session.get(f"{product.url}/history/export/?format=csv", stream=True, timeout=60)
    next(answer.iter_content(65536))
    answer.close()
    time.sleep(1)  # What was under way may come to its end.
    before = cpu_seconds(product)
    time.sleep(2)  # The time that is measured: nothing tells when a worker goes on doing nothing.
    return cpu_seconds(product) - before


def beside_an_export(product: Product, visitor: Visitor, times: int) -> tuple[Timing, Timing]:
    """Return the history's times alone, and while somebody exports."""
    alone = visitor.timed("/history/", times)
    begun, done = threading.Event(), threading.Event()

    def download() -> None:
        """Export again and again."""
        while not done.is_set():
            with visitor.session.get(f"{product.url}/history/export/?format=csv", stream=True, timeout=600) as answer:
                for _ in answer.iter_content(65536):
                    begun.set()
                    if done.is_set():
                        return

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(download)
        begun.wait(30)
        meanwhile = visitor.timed("/history/", times)
        done.set()
        running.result()
    return alone, meanwhile


def press(product: Product, visitor: Visitor, csrf: str, name: str, **place: Any) -> requests.Response:
    """Send a filled form on a connection of its own."""
    form = form_data(KINESIS, name=name, csrfmiddlewaretoken=csrf, **place)
    with requests.Session() as session:
        session.cookies.update(visitor.session.cookies)
        return session.post(product.url + FORM, data=form, timeout=120, allow_redirects=False)


def creations(product: Product, visitor: Visitor, sandbox: SandboxServer, times: int) -> tuple[Timing, Timing]:
    """Return the times of creations, and those of a list and a post alone, which LaunchDarkly takes by itself."""
    csrf = token(visitor.session, product.url + FORM)
    body = {"name": "alone", "kind": "kinesis", "on": True, "config": dict(KINESIS.examples())}
    headers = {"Authorization": "api-benchmark"}

    def alone(session: requests.Session) -> None:
        session.get(sandbox.url + DESTINATIONS, headers=headers, timeout=30).raise_for_status()
        address = f"{sandbox.url}{DESTINATIONS}/web-shop/staging"
        session.post(address, json=body, headers=headers, timeout=30).raise_for_status()

    ours, theirs = [], []
    with requests.Session() as session:
        for number in range(times + 3):
            sandbox.reset()
            theirs.append(elapsed(lambda: alone(session)))
            sandbox.reset()
            # As a person does, who opens the form first: it reads the lists that are too old.
            visitor.get(f"{FORM}?project=web-shop&environment=staging")
            answers: list[requests.Response] = []
            ours.append(elapsed(lambda: answers.append(press(product, visitor, csrf, f"Measured {number}"))))  # noqa: B023  # called at once
            if answers[0].status_code != 303:
                raise RuntimeError(f"A creation answered {answers[0].status_code}: {product.log.read_text()[-2000:]}")
    return Timing(ours[3:]), Timing(theirs[3:])


def crowd(product: Product, visitor: Visitor, sandbox: SandboxServer, people: int) -> tuple[Timing, int]:
    """Let many people create at once, each in a place of their own; return the times, and how many were not created."""
    sandbox.reset()
    sandbox.add_project("crowd", "Crowd")
    for number in range(people):
        sandbox.add_environment("crowd", f"place-{number}", f"Place {number}")
    csrf = token(visitor.session, product.url + FORM)
    times: list[float] = []

    def one(number: int) -> int:
        answers: list[requests.Response] = []
        place = {"project": "crowd", "environment": f"place-{number}"}
        times.append(elapsed(lambda: answers.append(press(product, visitor, csrf, f"Crowd {number}", **place))))
        return answers[0].status_code

    with ThreadPoolExecutor(people) as pool:
        answers = list(pool.map(one, range(people)))
    return Timing(times), sum(status != 303 for status in answers)


def beside_hanging(product: Product, visitor: Visitor, sandbox: SandboxServer, times: int) -> tuple[Timing, Timing]:
    """Return the history's times alone, and while LaunchDarkly hangs and eight creations wait for it."""
    alone = visitor.timed("/history/", times)
    released = threading.Event()
    sandbox.reset()

    def hang(request: Request) -> Fault:
        released.wait(60)
        return Status(503)

    sandbox.script("POST", DESTINATIONS, hang, times=None)
    csrf = token(visitor.session, product.url + FORM)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(press, product, visitor, csrf, f"Hanging {number}") for number in range(8)]
        sandbox.wait_for("POST", DESTINATIONS, times=8, timeout=30)
        meanwhile = visitor.timed("/history/", times)
        released.set()
        for each in waiting:
            each.result()
    sandbox.reset()
    return alone, meanwhile


def many_places(sandbox: SandboxServer) -> None:
    """Fill LaunchDarkly with 500 projects of 10 environments, and 2,000 destinations."""
    config = dict(KINESIS.examples())
    for number in range(500):
        project = f"project-{number:03}"
        sandbox.add_project(project, f"Project {number}")
        for place in range(10):
            sandbox.add_environment(project, f"environment-{place}", f"Environment {place}")
            if place < 4:
                sandbox.add_destination(
                    project, f"environment-{place}", name=f"Events {number}-{place}", kind="kinesis", config=config
                )


def places(
    product: Product, visitor: Visitor, sandbox: SandboxServer, times: int
) -> Iterator[tuple[str, float, int, Timing]]:
    """Yield pages with the milliseconds of the first time, its calls, and the times after that."""
    chosen = urlencode({"project": "project-250", "environment": "environment-9"})
    for name, path in (("map", "/"), ("form", FORM), ("form of a chosen place", f"{FORM}?{chosen}")):
        product.reload()
        wait_until(product.ready, "the product", product.log)
        before = len(sandbox.requests)
        cold = elapsed(lambda: visitor.get(path))  # noqa: B023  # called at once
        yield name, cold, len(sandbox.requests) - before, visitor.timed(path, times)


def sealing(product: Product, *modules: str) -> str:
    """Run a module of this package over the same database; return what it printed."""
    command = [sys.executable, "-m", *modules]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, env=product.environment, cwd=root, capture_output=True, text=True)  # noqa: S603  # ours
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def verified(product: Product) -> tuple[float, str]:
    """Return the seconds of ``verify_history``, and what it said."""
    said: list[Any] = []
    took = elapsed(lambda: said.append(product.manage("verify_history")))
    return took / 1000, str(said[0]).strip()
