"""An HTTP client for the sandbox, on the standard library's, which corrects nothing."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from destinations_ui.sandbox import SandboxServer

TOKEN = "api-sandbox"
KINESIS = {
    "region": "us-east-1",
    "roleArn": "arn:aws:iam::123456789012:role/marketingadmin",
    "streamName": "cat-stream",
}


@dataclass(frozen=True)
class Reply:
    """A response: status, headers with names in lower case, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def connect(sandbox: SandboxServer) -> http.client.HTTPConnection:
    """Return a connection, which the caller closes."""
    return http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)


def send_on(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: object = None,
    token: str | None = TOKEN,
    **headers: str,
) -> Reply:
    """Send one request on a connection. Underscores in the names of headers become hyphens."""
    data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["Authorization"] = token
    connection.request(method, path, data, sent)
    response = connection.getresponse()
    return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def send(
    sandbox: SandboxServer,
    method: str,
    path: str,
    body: object = None,
    token: str | None = TOKEN,
    **headers: str,
) -> Reply:
    """Send one request on a new connection."""
    with closing(connect(sandbox)) as connection:
        return send_on(connection, method, path, body, token, **headers)


def create(sandbox: SandboxServer, environment: str = "web-shop/staging", **changes: object) -> Reply:
    """Create a Kinesis destination, with ``changes`` to the request."""
    body = {"name": "Clicks", "kind": "kinesis", "on": False, "config": KINESIS} | changes
    return send(sandbox, "POST", f"/api/v2/destinations/{environment}", body)


def send_raw(sandbox: SandboxServer, data: bytes, *, end: bool = True) -> bytes:
    """Send bytes and return everything received until the sandbox closes the connection."""
    address = urlsplit(sandbox.url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=5) as sock:
        sock.sendall(data)
        if end:
            sock.shutdown(socket.SHUT_WR)
        received = b""
        while piece := sock.recv(65536):
            received += piece
        return received
