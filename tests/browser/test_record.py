"""The page of a record: its layout, a new attempt, and confirming delivery."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer, Status
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    Visitor,
    common,
    config,
    expect_created,
    fill_common,
    fill_config,
    press_create,
)

pytestmark = pytest.mark.browser

#: The most that a record is tall at 1,280 pixels with everything folded.
HEIGHT = 1_800


def created(visitor: Visitor, kind: str, name: str) -> Page:
    """Create a destination; return its record's page."""
    page = visitor.open(f"/destinations/new/{kind}/?project=mobile-app&environment=staging")
    fill_common(page, name, reason="Asked for in OPS-7")
    fill_config(page, kinds.registry()[kind])
    press_create(page)
    expect_created(page, name)
    return page


def delivery(page: Page) -> Locator:
    """Return the section about delivery."""
    return page.get_by_role("region", name="Delivery")


def test_a_record_is_short_and_shows_request_beside_timeline(oskar: Visitor) -> None:
    page = created(oskar, "kinesis", "Short")

    assert page.evaluate("document.documentElement.scrollHeight") <= HEIGHT
    request = page.get_by_role("region", name="Request").bounding_box()
    timeline = page.get_by_role("region", name="Timeline").bounding_box()
    assert request
    assert timeline
    assert request["x"] + request["width"] <= timeline["x"]
    assert request["width"] == timeline["width"]
    page.locator("summary", has_text="Technical details").click()
    expect(page.get_by_text("Submission ID")).to_be_visible()
    assert not problems(page)


def test_trying_again_keeps_all_but_secrets_and_the_reason(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/segment/?project=web-shop&environment=staging")
    sandbox.script("POST", "/api/v2/destinations", Status(400))
    fill_common(page, "Once more", reason="Asked for in OPS-7")
    fill_config(page, kinds.registry()["segment"])
    press_create(page)
    page.get_by_role("link", name="see it in the history").click()
    page.get_by_role("link", name="Try again").click()

    expect(common(page, "name")).to_have_value("Once more")
    expect(common(page, "environment")).to_have_value("staging")
    expect(config(page, "user_id_context_kind")).not_to_have_value("")
    for empty in (config(page, "write_key"), common(page, "reason")):
        expect(empty).to_have_value("")


def test_the_time_of_the_first_event_is_filled_in_and_shown_in_local_time(visit: Visit) -> None:
    page = created(visit("operator", timezone_id="Asia/Kolkata", locale="en-GB"), "segment", "Seen at once")
    page.locator("summary", has_text="Confirm delivery").click()
    page.get_by_role("button", name="Now").click()

    seen_at = page.get_by_label("First event seen at (UTC)")
    expect(seen_at).to_have_value(re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"))
    seen_at.fill("2026-11-24T12:00:00")
    expect(page.get_by_text("Your time: 24/11/2026, 17:30:00")).to_be_visible()
    page.get_by_role("button", name="Now").click()
    page.get_by_label("Where you saw it").fill("Debugger: event 7f3a")
    assert not problems(page)
    delivery(page).get_by_role("button", name="Confirm delivery").click()
    expect(delivery(page)).to_contain_text("Debugger: event 7f3a")
    expect(page.get_by_role("heading", name="Next steps")).to_have_count(0)


def test_a_wrong_confirmation_is_corrected_at_the_form(oskar: Visitor) -> None:
    oskar.expects(422)
    page = created(oskar, "segment", "Seen too early")
    page.locator("summary", has_text="Confirm delivery").click()
    page.get_by_label("Where you saw it").fill("Debugger: event 7f3a")
    delivery(page).get_by_role("button", name="Confirm delivery").click()

    expect(delivery(page).get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Where you saw it")).to_have_value("Debugger: event 7f3a")
    assert not problems(page)
    delivery(page).get_by_role("link", name="Enter when you saw the first event").click()
    expect(page.get_by_label("First event seen at (UTC)")).to_be_focused()


def test_the_way_back_to_the_history_keeps_its_filters(oskar: Visitor) -> None:
    created(oskar, "segment", "There and back")
    page = oskar.open("/history/?kind=segment&q=There+and")
    page.get_by_role("link", name="There and back").click()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="History (filtered)").click()

    expect(page).to_have_url(re.compile(r"/history/\?q=There\+and&kind=segment$"))
    expect(page.get_by_role("link", name="There and back")).to_be_visible()
