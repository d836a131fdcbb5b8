"""The sandbox's API as a WSGI application: authentication, routing and the regular responses.

Behavior that LaunchDarkly does not document is marked as an assumption.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from destinations_ui.sandbox import json_patch, representations, status_page
from destinations_ui.sandbox.messages import Refusal, Response, read_json, status_line
from destinations_ui.sandbox.state import State

VERSION = 20240415
#: The kinds of https://launchdarkly.com/docs/api/data-export-destinations/post-destination.
KINDS = (
    *("google-pubsub", "kinesis", "mparticle", "segment", "azure-event-hubs"),
    *("snowflake-v2", "databricks", "bigquery", "redshift"),
)
READS = ("GET", "HEAD", "OPTIONS")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to the function that handles it."""

    state: State
    query: Mapping[str, str]
    body: bytes
    may_write: bool


def list_destinations(call: Call) -> Response:
    """List every destination of the account, without pages."""
    items = [representations.destination(item, may_write=call.may_write) for item in call.state.destinations()]
    links = {"self": representations.link(representations.DESTINATIONS)}
    return Response.json(200, {"_links": links, "items": items})


def create_destination(call: Call, project: str, environment: str) -> Response:
    """Create a destination. As in LaunchDarkly, a streaming kind's values are not validated."""
    body = _object(read_json(call.body))
    name, kind, config = body.get("name", ""), body.get("kind"), body.get("config")
    # Assumption: without ``on`` the export is off. No default is documented.
    on = body.get("on", False)
    if kind not in KINDS:
        raise Refusal(400, f"kind must be one of {', '.join(KINDS)}")
    if not isinstance(config, dict):
        raise Refusal(400, "config must be an object")
    if not (isinstance(name, str) and isinstance(on, bool)):
        raise Refusal(400)
    # Assumption: an unknown project or environment is 404. The endpoint documents no status for it.
    call.state.environment(project, environment)
    created = call.state.add_destination(project, environment, name=name, kind=kind, config=config, on=on, alone=True)
    return Response.json(201, representations.destination(created))


def get_destination(call: Call, project: str, environment: str, id: str) -> Response:
    """Return one destination."""
    destination = call.state.destination(project, environment, id)
    return Response.json(200, representations.destination(destination, may_write=call.may_write))


def patch_destination(call: Call, project: str, environment: str, id: str) -> Response:
    """Change a destination with a JSON Patch."""
    call.state.destination(project, environment, id)
    operations = json_patch.operations(read_json(call.body))
    changed = call.state.change_destination(
        project, environment, id, lambda before: json_patch.patched(before, operations)
    )
    return Response.json(200, representations.destination(changed))


def delete_destination(call: Call, project: str, environment: str, id: str) -> Response:
    """Delete a destination."""
    call.state.remove_destination(project, environment, id)
    return Response.json(204, None)


def generate_trust_policy(call: Call, project: str, environment: str) -> Response:
    """Return a trust policy for an AWS role.

    Assumption: the values of Principal and Condition are not documented. AWS advises third parties to use an external
    id for each customer, here one for each environment.
    """
    item = call.state.environment(project, environment)
    return Response.json(201, {"awsTrustPolicy": representations.trust_policy(item)})


def list_projects(call: Call) -> Response:
    """Return a page of projects."""
    expand = _expands_environments(call)
    return Response.json(
        200,
        representations.page(
            call.state.projects(),
            lambda item: representations.project(item, expand=expand),
            representations.PROJECTS,
            call.query,
        ),
    )


def get_project(call: Call, project: str) -> Response:
    """Return one project."""
    item = call.state.project(project)
    return Response.json(200, representations.project(item, expand=_expands_environments(call)))


def list_environments(call: Call, project: str) -> Response:
    """Return a page of a project's environments."""
    path = representations.link(representations.PROJECTS, project, "environments")["href"]
    return Response.json(
        200,
        representations.page(call.state.environments(project), representations.environment, path, call.query),
    )


def get_environment(call: Call, project: str, environment: str) -> Response:
    """Return one environment."""
    item = call.state.environment(project, environment)
    return Response.json(200, representations.environment(item))


def list_context_kinds(call: Call, project: str) -> Response:
    """Return a project's context kinds."""
    return Response.json(200, representations.context_kinds(call.state.project(project)))


def get_caller_identity(call: Call) -> Response:
    """Return the token's owner."""
    return Response.json(200, representations.caller_identity())


def get_versions(call: Call) -> Response:
    """Return the API versions, of which there is one."""
    versions = {"validVersions": [VERSION], "latestVersion": VERSION, "currentVersion": VERSION}
    return Response.json(200, versions | {"beta": False})


def show_page(call: Call) -> Response:
    """Return the status page."""
    return Response.of(200, status_page.render(call.state.destinations()), "text/html; charset=utf-8")


#: Path → method → function. A star matches one segment, which is passed to the function.
ROUTES: Mapping[str, Mapping[str, Callable[..., Response]]] = {
    "/": {"GET": show_page},
    "/settings/integrations": {"GET": show_page},
    "/api/v2/destinations": {"GET": list_destinations},
    "/api/v2/destinations/*/*": {"POST": create_destination},
    "/api/v2/destinations/*/*/*": {
        "GET": get_destination,
        "PATCH": patch_destination,
        "DELETE": delete_destination,
    },
    "/api/v2/destinations/projects/*/environments/*/generate-trust-policy": {"POST": generate_trust_policy},
    "/api/v2/projects": {"GET": list_projects},
    "/api/v2/projects/*": {"GET": get_project},
    "/api/v2/projects/*/environments": {"GET": list_environments},
    "/api/v2/projects/*/environments/*": {"GET": get_environment},
    "/api/v2/projects/*/context-kinds": {"GET": list_context_kinds},
    "/api/v2/caller-identity": {"GET": get_caller_identity},
    "/api/v2/versions": {"GET": get_versions},
}
PATTERNS = [(re.compile(re.escape(path).replace(r"\*", "([^/]+)")), methods) for path, methods in ROUTES.items()]


class App:
    """The WSGI application over a :class:`State`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request; any error becomes an error body."""
        try:
            response = self._respond(environ)
        except Refusal as refusal:
            response = refusal.response
        except Exception as error:  # noqa: BLE001  # last resort: respond to every request
            # Only the type is logged: the message may quote the request.
            logger.error("The sandbox failed with %s.", type(error).__name__)
            response = Response.error(500)
        headers = dict(response.headers) | _version_header(environ)
        start_response(status_line(response.status), list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    def _respond(self, environ: WSGIEnvironment) -> Response:
        method = environ["REQUEST_METHOD"]
        path = _path(environ)
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        may_write = True
        if path.startswith("/api/"):
            token = environ.get("HTTP_AUTHORIZATION", "")
            may_write = is_writer(token)
            _check_token(token, method)
            _check_version(environ)
        for pattern, methods in PATTERNS:
            if match := pattern.fullmatch(path):
                function = methods.get("GET" if method == "HEAD" else method)
                if function is None:
                    raise Refusal(405, headers={"Allow": ", ".join(methods)})
                body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                call = Call(self._state, query, body, may_write)
                return function(call, *match.groups())
        raise Refusal(404)


def is_writer(token: str) -> bool:
    """Return whether the token has write permission."""
    return token.startswith("api-") and not token.startswith("api-readonly")


def _check_token(token: str, method: str) -> None:
    """Refuse a malformed token (401), and a write with a read-only token (403)."""
    if not token.startswith("api-"):
        raise Refusal(401)
    if method not in READS and not is_writer(token):
        raise Refusal(403)


def _check_version(environ: WSGIEnvironment) -> None:
    # Assumption: an unknown version is a bad request. Without the header the token's default version applies, which
    # here is the current one.
    if environ.get("HTTP_LD_API_VERSION", str(VERSION)) != str(VERSION):
        raise Refusal(400, "Unknown LD-API-Version")


def _version_header(environ: WSGIEnvironment) -> dict[str, str]:
    sent = environ.get("HTTP_LD_API_VERSION") == str(VERSION)
    return {"LD-API-Version": str(VERSION)} if sent else {}


def _path(environ: WSGIEnvironment) -> str:
    try:
        return str(environ["PATH_INFO"]).encode("latin-1").decode()
    except UnicodeDecodeError:
        raise Refusal(404) from None


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(400)
    return body


def _expands_environments(call: Call) -> bool:
    return "environments" in call.query.get("expand", "").split(",")
