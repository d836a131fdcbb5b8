"""The overview on the history's page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from destinations_ui import kinds
from tests.browser.conftest import Visit
from tests.browser.fitness import problems
from tests.browser.visitor import Visitor, expect_created, fill_common, fill_config, press_create

pytestmark = pytest.mark.browser

SHIFTS = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0));
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(0), 500);
})"""


@pytest.fixture(autouse=True)
def one(oskar: Visitor) -> None:
    """See that there is something to look at."""
    page = oskar.open("/destinations/new/google-pubsub/?project=web-shop&environment=staging")
    fill_common(page, "To be seen")
    fill_config(page, kinds.registry()["google-pubsub"])
    press_create(page)
    expect_created(page, "To be seen")


def test_it_comes_by_itself_and_moves_nothing(oskar: Visitor) -> None:
    for width in (1280, 320):
        oskar.page.set_viewport_size({"width": width, "height": 900})
        page = oskar.open("/history/")
        expect(page.locator("svg.chart__bars")).to_be_visible()
        assert page.evaluate(SHIFTS) < 0.01
    page.get_by_text("As a table").click()
    assert not problems(page)
    oskar.open("/history/overview/?kind=google-pubsub")
    assert not problems(page)
    oskar.open("/history/overview/?q=nothing-is-called-that")
    assert not problems(page)


def test_that_it_could_not_be_loaded_is_said_in_its_place(oskar: Visitor) -> None:
    oskar.expects("failed: GET", "ERR_FAILED", "htmx:(afterRequest|sendError)")
    page = oskar.page
    page.route("**/history/overview/**", lambda route: route.abort())
    oskar.open("/history/")
    expect(page.get_by_text("It could not be loaded just now.")).to_be_visible()
    expect(page.get_by_text("The connection was lost")).to_have_count(0)
    assert not problems(page)


def test_without_scripts_a_link_leads_to_it(visit: Visit) -> None:
    page = visit("operator", java_script_enabled=False).open("/history/")
    page.get_by_role("link", name="Overview: attempts over time").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    expect(page.locator("svg.chart__bars")).to_be_visible()
