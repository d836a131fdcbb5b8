"""deploy/nginx.conf in front of the product: slow clients cost it nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.postgresql import free_port
from tests.support.product import ROOT, Product, wait_until

CERTIFICATE = ROOT / "tests" / "launchdarkly" / "certificate.pem"
KEY = CERTIFICATE.with_name("key.pem")
HOST = "127.0.0.1"

MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/destinations-ui.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """nginx, listening on ``port`` over TLS, and where it logs requests."""

    port: int
    access_log: Path

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"https://{HOST}:{self.port}"

    def get(self, path: str, **headers: str) -> requests.Response:
        """Send a request through the proxy."""
        return requests.get(
            f"{self.url}{path}",
            headers=headers,
            timeout=10,
            verify=str(CERTIFICATE),
            allow_redirects=False,
        )

    def connect(self) -> socket.socket:
        """Open a connection."""
        context = ssl.create_default_context(cafile=str(CERTIFICATE))
        return context.wrap_socket(socket.create_connection((HOST, self.port), timeout=10), server_hostname=HOST)


@pytest.fixture(scope="module")
def proxy(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Run nginx with our configuration; only ports, host name and file names are other ones."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        assert os.environ.get("CI") != "true", "nginx is missing"
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    port, plain = free_port(), free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for pattern, replacement in (
        (r"server 127\.0\.0\.1:8000;", f"server 127.0.0.1:{product.port};"),
        (r"listen 80;", f"listen {HOST}:{plain};"),
        (r"listen 443 ssl;", f"listen {HOST}:{port} ssl;"),
        (r"server_name [\w.]+;", f"server_name {HOST};"),
        (r"ssl_certificate /[^;]+;", f"ssl_certificate {CERTIFICATE};"),
        (r"ssl_certificate_key /[^;]+;", f"ssl_certificate_key {KEY};"),
        (r"access_log /\S+", f"access_log {folder}/access.log"),
    ):
        text, count = re.subn(pattern, replacement, text)
        assert count, pattern
    (folder / "destinations-ui.conf").write_text(text)
    main = folder / "nginx.conf"
    main.write_text(MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    command = [program, "-c", str(main), "-p", str(folder), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)  # noqa: S603  # our own command
    process = subprocess.Popen(command)  # noqa: S603  # as above
    running = Proxy(port, folder / "access.log")
    try:
        wait_until(lambda: accepts(port), "nginx to start", folder / "error.log")
        yield running
    finally:
        process.terminate()
        process.wait(timeout=20)


def accepts(port: int) -> bool:
    """Return whether anything listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def test_slow_clients_stop_no_one(proxy: Proxy) -> None:
    slow: list[socket.socket] = []
    try:
        slow += [socket.create_connection((HOST, proxy.port), timeout=10) for _ in range(120)]
        connection: socket.socket
        for _ in range(120):
            connection = proxy.connect()
            connection.sendall(b"GET /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half")
            slow.append(connection)
        for _ in range(45):
            connection = proxy.connect()
            connection.sendall(b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nusername=")
            slow.append(connection)

        assert proxy.get("/healthz").status_code == 200
        assert proxy.get("/readyz").status_code == 200
        assert "Sign in" in proxy.get("/login/").text
    finally:
        for connection in slow:
            connection.close()


def test_headers_of_a_client_choose_neither_path_nor_host(proxy: Proxy) -> None:
    response = proxy.get(
        "/login/", **{"SCRIPT_NAME": "/elsewhere", "Script-Name": "/elsewhere", "X-Forwarded-Host": "evil.example"}
    )

    assert response.status_code == 200
    assert "elsewhere" not in response.text
    assert "evil.example" not in response.text


def test_a_body_that_is_too_large_is_refused_by_the_proxy(proxy: Proxy) -> None:
    response = requests.post(
        f"{proxy.url}/login/", data=b"x" * 600_000, timeout=10, verify=str(CERTIFICATE)
    )  # as above

    assert response.status_code == 413


def test_a_link_to_set_a_password_is_not_logged(proxy: Proxy) -> None:
    proxy.get("/password/MQ/token-of-the-link/")
    proxy.get("/login/?after=the-link")

    wait_until(lambda: "after=the-link" in proxy.access_log.read_text(), "the log", proxy.access_log)
    assert "token-of-the-link" not in proxy.access_log.read_text()
