"""The same form from several threads, in two processes at once: one request, one record, and everyone lands on it."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from destinations_ui import kinds
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer
from tests.support.form_data import form_data
from tests.support.product import Product, exported, signed_in, token

THREADS = 8


@pytest.fixture(autouse=True)
def clean(running_sandbox: SandboxServer) -> None:
    """Give each test a sandbox as new."""
    running_sandbox.reset()


@pytest.mark.parametrize("slug", ["kinesis", "mparticle"])
def test_the_same_form_from_eight_threads_in_two_processes_is_sent_once(
    product: Product, running_sandbox: SandboxServer, slug: str
) -> None:
    kind = kinds.registry()[slug]
    address = f"{product.url}/destinations/new/{slug}/"
    session = signed_in(product)
    submission = str(uuid.uuid4())
    data = form_data(kind, submission=submission, csrfmiddlewaretoken=token(session, address))
    together = threading.Barrier(THREADS)

    def press(_: int) -> requests.Response:
        # A session of its own is a connection of its own, so that both processes take part.
        mine = requests.Session()
        mine.cookies.update(session.cookies)
        together.wait(timeout=60)
        return mine.post(address, data=data, timeout=60)

    with ThreadPoolExecutor(THREADS) as pool:
        responses = list(pool.map(press, range(THREADS)))

    assert {response.status_code for response in responses} == {200}
    assert running_sandbox.count("POST", "/api/v2/destinations") == 1
    [record] = exported(session, product, submission)
    assert {response.url for response in responses} == {f"{product.url}/history/{record['id']}/"}
    assert len([d for d in running_sandbox.destinations() if d["environment"] == "staging"]) == 1


def test_thirty_two_different_forms_at_once_make_thirty_two_records(
    tmp_path: Path, running_sandbox: SandboxServer
) -> None:
    kind = kinds.registry()["kinesis"]
    for number in range(32):
        running_sandbox.add_environment("web-shop", f"load-{number}", f"Load {number}")
    # A product of its own: lists that it read before would lack the new environments for two seconds.
    with Product(tmp_path, running_sandbox.url) as product:
        send_thirty_two(product, kind)
    assert len([d for d in running_sandbox.destinations() if d["environment"].startswith("load-")]) == 32


def send_thirty_two(product: Product, kind: Kind) -> None:
    """Send 32 forms, 16 at a time, and expect a record of each."""
    address = f"{product.url}/destinations/new/kinesis/"
    session = signed_in(product)
    csrf = token(session, address)

    def press(number: int) -> requests.Response:
        mine = requests.Session()
        mine.cookies.update(session.cookies)
        data = form_data(kind, environment=f"load-{number}", name=f"Load {number}", csrfmiddlewaretoken=csrf)
        return mine.post(address, data=data, timeout=60)

    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(press, range(32)))

    assert {response.status_code for response in responses} == {200}
    assert len({response.url for response in responses}) == 32
