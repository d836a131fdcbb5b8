"""LaunchDarkly's resources, parsed leniently: an unknown kind or a missing field never empties a list.

Only what the product needs is kept. An environment arrives with its SDK keys in clear; they are dropped here. Whatever
LaunchDarkly sends, each value has the type it is declared with and a bounded size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

#: A project's or environment's key. https://launchdarkly.com/docs/api/projects/post-project
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
#: An id: LaunchDarkly's have 24 hexadecimal digits.
ID = re.compile(r"[!-~]{1,100}")
#: Longer texts are truncated. No name is this long.
MAX_TEXT = 1000
#: A project includes at most this many environments; the rest are in a separate list.
MAX_EXPANDED = 100
#: No project has more environments, and no destination more versions.
MAX_COUNT = 1_000_000
#: A project with this tag comes last on the start page, folded: one to try things out, for example.
LISTED_LAST = "listed-last"


@dataclass(frozen=True)
class Destination:
    """A destination.

    Attributes:
        config: As LaunchDarkly shows it, with its secrets obfuscated.
        created_at: ``None`` when unknown.
        version: Starts at 1 and grows with each edit; 0 when unknown.
    """

    id: str
    project: str
    environment: str
    name: str
    kind: str
    on: bool | None
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    created_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True)
class Environment:
    """An environment, without its SDK keys.

    Attributes:
        detailed: Whether new flags in it send detailed events, the ones that are exported; ``None`` when unknown.
    """

    key: str
    name: str
    critical: bool
    detailed: bool | None = None


@dataclass(frozen=True)
class Project:
    """A project and the environments that the response included.

    Attributes:
        total: The number of its environments, including those not in the response.
        listed_last: Whether it has the tag :data:`LISTED_LAST`.
    """

    key: str
    name: str
    environments: tuple[Environment, ...] = ()
    total: int = 0
    listed_last: bool = False


def text(value: Any, length: int = MAX_TEXT) -> str:
    """Return a text, or an empty one for any other value.

    JSON can spell what neither a database nor a page can hold: NUL and half a surrogate pair. Both become U+FFFD.
    """
    if not isinstance(value, str):
        return ""
    storable = value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return storable[:length]


def identifier(value: Any) -> str:
    """Return an id, or an empty text if it is invalid."""
    stripped = value.strip() if isinstance(value, str) else ""
    return stripped if ID.fullmatch(stripped) else ""


def key(value: Any) -> str:
    """Return the key of a project or environment, or an empty text if it is invalid."""
    return value if isinstance(value, str) and KEY.fullmatch(value) else ""


def count(value: Any) -> int | None:
    """Return a plausible count, or ``None`` for any other value."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
    return value if is_count else None


def timestamp(value: Any) -> datetime | None:
    """Return a time from Unix milliseconds, or ``None`` for any other value."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def objects(body: Any) -> list[dict[str, Any]]:
    """Return the objects under ``items``, except empty ones."""
    items = body.get("items") if isinstance(body, dict) else None
    return [item for item in items if item and isinstance(item, dict)] if isinstance(items, list) else []


def link(item: dict[str, Any], name: str) -> str:
    """Return the URL of a link, or an empty text."""
    links = item.get("_links")
    target = links.get(name) if isinstance(links, dict) else None
    return text(target.get("href")) if isinstance(target, dict) else ""


def destination(item: dict[str, Any]) -> Destination | None:
    """Read a destination; ``None`` when it has neither an id nor a known environment.

    Its project and environment are only in its own URL.
    https://launchdarkly.com/docs/api/data-export-destinations/get-destinations
    """
    own_id = identifier(item.get("_id"))
    project, environment = location(link(item, "self"))
    if not (own_id or project):
        return None
    on, config = item.get("on"), item.get("config")
    return Destination(
        id=own_id,
        project=project,
        environment=environment,
        name=text(item.get("name")),
        kind=text(item.get("kind"), 100),
        on=on if isinstance(on, bool) else None,
        config=config if isinstance(config, dict) else {},
        created_at=timestamp(item.get("createdAt")),
        version=count(item.get("version")) or 0,
    )


def location(href: str) -> tuple[str, str]:
    """Return the project and environment in a destination's URL, or two empty texts."""
    parts = href.split("?")[0].strip("/").split("/")
    keys = [key(unquote(part)) for part in parts[3:5]] if parts[:3] == ["api", "v2", "destinations"] else []
    return (keys[0], keys[1]) if len(keys) == 2 and all(keys) else ("", "")


def trust_policy(body: Any) -> dict[str, Any]:
    """Read a trust policy; empty if the response has none.

    https://launchdarkly.com/docs/api/data-export-destinations/generate-trust-policy
    """
    policy = body.get("awsTrustPolicy") if isinstance(body, dict) else None
    return policy if isinstance(policy, dict) and policy.get("Statement") else {}


def environment(item: dict[str, Any]) -> Environment | None:
    """Read an environment, without its ``apiKey`` and ``mobileKey``; ``None`` when it has no key.

    https://launchdarkly.com/docs/api/environments/get-environments-by-project
    """
    own_key, detailed = key(item.get("key")), item.get("defaultTrackEvents")
    if not own_key:
        return None
    return Environment(
        key=own_key,
        name=text(item.get("name")) or own_key,
        critical=item.get("critical") is True,
        detailed=detailed if isinstance(detailed, bool) else None,
    )


def project(item: dict[str, Any]) -> Project | None:
    """Read a project, with its expanded environments; ``None`` when it has no key.

    https://launchdarkly.com/docs/api/projects/get-projects
    """
    own_key, embedded, tags = key(item.get("key")), item.get("environments"), item.get("tags")
    if not own_key:
        return None
    environments = tuple(filter(None, map(environment, objects(embedded))))
    total = count(embedded.get("totalCount")) if isinstance(embedded, dict) else None
    return Project(
        key=own_key,
        name=text(item.get("name")) or own_key,
        environments=environments[:MAX_EXPANDED],
        total=len(environments) if total is None else total,
        listed_last=isinstance(tags, list) and LISTED_LAST in tags,
    )
