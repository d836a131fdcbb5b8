"""A cache of JSON. With pickle, someone who can write to a shared cache could run code."""

from __future__ import annotations

import json
from typing import Any

import environ

#: Django's database cache and memcached clients require pickle.
SCHEMES = ("locmemcache", "rediscache", "rediss", "redis")


class JSONSerializer:
    """Writes and reads a Redis server's values."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """Return a value; ``None``, as for a missing key, when it is not JSON."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None


def cache(url: str) -> dict[str, Any]:
    """Return Django's entry for a cache URL. Pickle is safe in the process's own memory."""
    config: dict[str, Any] = environ.Env.cache_url_config(url)
    if config["BACKEND"].endswith("RedisCache"):
        config.setdefault("OPTIONS", {})["serializer"] = "destinations_ui.conf.cache.JSONSerializer"
    return config
