"""LaunchDarkly's resources as JSON objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from destinations_ui.sandbox.messages import Refusal
from destinations_ui.sandbox.state import Destination, Environment, Project, object_id

PAGE = 20
DESTINATIONS = "/api/v2/destinations"
PROJECTS = "/api/v2/projects"
#: The member, account and token of every response.
MEMBER_ID, ACCOUNT_ID, TOKEN_ID = object_id("member"), object_id("account"), object_id("token")
ACTIONS = ("createDestination", "deleteDestination", "updateConfiguration", "updateName", "updateOn")
CONTEXT_KINDS = {"user": "User", "organization": "Organization", "device": "Device"}
LONG_AGO = 1_577_836_800_000


class Listed(Protocol):
    """An item of a list that can be filtered and sorted."""

    @property
    def key(self) -> str:
        """The key."""

    @property
    def name(self) -> str:
        """The display name."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags."""


Item = TypeVar("Item", bound=Listed)


def link(*parts: str) -> dict[str, str]:
    """Return a link to a resource: the first part unchanged, each other part quoted as one path segment."""
    href = "/".join([parts[0], *(quote(part, safe="") for part in parts[1:])])
    return {"href": href, "type": "application/json"}


def destination(item: Destination, *, may_write: bool = True) -> dict[str, Any]:
    """Return a destination. Only ``_links.self.href`` names its project and environment."""
    scope = f"proj/{item.project}:env/{item.environment}:destination/{item.id}"
    effect = "allow" if may_write else "deny"
    reason = {"effect": effect, "resources": [scope], "actions": ["*"]}
    access = [{"action": action, "reason": reason} for action in ACTIONS]
    return {
        "_id": item.id,
        "_links": {
            "parent": link(DESTINATIONS),
            "self": link(DESTINATIONS, item.project, item.environment, item.id),
        },
        "_access": {"allowed": access if may_write else [], "denied": [] if may_write else access},
        "name": item.name,
        "kind": item.kind,
        "version": item.version,
        "config": _with_legacy_identity(item.config),
        "on": item.on,
        "createdAt": item.created_at,
        "maintainerId": MEMBER_ID,
    }


def _with_legacy_identity(config: dict[str, Any]) -> dict[str, Any]:
    """Add the older ``userIdentity`` that LaunchDarkly derives when ``userIdentities`` was sent.

    Its Terraform provider shows that it does. Preferring the ``user`` context is an assumption.
    """
    rows = config.get("userIdentities")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not rows:
        return config
    chosen = next((row for row in rows if row.get("ldContextKind") == "user"), rows[0])
    return {"userIdentity": chosen.get("mparticleUserIdentity", "")} | config


def environment(item: Environment) -> dict[str, Any]:
    """Return an environment with readable SDK keys, as the real API does."""
    parent = (PROJECTS, item.project, "environments")
    return {
        "_id": object_id(item.project, item.key),
        "_links": {"self": link(*parent, item.key), "parent": link(*parent)},
        "key": item.key,
        "name": item.name,
        "apiKey": item.sdk_key,
        "mobileKey": item.mobile_key,
        "color": "f5a623" if item.critical else "417505",
        "defaultTtl": 0,
        "secureMode": False,
        "defaultTrackEvents": item.track_events,
        "requireComments": item.critical,
        "confirmChanges": item.critical,
        "tags": list(item.tags),
        "critical": item.critical,
    }


def trust_policy(item: Environment) -> dict[str, Any]:
    """Return a trust policy for an AWS role."""
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Principal": {"AWS": "arn:aws:iam::554582317989:role/LaunchDarkly-data-export"},
        "Condition": {"StringEquals": {"sts:ExternalId": object_id(item.project, item.key)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def project(item: Project, *, expand: bool = False) -> dict[str, Any]:
    """Return a project; with ``expand``, include its first page of environments."""
    parent = (PROJECTS, item.key, "environments")
    embedded = page(list(item.environments.values()), environment, link(*parent)["href"], {})
    return {
        "_id": object_id(item.key),
        "_links": {"self": link(*parent[:-1]), "environments": link(*parent)},
        "key": item.key,
        "name": item.name,
        "includeInSnippetByDefault": False,
        "defaultClientSideAvailability": {"usingMobileKey": False, "usingEnvironmentId": False},
        "tags": list(item.tags),
    } | ({"environments": embedded} if expand else {})


def context_kinds(item: Project) -> dict[str, Any]:
    """Return the context kinds, the same for every project of the sandbox."""
    parent = (PROJECTS, item.key, "context-kinds")
    items = [
        {
            "key": key,
            "name": name,
            "description": "",
            "version": 1,
            "creationDate": LONG_AGO,
            "lastModified": LONG_AGO,
            "createdFrom": "default",
            "archived": False,
            "_links": {"parent": link(*parent)},
        }
        for key, name in CONTEXT_KINDS.items()
    ]
    return {"items": items, "_links": {"self": link(*parent)}}


def caller_identity() -> dict[str, Any]:
    """Return the identity of the token, a service token."""
    return {
        "accountId": ACCOUNT_ID,
        "authKind": "token",
        "tokenKind": "auth",
        "tokenName": "Sandbox",
        "tokenId": TOKEN_ID,
        "memberId": MEMBER_ID,
        "serviceToken": True,
    }


def page(
    items: Sequence[Item], show: Callable[[Item], dict[str, Any]], path: str, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return one page of a list: filtered, sorted, and with relative links to the other pages.

    https://launchdarkly.com/docs/api/projects/get-projects describes the links.

    Raises:
        Refusal: 400 for an invalid parameter.
    """
    matches = _sorted(_filtered(items, query.get("filter", "")), query.get("sort", ""))
    limit = _number(query.get("limit", str(PAGE)), least=1)
    offset = _number(query.get("offset", "0"), least=0)
    total = len(matches)
    last = max(total - 1, 0) // limit * limit
    offsets = {"self": offset}
    if offset > 0:
        offsets |= {"first": 0, "prev": max(offset - limit, 0)}
    if offset + limit < total:
        offsets |= {"next": offset + limit, "last": last}
    links = {
        name: link(f"{path}?{urlencode({**query, 'limit': limit, 'offset': start})}") for name, start in offsets.items()
    }
    shown = [show(item) for item in matches[offset : offset + limit]]
    return {"_links": links, "totalCount": total, "items": shown}


def _number(text: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise Refusal(400, "limit and offset must be whole numbers")
    return int(text)


#: The test of each field of ``filter``; values are in lower case.
FILTERS: Mapping[str, Callable[[Listed, str], bool]] = {
    "query": lambda item, text: text in item.key.lower() or text in item.name.lower(),
    "tags": lambda item, text: set(text.split("+")) <= {tag.lower() for tag in item.tags},
    "keys": lambda item, text: item.key.lower() in text.split("|"),
}


def _filtered(items: Sequence[Item], text: str) -> list[Item]:
    matches = list(items)
    for part in filter(None, text.lower().split(",")):
        name, _, wanted = part.partition(":")
        if name not in FILTERS:
            raise Refusal(400, "filter is not understood")
        matches = [item for item in matches if FILTERS[name](item, wanted)]
    return matches


#: The sort key of each field of ``sort``, from the position in order of creation and the item. Assumption: critical
#: environments come first.
SORTS: Mapping[str, Callable[[int, Listed], Any]] = {
    "createdOn": lambda position, item: position,
    "critical": lambda position, item: not getattr(item, "critical", False),
    "name": lambda position, item: item.name.casefold(),
}


def _sorted(items: list[Item], text: str) -> list[Item]:
    positioned = list(enumerate(items))
    for part in reversed([part for part in text.split(",") if part]):
        sort_key = SORTS.get(part.removeprefix("-"))
        if sort_key is None:
            raise Refusal(400, "sort is not understood")
        positioned.sort(key=lambda pair: sort_key(*pair), reverse=part.startswith("-"))
    return [item for _, item in positioned]
