"""The start page: results follow the typing, are announced, and are in the URL."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from destinations_ui.sandbox import SandboxServer
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor
from tests.support.product import Product

pytestmark = pytest.mark.browser


def test_results_follow_the_typing_and_are_announced(oskar: Visitor) -> None:
    page = oskar.open("/")
    search = page.get_by_label("Search projects")

    search.press_sequentially("web")

    expect(page.get_by_role("status")).to_contain_text("0 of 4 environments export events, in 1 project matching “web”")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Web shop"])
    expect(page).to_have_url(f"{oskar.url}/?q=web")
    expect(search).to_be_focused()
    search.fill("")
    expect(page.get_by_role("heading", level=2)).to_have_count(3)
    expect(page).to_have_url(f"{oskar.url}/")


def test_a_filter_and_a_search_go_together(oskar: Visitor) -> None:
    page = oskar.open("/")
    page.get_by_role("link", name="Critical").click()
    expect(page).to_have_url(f"{oskar.url}/?show=critical")

    page.get_by_label("Search projects").fill("mobile")

    expect(page).to_have_url(f"{oskar.url}/?show=critical&q=mobile")
    expect(page.get_by_role("status")).to_contain_text("Showing 1 critical")
    page.get_by_role("link", name="Exporting").click()
    expect(page).to_have_url(f"{oskar.url}/?show=exporting&q=mobile")
    expect(page.get_by_role("link", name="Development events in LaunchDarkly")).to_be_visible()


def test_a_step_back_leads_to_the_results(oskar: Visitor) -> None:
    page = oskar.open("/")
    page.get_by_label("Search projects").fill("mobile")
    expect(page).to_have_url(f"{oskar.url}/?q=mobile")
    page.get_by_role("link", name="Create destination in Mobile app, Staging").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New destination")

    page.go_back()

    expect(page.get_by_role("heading", level=2)).to_have_text(["Mobile app"])
    expect(page.get_by_label("Search projects")).to_have_value("mobile")


def test_a_refresh_is_announced_and_keeps_search_and_focus(
    oskar: Visitor, sandbox: SandboxServer, product: Product
) -> None:
    page = oskar.open("/?q=web")
    sandbox.add_project("web-archive", "Web archive")
    shutil.rmtree(product.folder / "cache")  # A list is read again after two seconds at the earliest.
    refresh = page.get_by_role("link", name="Refresh")

    refresh.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("in 2 projects matching “web”")
    expect(refresh).to_be_focused()
    expect(page).to_have_url(f"{oskar.url}/?q=web")


def test_what_is_listed_last_opens_by_keyboard(oskar: Visitor) -> None:
    page = oskar.open("/")
    folded = page.get_by_text("drops-after-write")
    expect(folded).to_be_hidden()

    page.get_by_role("heading", name="Faults").locator("xpath=..").press("Enter")

    expect(folded).to_be_visible()
    assert not problems(page)


def test_without_scripts_the_button_searches(visit: Visit) -> None:
    page = visit("operator", java_script_enabled=False).open("/?show=critical")
    page.get_by_label("Search projects").fill("web")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("heading", level=2)).to_have_text(["Web shop"])
    expect(page.get_by_text("Showing 1 critical")).to_be_visible()


def test_long_names_and_many_states_fit_every_width(oskar: Visitor, sandbox: SandboxServer) -> None:
    sandbox.add_project("long", "A name without an end " * 10)
    sandbox.add_environment("long", "e" * 250, "W" * 250, critical=True)
    sandbox.add_destination("long", "e" * 250, name="N" * 250, kind="x" * 100, on=False)

    assert not problems(oskar.open("/?q=long"))
    assert not problems(oskar.open("/?show=exporting&q=long"))
