"""Malformed requests, sent byte by byte to the running server: each URL responds with 4xx and every security header."""

from __future__ import annotations

from http.client import HTTPResponse

import pytest

from tests.support.product import Product, signed_in
from tests.support.raw_http import send
from tests.web.test_every_url import ROUTES, address

#: Paths of every route, Django's admin included.
PATHS = sorted({address(route) for route in ROUTES})
BODY = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\\ud800\xff\r\n--x--\r\n'
CONTENT_TYPES = [
    *(
        f"application/x-www-form-urlencoded; charset={charset}"
        for charset in ("rot13", "punycode", "idna", "utf-16", "hex", "unicode_escape", "\xff", "nonsense")
    ),
    "multipart/form-data; boundary=x; charset=utf-7",
    "multipart/form-data; boundary*=nonsense''%41",
    "a/b; charset*=utf-8''%00",
    "\xff\xfe",
]
#: What the request class lets through and only a parser can refuse; PUT and DELETE are never parsed.
BOUNDARIES = ["multipart/form-data", "multipart/form-data; boundary=\xff", "multipart/form-data; boundary*=utf-8''%ff"]
HEADERS = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-Request-ID",
)


def refused(response: HTTPResponse) -> bool:
    """Return whether a response is 400 with every header."""
    return response.status == 400 and all(response.getheader(name) for name in HEADERS)


def responded(response: HTTPResponse) -> bool:
    """Return whether a response is no server error and has every header."""
    return response.status < 500 and all(response.getheader(name) for name in HEADERS)


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_an_unreadable_content_type_is_refused_everywhere(product: Product, content_type: str) -> None:
    headers = [f"Content-Type: {content_type}"]

    for path in PATHS:
        assert refused(send(product.url, "POST", f"{path}?a=%ff", headers, BODY)), path
    for method in ("GET", "PUT", "DELETE"):
        assert refused(send(product.url, method, "/history/?a=%ff", headers, BODY)), method


@pytest.mark.parametrize("content_type", BOUNDARIES)
def test_an_odd_boundary_is_no_server_error(product: Product, content_type: str) -> None:
    headers = [f"Content-Type: {content_type}"]

    for path in PATHS:
        assert responded(send(product.url, "POST", path, headers, BODY)), path
    for method in ("GET", "PUT", "DELETE"):
        assert responded(send(product.url, method, "/history/", headers, BODY)), method


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "timezone", "anything"])
def test_a_cookie_with_a_nul_is_refused_everywhere(product: Product, name: str) -> None:
    for path in PATHS:
        assert refused(send(product.url, "GET", path, [f'Cookie: {name}="a\\000b"'])), path


def test_a_path_with_a_nul_is_refused_everywhere(product: Product) -> None:
    for path in PATHS:
        assert refused(send(product.url, "GET", f"{path}%00")), path


@pytest.mark.parametrize(
    "header",
    [
        "SCRIPT_NAME: /elsewhere",
        "SCRIPT_NAME: \xff",
        "PATH_INFO: /healthz",
        "X-Forwarded-For: [::1",
        "X-Forwarded-For: \xff",
        "X-Forwarded-Proto: \xff",
        "Forwarded: for=\xff",
        f"Cookie: sessionid={'x' * 5000}",
        'Cookie: sessionid="\\377\\376"',
        f"User-Agent: {'x' * 8000}",
        "HX-Current-URL: http://[",
        "Referer: http://[",
        "Origin: \xff",
    ],
)
def test_an_odd_header_is_no_server_error(product: Product, header: str) -> None:
    for path in PATHS:
        assert responded(send(product.url, "GET", path, [header])), path
    assert responded(send(product.url, "POST", "/login/", [header]))


@pytest.mark.parametrize("header", ["SCRIPT_NAME: /elsewhere", "PATH_INFO: /healthz"])
def test_a_header_does_not_change_the_path(product: Product, header: str) -> None:
    response = send(product.url, "GET", "/history/", [header])

    assert (response.status, response.getheader("Location")) == (302, "/login/?next=/history/")


@pytest.mark.parametrize("host", ["evil.example", "[::1]:99999", "user@127.0.0.1"])
def test_another_host_in_an_absolute_url_is_no_server_error(product: Product, host: str) -> None:
    for path in PATHS:
        assert responded(send(product.url, "GET", f"http://{host}{path}")), path


@pytest.mark.parametrize("target", ["//", "//[x]/", "/x@[", "/%", "/%zz", "/%2e%2e/", "/" + "x" * 4000, "/\\x"])
def test_an_odd_target_is_no_server_error(product: Product, target: str) -> None:
    assert responded(send(product.url, "GET", target))


@pytest.mark.parametrize("query", ["q=%00", "username=%00", "actor=%00", "outcome=%00", "o=%00", "p=%00", "term=%00"])
def test_a_nul_in_a_query_is_no_server_error(product: Product, query: str) -> None:
    cookie = f"sessionid={signed_in(product, 'administrator').cookies['sessionid']}"
    query += "&app_label=auth&model_name=user&field_name=groups"

    for path in PATHS:
        assert responded(send(product.url, "GET", f"{path}?{query}", [f"Cookie: {cookie}"])), path


def test_a_nul_in_a_form_is_no_server_error(product: Product) -> None:
    session = signed_in(product, "administrator")
    token = session.cookies["csrftoken"]
    headers = [
        f"Cookie: sessionid={session.cookies['sessionid']}; csrftoken={token}",
        f"X-CSRFToken: {token}",
        "Content-Type: application/x-www-form-urlencoded",
    ]
    body = "&".join(f"{name}=%00a" for name in ("username", "password", "next", "action", "_selected_action")).encode()

    for path in PATHS:
        # To sign out would spoil the other requests.
        if path != "/logout/":
            assert responded(send(product.url, "POST", path, headers, body)), path
