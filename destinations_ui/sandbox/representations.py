"""How LaunchDarkly writes its resources in responses: dictionaries ready to become JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from destinations_ui.sandbox.messages import Refusal
from destinations_ui.sandbox.state import Destination, Environment, Project, object_id

PAGE = 20
DESTINATIONS = "/api/v2/destinations"
PROJECTS = "/api/v2/projects"
#: One made-up member, account and token stand behind everything.
MEMBER_ID, ACCOUNT_ID, TOKEN_ID = object_id("member"), object_id("account"), object_id("token")
ACTIONS = ("createDestination", "deleteDestination", "updateConfiguration", "updateName", "updateOn")
CONTEXT_KINDS = {"user": "User", "organization": "Organization", "device": "Device"}
LONG_AGO = 1_577_836_800_000


class Listed(Protocol):
    """What a list can be filtered and sorted by."""

    @property
    def key(self) -> str:
        """The key."""

    @property
    def name(self) -> str:
        """The name for people."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags."""


Item = TypeVar("Item", bound=Listed)


def link(*parts: str) -> dict[str, str]:
    """Return a link to a resource: the first part as it is, each further one as one segment of the path."""
    href = "/".join([parts[0], *(quote(part, safe="") for part in parts[1:])])
    return {"href": href, "type": "application/json"}


def destination(item: Destination, *, may_write: bool = True) -> dict[str, Any]:
    """Return a destination. Its project and environment appear in ``_links.self.href`` alone."""
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

    That it does is known from its Terraform provider; that it prefers the ``user`` context is an assumption.
    """
    rows = config.get("userIdentities")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not rows:
        return config
    chosen = next((row for row in rows if row.get("ldContextKind") == "user"), rows[0])
    return {"userIdentity": chosen.get("mparticleUserIdentity", "")} | config


def environment(item: Environment) -> dict[str, Any]:
    """Return an environment with its SDK keys in clear, as the API really gives them."""
    home = (PROJECTS, item.project, "environments")
    return {
        "_id": object_id(item.project, item.key),
        "_links": {"self": link(*home, item.key), "parent": link(*home)},
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
    """Return a trust policy as LaunchDarkly's endpoint for it gives one."""
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Principal": {"AWS": "arn:aws:iam::554582317989:role/LaunchDarkly-data-export"},
        "Condition": {"StringEquals": {"sts:ExternalId": object_id(item.project, item.key)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def project(item: Project, *, expand: bool = False) -> dict[str, Any]:
    """Return a project; with ``expand``, its first page of environments too."""
    home = (PROJECTS, item.key, "environments")
    embedded = page(list(item.environments.values()), environment, link(*home)["href"], {})
    return {
        "_id": object_id(item.key),
        "_links": {"self": link(*home[:-1]), "environments": link(*home)},
        "key": item.key,
        "name": item.name,
        "includeInSnippetByDefault": False,
        "defaultClientSideAvailability": {"usingMobileKey": False, "usingEnvironmentId": False},
        "tags": list(item.tags),
    } | ({"environments": embedded} if expand else {})


def context_kinds(item: Project) -> dict[str, Any]:
    """Return the context kinds, which are the same in every project of the sandbox."""
    home = (PROJECTS, item.key, "context-kinds")
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
            "_links": {"parent": link(*home)},
        }
        for key, name in CONTEXT_KINDS.items()
    ]
    return {"items": items, "_links": {"self": link(*home)}}


def caller_identity() -> dict[str, Any]:
    """Return who the token belongs to: a service token."""
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
    """Return one page of a list: filtered, sorted, cut, and linked to its neighbours by relative addresses.

    https://launchdarkly.com/docs/api/projects/get-projects says which links are there, and when.

    Raises:
        Refusal: 400 for a parameter that cannot be understood.
    """
    found = _sorted(_filtered(items, query.get("filter", "")), query.get("sort", ""))
    limit = _number(query.get("limit", str(PAGE)), least=1)
    offset = _number(query.get("offset", "0"), least=0)
    total = len(found)
    last = max(total - 1, 0) // limit * limit
    offsets = {"self": offset}
    if offset > 0:
        offsets |= {"first": 0, "prev": max(offset - limit, 0)}
    if offset + limit < total:
        offsets |= {"next": offset + limit, "last": last}
    links = {
        name: link(f"{path}?{urlencode({**query, 'limit': limit, 'offset': start})}") for name, start in offsets.items()
    }
    shown = [show(item) for item in found[offset : offset + limit]]
    return {"_links": links, "totalCount": total, "items": shown}


def _number(text: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise Refusal(400, "limit and offset must be whole numbers")
    return int(text)


#: How each field of ``filter`` decides; texts are in lower case.
FILTERS: Mapping[str, Callable[[Listed, str], bool]] = {
    "query": lambda item, text: text in item.key.lower() or text in item.name.lower(),
    "tags": lambda item, text: set(text.split("+")) <= {tag.lower() for tag in item.tags},
    "keys": lambda item, text: item.key.lower() in text.split("|"),
}


def _filtered(items: Sequence[Item], text: str) -> list[Item]:
    found = list(items)
    for part in filter(None, text.lower().split(",")):
        name, _, wanted = part.partition(":")
        if name not in FILTERS:
            raise Refusal(400, "filter is not understood")
        found = [item for item in found if FILTERS[name](item, wanted)]
    return found


#: What each field of ``sort`` compares: the place in the order of creation, or something of the item. That critical
#: environments come first is an assumption.
SORTS: Mapping[str, Callable[[int, Listed], Any]] = {
    "createdOn": lambda place, item: place,
    "critical": lambda place, item: not getattr(item, "critical", False),
    "name": lambda place, item: item.name.casefold(),
}


def _sorted(items: list[Item], text: str) -> list[Item]:
    placed = list(enumerate(items))
    for part in reversed([part for part in text.split(",") if part]):
        compared = SORTS.get(part.removeprefix("-"))
        if compared is None:
            raise Refusal(400, "sort is not understood")
        placed.sort(key=lambda pair: compared(*pair), reverse=part.startswith("-"))
    return [item for _, item in placed]
