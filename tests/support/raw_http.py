"""Requests byte by byte, as no HTTP client would send them."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from http.client import HTTPResponse
from urllib.parse import urlsplit


def send(url: str, method: str, target: str, headers: Iterable[str] = (), body: bytes = b"") -> HTTPResponse:
    """Send a request to the server of ``url`` and return its response, read to the end."""
    address = urlsplit(url)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {address.netloc}", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        response = HTTPResponse(connection, method=method)
        response.begin()
        response.read()
    return response
