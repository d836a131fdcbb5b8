"""How these tests speak to the sandbox: through the standard library's client, so that nothing is smoothed over."""

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
    """An answer: its status, its headers with names in lower case, and its body."""

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


def ask_on(
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


def ask(
    sandbox: SandboxServer,
    method: str,
    path: str,
    body: object = None,
    token: str | None = TOKEN,
    **headers: str,
) -> Reply:
    """Send one request on a connection of its own."""
    with closing(connect(sandbox)) as connection:
        return ask_on(connection, method, path, body, token, **headers)


def create(sandbox: SandboxServer, place: str = "web-shop/staging", **changes: object) -> Reply:
    """Create a Kinesis destination, or one with other values."""
    body = {"name": "Clicks", "kind": "kinesis", "on": False, "config": KINESIS} | changes
    return ask(sandbox, "POST", f"/api/v2/destinations/{place}", body)


def send_raw(sandbox: SandboxServer, data: bytes, *, end: bool = True) -> bytes:
    """Send bytes and return everything that comes back until the sandbox closes the connection."""
    address = urlsplit(sandbox.url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=5) as plug:
        plug.sendall(data)
        if end:
            plug.shutdown(socket.SHUT_WR)
        received = b""
        while piece := plug.recv(65536):
            received += piece
        return received
