"""The overview on the history's page: it loads after the page, shifts nothing, and can fail."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from destinations_ui import kinds
from destinations_ui.audit.models import Outcome
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, expect_created, fill_common, fill_config, first_held, hold, press_create
from tests.support.product import Product

pytestmark = pytest.mark.browser

#: Sums up layout shifts. https://web.dev/articles/cls
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
#: The layout shift, after two more frames; a thousandth of the window is invisible.
SHIFTED = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(+window.shifted.toFixed(3))))))"""
#: Every outcome, more kinds than are listed, and names of any length, over many weeks.
EVERYTHING = f"""
from datetime import timedelta
from django.utils import timezone
from destinations_ui.audit.models import AuditRecord
from tests.support.attempts import new_record
kinds = ["kinesis", "segment", "snowflake-v2", *("a-kind-of-the-future-" * 2 + str(number) for number in range(6))]
AuditRecord.objects.bulk_create(
    new_record(kind=kind, outcome=outcome, name="In the picture", duration_ms=123456,
               created_at=timezone.now() - timedelta(days=9 * number))
    for number, kind in enumerate(kinds) for outcome in {Outcome.values!r} if outcome != "pending"
)
"""
OVERVIEW = re.compile(r"/history/overview/")


@pytest.fixture(scope="module", autouse=True)
def everything(product: Product) -> None:
    """Write records of every type."""
    product.manage("shell", "-c", EVERYTHING)


@pytest.mark.parametrize("width", [1280, 1000, 768, 414, 320])
@pytest.mark.parametrize("has_touch", [False, True], ids=["mouse", "touch"])
def test_it_loads_by_itself_without_layout_shift(visit: Visit, width: int, has_touch: bool) -> None:
    options = {"has_touch": True, "is_mobile": True} if has_touch else {}
    oskar = visit("operator", viewport={"width": width, "height": 2_000}, **options)
    oskar.context.add_init_script(SHIFTS)
    held = hold(oskar.page, OVERVIEW)
    page = oskar.open("/history/?q=In the picture")
    below = page.locator(".records")
    expect(below).to_be_visible()
    before = below.bounding_box()

    first_held(page, held).continue_()

    expect(page.get_by_role("link", name="unresolved: check now")).to_be_visible()
    if width >= 992:
        expect(page.get_by_role("group", name="Attempts over time")).to_be_visible()
    assert below.bounding_box() == before
    assert page.evaluate(SHIFTED) == 0
    assert page.evaluate("document.activeElement === document.body")


def test_it_is_accessible(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open("/history/?q=In the picture")
    expect(page.get_by_role("group", name="Attempts over time")).to_be_visible()
    assert not problems(page)
    for query in ("?q=In the picture", "?q=nothing-is-called-that", "?since=yesterday&kind=kinesis"):
        oskar.open(f"/history/overview/{query}")
        assert not problems(page)


def test_a_bar_tells_its_numbers_and_leads_to_its_attempts(oskar: Visitor) -> None:
    page = oskar.open("/history/?q=In the picture&outcome=refused")
    bar = page.get_by_role("group", name="Attempts over time").get_by_role("link").first
    numbers = bar.locator("span")
    for show in (bar.hover, bar.focus):
        page.mouse.move(0, 0)
        page.locator("body").click(position={"x": 1, "y": 1})
        expect(numbers).to_have_css("opacity", "0")
        show()
        expect(numbers).to_have_css("opacity", "1")
    expect(numbers).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d: 1 attempt \(1 refused\)$"))
    bar.click()
    expect(page.get_by_role("row").filter(has_text="In the picture")).to_have_count(1)
    expect(page.get_by_label("Outcome")).to_have_value("refused")
    expect(page.get_by_role("link", name="Remove From (UTC)")).to_be_visible()


def respond_502(route: Route) -> None:
    """Respond as a proxy whose upstream is down."""
    route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html")


@pytest.mark.parametrize(
    ("fail", "complaints"),
    [
        (lambda route: route.abort(), ("failed: GET", "ERR_FAILED", "htmx:(afterRequest|sendError)")),
        (respond_502, (502, "Response Status Error Code 502")),
    ],
    ids=["no connection", "a proxy's response"],
)
def test_a_failed_load_is_reported_in_its_place(
    oskar: Visitor, fail: Callable[[Route], None], complaints: tuple[str | int, ...]
) -> None:
    oskar.expects(*complaints)
    page = oskar.page
    oskar.context.add_init_script(SHIFTS)
    page.route(OVERVIEW, lambda route: fail(route))
    oskar.open("/history/?q=In the picture")
    place = page.get_by_role("region", name="Overview")
    expect(place.get_by_text("Couldn’t load the chart.")).to_be_visible()
    expect(page.locator("#messages")).to_be_empty()
    assert page.evaluate("document.activeElement === document.body")
    assert page.evaluate(SHIFTED) == 0
    assert not problems(page)
    page.unroute(OVERVIEW)
    place.get_by_role("link", name="Overview").click()
    expect_overview(page)
    expect(page.get_by_text("Search: In the picture")).to_be_visible()


def test_an_ended_session_does_not_move_the_focus(oskar: Visitor) -> None:
    oskar.expects(401, "Response Status Error Code 401")
    page = oskar.page
    held = hold(page, OVERVIEW)
    oskar.open("/history/?q=In the picture")
    expect(page.locator(".records")).to_be_visible()
    oskar.context.clear_cookies(name="sessionid")
    page.get_by_label("Search").focus()

    first_held(page, held).continue_()

    expect(page.get_by_text("Couldn’t load the chart.")).to_be_visible()
    expect(page.locator("#messages")).to_be_empty()
    expect(page.get_by_label("Search")).to_be_focused()


def test_without_scripts_a_link_opens_it(visit: Visit) -> None:
    page = visit("operator", java_script_enabled=False).open("/history/?kind=segment")
    page.get_by_role("link", name="Overview").click()
    expect_overview(page)
    page.get_by_role("link", name="Back to the history").click()
    expect(page.get_by_label("Type")).to_have_value("segment")


def test_a_new_record_is_in_it(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/google-pubsub/?project=web-shop&environment=staging")
    fill_common(page, "Just seen")
    fill_config(page, kinds.registry()["google-pubsub"])
    press_create(page)
    expect_created(page, "Just seen")
    oskar.open("/history/overview/?q=Just seen")
    expect(page.get_by_text("1 attempt", exact=True)).to_be_visible()


def expect_overview(page: Page) -> None:
    """Expect the overview's own page."""
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    expect(page.get_by_role("group", name="Attempts over time")).to_be_visible()
