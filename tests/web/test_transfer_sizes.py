"""How many bytes go over the wire, as gunicorn and WhiteNoise serve them to a browser."""

from __future__ import annotations

import re

import pytest
import requests

from destinations_ui import kinds
from tests.support.product import Product, signed_in

FRAGMENT = {"HX-Request": "true", "HX-Target": "kind-fields"}


@pytest.fixture(scope="module")
def session(product: Product) -> requests.Session:
    """Sign in once for all of them."""
    return signed_in(product)


def size(session: requests.Session, url: str, headers: dict[str, str] | None = None) -> int:
    """Return the bytes of a response's body, compressed as it was transferred."""
    accepted = {"Accept-Encoding": "gzip, deflate, br"} | (headers or {})
    response = session.get(url, headers=accepted, stream=True, timeout=60)
    response.raise_for_status()
    return len(response.raw.read(decode_content=False))


@pytest.mark.parametrize("slug", kinds.registry())
def test_a_first_visit_to_the_form_is_small(product: Product, session: requests.Session, slug: str) -> None:
    url = f"{product.url}/destinations/new/{slug}/"
    assets = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', session.get(url, timeout=60).text)

    sizes = {name: size(session, product.url + name) for name in assets} | {"html": size(session, url)}

    assert len(assets) == 5
    assert sum(sizes.values()) <= 31_000, sizes


@pytest.mark.parametrize("slug", kinds.registry())
def test_a_kind_switch_is_small(product: Product, session: requests.Session, slug: str) -> None:
    assert size(session, f"{product.url}/destinations/new/{slug}/", FRAGMENT) <= 2_500


@pytest.mark.parametrize("slug", kinds.registry())
def test_what_the_first_focus_loads_is_small(product: Product, session: requests.Session, slug: str) -> None:
    html = session.get(f"{product.url}/destinations/new/{slug}/", timeout=60).text
    loaded = re.findall(r'data-(?:kind-spec|fields|filling|paste)="(/[^"]+)"', html)

    sizes = {name: size(session, product.url + name) for name in loaded}

    assert len(loaded) == 4
    assert sum(sizes.values()) <= 11_000, sizes
