"""A Chromium for the session, and users who visit the product with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from destinations_ui.sandbox import SandboxServer
from tests.browser.visitor import Visitor, sign_in
from tests.support import chromium as browser_path
from tests.support.product import Product

ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root, in a container
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
]

#: Returns a visitor: ``visit("operator", java_script_enabled=False)``. With "", nobody is signed in.
Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Run one Chromium for all tests."""
    path = browser_path.find()
    if path is None:
        message = "CHROMIUM WAS NOT FOUND: nothing was tested in a browser. Install it, or name it in CHROMIUM."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, running_sandbox: SandboxServer) -> Iterator[Product]:
    """Run a product for these tests only: their wrong passwords lock sign-in for no other test.

    Its timeout for LaunchDarkly is longer, so that tests can check requests in progress.
    """
    running = Product(tmp_path_factory.mktemp("product-in-browser"), running_sandbox.url)
    running.environment |= {"LAUNCHDARKLY_TIMEOUT": "15", "CACHE_FOLDER": str(running.folder / "cache")}
    with running:
        yield running


@pytest.fixture(autouse=True)
def sandbox(running_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """Reset the sandbox for each test."""
    running_sandbox.reset()
    yield running_sandbox
    running_sandbox.reset()


@pytest.fixture(scope="session")
def cookies(chromium: Browser, product: Product) -> Callable[[str], StorageState]:
    """Return the cookies of a signed-in user; each signs in once, because checking a password is slow."""
    kept: dict[str, StorageState] = {}

    def of(name: str) -> StorageState:
        if name not in kept:
            with chromium.new_context() as context:
                page = context.new_page()
                page.goto(f"{product.url}/login/")
                sign_in(page, name)
                page.wait_for_url(f"{product.url}/")
                kept[name] = context.storage_state()
        return kept[name]

    return of


@pytest.fixture
def visit(chromium: Browser, product: Product, cookies: Callable[[str], StorageState]) -> Iterator[Visit]:
    """Let users visit, with an empty cache, and check that no browser reported an unexpected error."""
    shutil.rmtree(product.folder / "cache", ignore_errors=True)
    visitors: list[Visitor] = []

    def start(username: str = "", **options: Any) -> Visitor:
        state = {"storage_state": cookies(username)} if username else {}
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | state | options)
        visitors.append(Visitor(context, product.url))
        return visitors[-1]

    yield start
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert not complaints


@pytest.fixture
def oskar(visit: Visit) -> Visitor:
    """A signed-in operator."""
    return visit("operator")
