"""How long to wait after 429, from the response's headers."""

from __future__ import annotations

import time
from email.utils import format_datetime, formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.errors import Busy
from destinations_ui.launchdarkly.responses import wait
from destinations_ui.sandbox import Raw, SandboxServer
from tests.launchdarkly.client import failure


def limited(sandbox: SandboxServer, client: LaunchDarkly, headers: dict[str, str]) -> Busy:
    """Return the error for a 429 with only these headers."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    sandbox.script("POST", "/", Raw(f"HTTP/1.1 429 Too Many Requests\r\n{lines}Content-Length: 2\r\n\r\n{{}}".encode()))
    error = failure(client)
    assert isinstance(error, Busy)
    assert f"Wait {error.retry_after} seconds" in error.message
    return error


def milliseconds(ahead: float) -> str:
    """Return a time in LaunchDarkly's format."""
    return str(int((time.time() + ahead) * 1000))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 10),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "1"}, 1),
        ({"Retry-After": "3600"}, 300),
        ({"Retry-After": "9" * 400}, 300),
        ({"Retry-After": "-5"}, 10),
        ({"Retry-After": "1.5"}, 10),
        ({"Retry-After": "soon"}, 10),
        ({"Retry-After": "Fri, 99 Nov 2026 25:61:61 GMT"}, 10),
        ({"Retry-After": formatdate(0, usegmt=True)}, 10),
        ({"Retry-After": "Thu, 31 Dec 9999 23:59:59 -9999"}, 10),
        ({"X-Ratelimit-Reset": "0"}, 10),
        ({"X-Ratelimit-Reset": milliseconds(-60)}, 10),
        ({"X-Ratelimit-Reset": "-1"}, 10),
        ({"X-Ratelimit-Reset": "garbage"}, 10),
        ({"X-Ratelimit-Reset": "9" * 18}, 300),
        ({"X-Ratelimit-Reset": "9" * 6000}, 300),
        ({"X-Ratelimit-Reset": "garbage", "Retry-After": "4"}, 4),
        ({"X-Ratelimit-Reset": milliseconds(-60), "Retry-After": "4"}, 4),
    ],
)
def test_the_wait_is_1_to_300_seconds_and_10_by_default(
    sandbox: SandboxServer, client: LaunchDarkly, headers: dict[str, str], seconds: int
) -> None:
    assert limited(sandbox, client, headers).retry_after == seconds


@pytest.mark.parametrize("name", ["X-Ratelimit-Reset", "X-Ratelimit-Auth-Token-Reset", "x-ratelimit-reset"])
def test_a_reset_is_a_timestamp_in_milliseconds(sandbox: SandboxServer, client: LaunchDarkly, name: str) -> None:
    assert 41 <= limited(sandbox, client, {name: milliseconds(42)}).retry_after <= 42


def test_less_than_a_second_is_one(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    assert limited(sandbox, client, {"X-Ratelimit-Reset": milliseconds(0.6)}).retry_after == 1


def test_retry_after_can_be_a_date(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    date = formatdate(time.time() + 42, usegmt=True)
    assert 40 <= limited(sandbox, client, {"Retry-After": date}).retry_after <= 42


def test_the_longest_wait_counts(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    headers = {"Retry-After": "30", "X-Ratelimit-Reset": milliseconds(90), "X-Ratelimit-Auth-Token-Reset": "5"}
    assert 89 <= limited(sandbox, client, headers).retry_after <= 90


def test_a_wait_is_never_rounded_down() -> None:
    assert wait({"X-Ratelimit-Reset": "101400"}, lambda: 100.0) == 2
    assert wait({"Retry-After": "299"}, lambda: 0.0) == 299


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(st.characters(max_codepoint=255)),
        st.text("0123456789-+:., ", max_size=30),
        st.datetimes().map(format_datetime),
        st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,5} \d{1,3}:\d{1,3}:\d{1,3} [-+A-Z0-9]{1,7}"),
    )
)
def test_no_header_value_raises(text: str) -> None:
    for name in ("Retry-After", "X-Ratelimit-Reset"):
        assert 1 <= wait({name: text}, time.time) <= 300
