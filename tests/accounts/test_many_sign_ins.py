"""Many sign-ins at once: a few passwords are hashed, a few wait, and the rest are told to try again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from destinations_ui.accounts.hashing import AT_ONCE, WAITING
from tests.support.hashers import QuickHasher
from tests.support.html import read
from tests.support.product import wait_until

PASSWORD = "correct-horse-battery"
MANY = 20


class HeldHasher(QuickHasher):
    """A hasher that takes until it is released."""

    released = threading.Event()
    running = threading.Semaphore(0)

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Wait, and hash."""
        self.running.release()
        assert self.released.wait(60)
        return super().encode(password, salt, iterations)


@pytest.fixture
def held(settings: Settings, viewer: User) -> Iterator[type[HeldHasher]]:
    """Hold every hash until it is released."""
    settings.PASSWORD_HASHERS = [f"{__name__}.HeldHasher"]
    HeldHasher.released.clear()
    HeldHasher.running = threading.Semaphore(0)
    yield HeldHasher
    HeldHasher.released.set()


def sign_in(number: int) -> Any:
    """Sign in from an address of its own."""
    try:
        form = {"username": "vera", "password": PASSWORD}
        return Client().post("/login/", form, REMOTE_ADDR=f"192.0.2.{number}")
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_more_sign_ins_than_the_limit_get_503_and_the_rest_succeed(held: type[HeldHasher]) -> None:
    with ThreadPoolExecutor(MANY) as threads:
        responses = [threads.submit(sign_in, number) for number in range(MANY)]
        wait_until(lambda: sum(response.done() for response in responses) == MANY - AT_ONCE - WAITING, "refusals")
        for _ in range(AT_ONCE):
            assert held.running.acquire(timeout=60)
        assert not held.running.acquire(blocking=False)
        held.released.set()
        found = [response.result() for response in responses]

    assert [response.status_code for response in found].count(302) == AT_ONCE + WAITING
    refused = next(response for response in found if response.status_code == 503)
    assert refused.headers["Retry-After"] == "5"
    assert "Sign-in is busy" in read(refused).text
    assert 'value="vera"' in refused.content.decode()
    assert PASSWORD not in refused.content.decode()
    assert sign_in(99).status_code == 302
