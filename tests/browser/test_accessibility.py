"""Every page and state is accessible: light and dark, desktop and phone, zoomed, with values of any length."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    Visitor,
    common,
    config,
    expect_record,
    fill_common,
    fill_config,
    press_create,
    sign_in,
)
from tests.support.product import Product

pytestmark = pytest.mark.browser

PUBSUB = kinds.registry()["google-pubsub"]
KINESIS = kinds.registry()["kinesis"]

LONG_NAME = "Very-long-name-" + "x" * 241
LONG_REASON = "A_reason_without_a_blank_" * 80
LONGEST_ARN = f"arn:aws:iam::123456789012:role/{'p' * 510}/{'r' * 64}"
TOO_LONG_ARN = f"arn:aws:iam::123456789012:role/{'-'.join(['pppppppp'] * 215)}"


def attempt(oskar: Visitor, name: str, place: str) -> Page:
    """Try to create a destination; return the page that follows."""
    page = oskar.open(f"/destinations/new/google-pubsub/?{place}")
    fill_common(page, name, reason="Asked for in OPS-7")
    fill_config(page, PUBSUB)
    with page.expect_response(lambda response: response.request.method == "POST"):
        press_create(page)
    return page


def test_signing_in(visit: Visit) -> None:
    page = visit().open("/login/")
    assert not problems(page)
    sign_in(page, "operator", "not the password")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert not problems(page)


def test_being_locked_out(visit: Visit, product: Product) -> None:
    nobody = visit()
    nobody.expects(429)
    page = nobody.open("/login/")
    try:
        while page.get_by_label("User name").count():
            with page.expect_navigation():
                sign_in(page, "nobody-of-this-name", "not the password")
        expect(page.get_by_role("heading", level=1)).to_have_text("Too many sign-in attempts")
        assert not problems(page)
    finally:
        product.manage("axes_reset")


def test_the_start_page(visit: Visit, sandbox: SandboxServer) -> None:
    sandbox.add_environment("web-shop", "k" * 200, LONG_NAME, critical=True)
    sandbox.add_destination("web-shop", "test", name=LONG_NAME, kind="a-kind-of-the-future" * 5)
    page = visit("operator").open("/?refresh=yes")
    expect(page.get_by_text(LONG_NAME).first).to_be_visible()
    assert not problems(page)
    page.get_by_label("Search projects").fill("nothing is called that " * 8)
    expect(page.get_by_role("heading", name="No project matches")).to_be_visible()
    assert not problems(page)


def test_choosing_a_kind(oskar: Visitor) -> None:
    assert not problems(oskar.open("/destinations/new/?project=web-shop&environment=staging"))


@pytest.mark.parametrize("slug", ["azure-event-hubs", "mparticle", "snowflake-v2"])
def test_the_form_of_a_kind(oskar: Visitor, slug: str) -> None:
    oskar.expects(422)
    page = oskar.open(f"/destinations/new/{slug}/?project=faults&environment=forbidden")
    assert not problems(page)
    press_create(page)
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert not problems(page)
    fill_common(page, "Refused")
    fill_config(page, kinds.registry()[slug])
    press_create(page)
    expect(page.get_by_text("LaunchDarkly rejected the request. Nothing was created.")).to_be_visible()
    page.get_by_text("LaunchDarkly’s response").click()
    assert not problems(page)


def test_a_preview_with_warnings_of_a_critical_environment(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/azure-event-hubs/?project=web-shop&environment=production")
    fill_common(page, LONG_NAME, reason=LONG_REASON)
    fill_config(page, kinds.registry()["azure-event-hubs"], policy_name="RootManageSharedAccessKey", policy_key="odd ")
    page.locator("#check").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert not problems(page)
    common(page, "critical_key").fill("production")
    page.locator("#check").click()
    expect(page.get_by_role("heading", name="Review before creating")).to_be_visible()
    expect(page.locator("#preview")).to_be_visible()
    assert not problems(page)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.locator("#check").click()
    expect(page.locator("#preview")).to_be_focused()
    common(page, "name").fill("Another name")
    expect(page.get_by_text("You changed the form after this preview")).to_be_visible()
    assert not problems(page)


def test_a_record_with_and_without_confirmed_delivery(oskar: Visitor) -> None:
    oskar.expects(422)
    page = attempt(oskar, "Fit and delivered", "project=mobile-app&environment=staging")
    page.locator("summary", has_text="Confirm delivery").click()
    page.get_by_role("button", name="Confirm delivery").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert not problems(page)
    page.get_by_label("First event seen at (UTC)").fill(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    page.get_by_label("Where you saw it").fill(LONG_REASON[:2_000])
    page.get_by_role("button", name="Confirm delivery").click()
    expect(page.get_by_text("First event at").first).to_be_visible()
    for details in page.locator("details").all():
        details.locator("summary").first.click()
    assert not problems(page)


def test_a_record_prints_completely_and_without_buttons(oskar: Visitor) -> None:
    page = attempt(oskar, "Fit for paper", "project=web-shop&environment=test")
    expect_record(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name="Fit for paper")).to_be_visible()
    expect(page.get_by_text("Sandbox: nothing here reaches LaunchDarkly.")).to_be_visible()


def test_times_are_also_in_the_users_zone_after_the_first_page(visit: Visit) -> None:
    oskar = visit("operator", timezone_id="Asia/Kolkata")
    page = attempt(oskar, "Fit in India", "project=web-shop&environment=development")
    expect_record(page)
    expect(page.locator(".local").first).to_contain_text("IST")
    assert not problems(page)


def test_the_form_with_values_that_are_too_long(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/kinesis/?project=mobile-app&environment=development")
    fill_common(page, LONG_NAME, reason=LONG_REASON)
    fill_config(page, KINESIS, role_arn=TOO_LONG_ARN, stream_name="s" * 2_000)
    press_create(page)
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(config(page, "role_arn")).to_have_value(TOO_LONG_ARN)
    assert not problems(page)


def test_a_record_and_the_history_with_the_longest_values(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/kinesis/?project=web-shop&environment=staging")
    fill_common(page, LONG_NAME, reason=LONG_REASON)
    fill_config(page, KINESIS, role_arn=LONGEST_ARN, stream_name="s" * 128)
    press_create(page)
    expect_record(page)
    expect(page.get_by_text(LONGEST_ARN, exact=True)).to_be_visible()
    assert not problems(page)
    oskar.open(f"/history/?q={LONG_NAME[:100]}")
    expect(page.get_by_role("row").filter(has_text=LONG_NAME)).to_have_count(1)
    assert not problems(page)


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("Fit and created", "project=mobile-app&environment=staging", "LaunchDarkly created the destination"),
        (
            "Fit and unknown",
            "project=faults&environment=server-error",
            "We don’t know yet whether it was created",
        ),
    ],
)
def test_a_record(oskar: Visitor, name: str, place: str, words: str) -> None:
    page = attempt(oskar, name, place)
    expect_record(page)
    expect(page.get_by_text(words)).to_be_visible()
    assert not problems(page)


def test_a_refused_record(oskar: Visitor) -> None:
    oskar.expects(422)
    page = attempt(oskar, "Fit and refused", "project=faults&environment=rate-limited")
    page.get_by_role("link", name="see it in the history").click()
    expect_record(page)
    assert not problems(page)


def test_the_history(oskar: Visitor) -> None:
    oskar.expects(422, "does not conform to the required format")
    attempt(oskar, "Fit and listed", "project=faults&environment=unauthorized")
    page = oskar.open("/history/")
    expect(page.get_by_role("row").filter(has_text="Fit and listed")).to_have_count(1)
    assert not problems(page)
    oskar.open("/history/?q=nothing-is-called-that&kind=kinesis")
    expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_visible()
    assert not problems(page)
    oskar.open("/history/?since=yesterday")
    expect(page.get_by_text("Invalid filters were ignored")).to_be_visible()
    assert not problems(page)


def test_forbidden_and_missing_pages(visit: Visit) -> None:
    vera = visit("viewer")
    vera.expects(400, 403, 404)
    for path, words in (
        ("/destinations/new/", "You don’t have permission"),
        ("/nowhere/", "Page not found"),
        ("/history/export/?format=xml", "Nothing was exported"),
    ):
        page = vera.open(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(words)
        assert not problems(page)


def test_messages_in_the_form(oskar: Visitor) -> None:
    oskar.expects(401, "failed: POST", "ERR_FAILED", "htmx:(afterRequest|sendError)")
    page = oskar.open("/destinations/new/google-pubsub/?project=web-shop&environment=staging")
    fill_common(page, "Messages")
    fill_config(page, PUBSUB)
    page.route("**/destinations/new/**", lambda route: route.abort())
    press_create(page)
    expect(page.get_by_text("The connection was lost")).to_be_visible()
    assert not problems(page)
    page.unroute("**/destinations/new/**")
    oskar.context.clear_cookies(name="sessionid")
    press_create(page)
    expect(page.get_by_role("alert").filter(has_text="You have been signed out")).to_be_visible()
    assert not problems(page)


def test_the_page_that_resumes_a_form(oskar: Visitor) -> None:
    oskar.expects(401)
    page = oskar.open("/destinations/new/google-pubsub/?project=web-shop&environment=staging")
    common(page, "name").fill(LONG_NAME)
    oskar.context.clear_cookies(name="sessionid")
    # As a browser without scripts sends it.
    page.locator("#form").evaluate("form => form.submit()")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have been signed out")
    assert not problems(page)
