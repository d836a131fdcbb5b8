"""The history's list: filters that apply by themselves, rows, shortcuts, phones and paper."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, expect_record
from tests.support.product import Product

pytestmark = pytest.mark.browser

#: More attempts than a page has, the newest with values of any length.
RECORDS = """
from datetime import timedelta
from django.utils import timezone
from destinations_ui.audit.models import AuditRecord
from tests.support.attempts import new_record
AuditRecord.objects.bulk_create([
    *(new_record(name=f"Listed {number}", kind="segment" if number % 2 else "kinesis",
                 actor="olga" if number % 3 else "vera", outcome="unknown" if number == 58 else "succeeded",
                 created_at=timezone.now() - timedelta(days=2, minutes=60 - number)) for number in range(60)),
    new_record(name="Listed " + "x" * 240, actor="o" * 150, project="p" * 100, environment="e" * 100,
               reason="A_reason_without_a_space_" * 80, created_at=timezone.now() - timedelta(days=2)),
])
"""
#: A request that a newer one replaced.
ABORTED = "htmx:(afterRequest|sendAbort)"
HEIGHTS = "rows => rows.map((row) => row.getBoundingClientRect().height)"
VISIBLE = "rows => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"


@pytest.fixture(scope="module", autouse=True)
def records(product: Product) -> None:
    """Write the records."""
    product.manage("shell", "-c", RECORDS)


def opened(visitor: Visitor, query: str = "?q=Listed") -> Page:
    """Open the history, and wait until all of it is there."""
    page = visitor.open(f"/history/{query}")
    expect(page.locator("#total")).not_to_contain_text("on this page")
    return page


def rows(page: Page) -> list[str]:
    """Return the names of the listed attempts."""
    return page.locator(".records__name").all_inner_texts()


def test_at_least_twelve_low_rows_are_visible_without_scrolling(visit: Visit) -> None:
    page = opened(visit("operator", viewport={"width": 1280, "height": 800}), "")
    all_rows = page.locator(".records tbody tr")
    assert all_rows.evaluate_all(VISIBLE) >= 12
    assert max(all_rows.evaluate_all(HEIGHTS)) <= 44


@pytest.mark.parametrize("width", [390, 320])
def test_an_attempt_is_a_low_card_on_a_phone(visit: Visit, width: int) -> None:
    phone = visit(
        "operator", viewport={"width": width, "height": 844}, is_mobile=True, has_touch=True, timezone_id="Asia/Kolkata"
    )
    page = opened(phone)
    page.reload()
    expect(page.locator(".records__exact").first).to_contain_text("IST")
    assert max(page.locator(".records tbody tr").evaluate_all(HEIGHTS)) <= 120
    page.get_by_text("Filters", exact=True).click()
    expect(page.get_by_label("Environment")).to_be_visible()
    assert not problems(page)


def test_filters_apply_when_they_change_and_the_url_follows(oskar: Visitor) -> None:
    oskar.expects(ABORTED)
    page = opened(oskar)
    page.get_by_label("Type").select_option("segment")
    expect(page).to_have_url(re.compile(r"/history/\?q=Listed&kind=segment$"))
    expect(page.locator("#total")).to_have_text("30 attempts")
    expect(page.locator("#announcement")).to_have_text("30 attempts")
    expect(page.get_by_role("link", name="Export CSV")).to_have_attribute("href", re.compile("kind=segment"))
    page.get_by_label("Person").fill("vera")
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_contain_text("10 attempts")
    page.get_by_label("Search").fill("Listed 3")
    expect(page.locator("#total")).to_contain_text("3 attempts")
    expect(page.get_by_label("Search")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/history/\?q=Listed\+3&kind=segment&person=vera$"))
    page.reload()
    expect(page.get_by_label("Type")).to_have_value("segment")
    page.get_by_role("link", name="Remove Type: Segment").click()
    expect(page).to_have_url(re.compile(r"/history/\?q=Listed\+3&person=vera$"))
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/history/$"))


def test_people_and_projects_are_suggested(oskar: Visitor) -> None:
    page = opened(oskar)
    page.get_by_label("Person").focus()
    expect(page.locator("#people option[value='olga']")).to_be_attached()
    expect(page.locator("#projects option[value='web-shop']")).to_be_attached()
    assert page.get_by_label("Person").evaluate("input => input.list.options.length") >= 3


def test_a_day_after_the_last_is_reported_at_its_field(oskar: Visitor) -> None:
    oskar.expects(422, ABORTED)
    page = opened(oskar, "?q=Listed&until=2998-12-31")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("From (UTC)").fill("2999-01-01")
    expect(page.get_by_text("Invalid filters were ignored")).to_be_visible()
    expect(page.locator("#id_until")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert").get_by_text("This day is before the first.")).to_be_visible()
    assert not problems(page)
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("To (UTC)")).to_be_focused()
    page.get_by_label("To (UTC)").fill("2999-12-31")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Invalid filters were ignored")).to_have_count(0)


def test_a_filter_that_cannot_be_applied_is_reported(oskar: Visitor) -> None:
    oskar.expects("failed: GET", "ERR_FAILED", "htmx:(afterRequest|sendError)")
    page = opened(oskar)

    def break_off(route: Route) -> None:
        route.abort()

    page.route(re.compile(r"/history/\?"), break_off)
    page.get_by_label("Type").select_option("segment")
    expect(page.get_by_text("The list may not match the filters.")).to_be_visible()
    expect(page.get_by_label("Type")).to_have_value("segment")
    assert len(rows(page)) == 50


def test_a_value_in_a_row_filters_and_the_rest_of_the_row_opens_it(oskar: Visitor) -> None:
    page = opened(oskar)
    page.locator("tr").filter(has_text="Listed 59").get_by_role("link", name="olga").click()
    expect(page.get_by_role("link", name="Remove Person: olga")).to_be_visible()
    name = rows(page)[0]
    page.locator(".records__reason").first.click()
    expect_record(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_time_is_exact_on_hover_and_on_focus(visit: Visit) -> None:
    page = opened(visit("operator", timezone_id="Asia/Kolkata"), "?q=Listed 5")
    page.reload()
    row = page.locator(".records tbody tr").first
    exact = row.locator(".records__exact")
    expect(row.locator("time")).to_have_text("2 d ago")
    expect(exact).to_have_css("opacity", "0")
    row.locator(".records__time").hover()
    expect(exact).to_have_css("opacity", "1")
    expect(exact).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC .*IST$"))
    page.mouse.move(0, 0)
    expect(exact).to_have_css("opacity", "0")
    row.locator(".records__name a").focus()
    expect(exact).to_have_css("opacity", "1")


def test_shortcuts_search_move_open_and_explain_themselves(oskar: Visitor) -> None:
    oskar.expects(ABORTED)
    page = opened(oskar)
    links = page.locator(".records__name a")
    for key, number in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(links.nth(number)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert not problems(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type(" 1?/njk")
    expect(page.get_by_label("Search")).to_have_value("Listed 1?/njk")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_visible()
    page.get_by_role("link", name="Clear all").first.click()
    expect(page).to_have_url(re.compile("/history/$"))
    expect(page.locator("#total")).not_to_contain_text("on this page")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect_record(page)


def test_n_opens_the_form_and_shortcuts_can_be_turned_off(oskar: Visitor) -> None:
    page = opened(oskar)
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Use shortcuts on this page").uncheck()
    page.get_by_role("button", name="Close").click()
    for key in ("j", "?", "n"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("/history/"))
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Use shortcuts on this page").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/destinations/new/"))


def test_it_prints_as_a_table_with_exact_times(oskar: Visitor) -> None:
    page = opened(oskar)
    page.set_viewport_size({"width": 700, "height": 1000})
    page.emulate_media(media="print")
    expect(page.get_by_label("Search")).not_to_be_visible()
    expect(page.get_by_role("columnheader", name="Environment")).to_be_visible()
    expect(page.locator(".records tbody tr").first).to_have_css("display", "table-row")
    expect(page.locator(".records time").first).not_to_be_visible()
    expect(page.locator(".records__exact").first).to_contain_text("UTC")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_without_scripts_the_button_applies_and_links_filter(visit: Visit) -> None:
    page = visit("operator", java_script_enabled=False).open("/history/")
    page.get_by_label("Type").select_option("segment")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Remove Type: Segment")).to_be_visible()
    expect(page.get_by_role("button", name="Shortcuts")).not_to_be_visible()
    page.get_by_role("link", name="Unresolved").click()
    expect(page.get_by_label("Outcome")).to_have_value("unresolved")
