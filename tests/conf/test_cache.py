"""Values that others can write are never unpickled."""

from __future__ import annotations

import json
import pickle

import pytest
from django.utils.module_loading import import_string

from destinations_ui.conf.cache import SCHEMES, JSONSerializer, cache


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if "redis" in scheme])
def test_redis_holds_json(scheme: str) -> None:
    options = cache(f"{scheme}://cache.example.com:6379/0")["OPTIONS"]
    assert import_string(options["serializer"]) is JSONSerializer


def test_a_value_is_returned_unchanged() -> None:
    serializer = JSONSerializer()
    assert serializer.loads(serializer.dumps('{"read_at": "ü"}')) == '{"read_at": "ü"}'


class Trap:
    """Raises when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("It was unpickled.",))


@pytest.mark.parametrize(
    "foreign", [pickle.dumps(Trap()), b"", b"\xff", b"[" * 100_000, b"7x", json.dumps("ü").encode("utf-16")]
)
def test_an_invalid_value_counts_as_missing(foreign: bytes) -> None:
    assert JSONSerializer().loads(foreign) in (None, "ü")


@pytest.mark.parametrize("scheme", ["dbcache", "pymemcache", "memcache", "filecache"])
def test_caches_that_need_pickle_are_refused(scheme: str) -> None:
    assert scheme not in SCHEMES
