"""What LaunchDarkly sends, read leniently: an unknown kind or a missing field never blanks a list.

Only what the product needs is kept. An environment arrives with its SDK keys in clear; they end here. The classes have
no slots: thousands are taken out of the cache for a page, and with slots that takes several times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Destination:
    """A destination as LaunchDarkly lists it.

    Attributes:
        config: As LaunchDarkly shows it: what stands for a secret there is not the secret.
        created_at: ``None`` where the list does not say.
        version: Counts the edits from 1 on; 0 where the list does not say.
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

    ``detailed`` is whether new flags in it send detailed events, which are what is exported; ``None`` where the list
    does not say.
    """

    key: str
    name: str
    critical: bool
    detailed: bool | None = None


@dataclass(frozen=True)
class Project:
    """A project and those of its environments that came with it.

    ``total`` is how many environments it has, which may be more than came along.
    """

    key: str
    name: str
    environments: tuple[Environment, ...] = ()
    total: int = 0


def text(value: Any) -> str:
    """Return a text, and anything else as an empty text.

    JSON can spell what neither a database nor a page can hold: NUL and half of a character. A mark stands for them.
    """
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment(value: Any) -> datetime | None:
    """Return a time given in Unix milliseconds, and ``None`` for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def objects(answer: Any) -> list[dict[str, Any]]:
    """Return the objects under ``items``, whatever else is there."""
    items = answer.get("items") if isinstance(answer, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def keyed(items: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the items that have a key, without which nothing can be done with them."""
    return (item for item in items if text(item.get("key")))


def link(item: dict[str, Any], name: str) -> str:
    """Return the address of a link, or an empty text."""
    links = item.get("_links")
    target = links.get(name) if isinstance(links, dict) else None
    return text(target.get("href")) if isinstance(target, dict) else ""


def destination(item: dict[str, Any]) -> Destination:
    """Read a destination. Its project and environment stand only in its own address.

    https://launchdarkly.com/docs/api/data-export-destinations/get-destinations
    """
    parts = link(item, "self").split("?")[0].strip("/").split("/")
    place = [unquote(part) for part in parts[3:5]] if parts[:3] == ["api", "v2", "destinations"] else []
    project, environment = place if len(place) == 2 else ("", "")
    on, config, version = item.get("on"), item.get("config"), item.get("version")
    return Destination(
        id=text(item.get("_id")),
        project=project,
        environment=environment,
        name=text(item.get("name")),
        kind=text(item.get("kind")),
        on=on if isinstance(on, bool) else None,
        config=config if isinstance(config, dict) else {},
        created_at=moment(item.get("createdAt")),
        version=version if isinstance(version, int) and not isinstance(version, bool) else 0,
    )


def trust_policy(answer: Any) -> dict[str, Any]:
    """Read a trust policy; empty where there is none.

    https://launchdarkly.com/docs/api/data-export-destinations/generate-trust-policy
    """
    policy = answer.get("awsTrustPolicy") if isinstance(answer, dict) else None
    return policy if isinstance(policy, dict) and policy.get("Statement") else {}


def environment(item: dict[str, Any]) -> Environment:
    """Read an environment, leaving its ``apiKey`` and ``mobileKey`` behind.

    https://launchdarkly.com/docs/api/environments/get-environments-by-project
    """
    key = text(item.get("key"))
    detailed = item.get("defaultTrackEvents")
    return Environment(
        key=key,
        name=text(item.get("name")) or key,
        critical=item.get("critical") is True,
        detailed=detailed if isinstance(detailed, bool) else None,
    )


def project(item: dict[str, Any]) -> Project:
    """Read a project, with the environments that were expanded into it.

    https://launchdarkly.com/docs/api/projects/get-projects
    """
    key = text(item.get("key"))
    embedded = item.get("environments")
    environments = tuple(environment(entry) for entry in keyed(objects(embedded)))
    total = embedded.get("totalCount") if isinstance(embedded, dict) else None
    return Project(
        key=key,
        name=text(item.get("name")) or key,
        environments=environments,
        total=total if isinstance(total, int) else len(environments),
    )
