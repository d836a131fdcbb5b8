"""A secret is shown only when it is revealed."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable

import pytest

from destinations_ui.conf.secret import Secret

MARKER = "marker-of-a-secret"


@dataclasses.dataclass
class Holder:
    """Something that holds a secret."""

    secret: Secret


def test_reveal_returns_it() -> None:
    assert Secret(MARKER).reveal() == MARKER


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r}".format,
        "{!a}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  # one of the ways to write it
        lambda secret: repr([secret, {"key": secret}, (secret,), {secret}]),
        lambda secret: repr(Holder(secret)),
        pprint.pformat,
        lambda secret: pprint.pformat(Holder(secret)),
        lambda secret: json.dumps(secret, default=str),
        lambda secret: str(ValueError("wrong", secret)),
        lambda secret: repr(ValueError("wrong", secret)),
        lambda secret: str(dir(secret)),
    ],
)
def test_every_representation_shows_dots(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(MARKER))
    assert shown
    assert MARKER not in shown


def test_its_length_is_not_shown() -> None:
    assert repr(Secret("")) == repr(Secret(MARKER)) == "Secret('••••')"
    assert str(Secret("a")) == str(Secret(MARKER)) == "••••"


@pytest.mark.parametrize(
    "leak",
    [
        json.dumps,
        pickle.dumps,
        lambda secret: pickle.dumps(secret, protocol=0),
        lambda secret: pickle.dumps({"values": [secret]}),
        lambda secret: dataclasses.asdict(Holder(secret)),
        lambda secret: dataclasses.astuple(Holder(secret)),
        copy.deepcopy,
        vars,
        list,
        len,
        lambda secret: "" + secret,
        lambda secret: f"{secret:>40}",
        lambda secret: "".join([secret]),
    ],
)
def test_it_cannot_be_pickled_or_copied(leak: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as caught:
        leak(Secret(MARKER))
    assert MARKER not in "".join(traceback.format_exception(caught.value))


def test_a_traceback_with_its_variables_shows_dots() -> None:
    def fail(secret: Secret) -> None:
        holder = Holder(secret)
        raise ValueError(holder)

    try:
        fail(Secret(MARKER))
    except ValueError:
        lines = traceback.TracebackException(*sys.exc_info(), capture_locals=True).format()
    text = "".join(lines)
    assert "holder = " in text
    assert "••••" in text
    assert MARKER not in text


def test_a_log_line_shows_dots() -> None:
    stream = io.StringIO()
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(stream))
    logger.error("%s %r", Secret(MARKER), Secret(MARKER))
    assert stream.getvalue() == "•••• Secret('••••')\n"


def test_a_fingerprint_is_the_start_of_an_hmac_sha256() -> None:
    # RFC 4231, test case 2.
    whole = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert Secret("what do ya want for nothing?").fingerprint(Secret("Jefe")) == whole[:12]


def test_a_fingerprint_uses_utf_8() -> None:
    # printf 'Schlüssel €' | openssl dgst -sha256 -hmac 'Jefe'
    assert Secret("Schlüssel €").fingerprint(Secret("Jefe")) == "b6c44e81ab99"


def test_a_fingerprint_depends_on_secret_and_key() -> None:
    key, other = Secret("k" * 32), Secret("o" * 32)
    assert Secret(MARKER).fingerprint(key) == Secret(MARKER).fingerprint(Secret("k" * 32))
    assert Secret(MARKER).fingerprint(key) != Secret(MARKER).fingerprint(other)
    assert Secret(MARKER).fingerprint(key) != Secret(MARKER + "x").fingerprint(key)


def test_secrets_compare_by_their_value() -> None:
    assert Secret(MARKER) == Secret(MARKER)
    assert hash(Secret(MARKER)) == hash(Secret(MARKER))
    assert Secret(MARKER) != Secret("another")
    assert Secret(MARKER) != MARKER
    assert Secret("ä") == Secret("ä")


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret(" ")
