"""Sending the form: double clicks, lost requests, and late or unknown responses."""

from __future__ import annotations

import json
import threading

import pytest
from playwright.sync_api import Page, Route, expect

from destinations_ui import kinds
from destinations_ui.sandbox import Fault, Hang, SandboxServer, Status
from destinations_ui.sandbox.faults import Exchange
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    Visitor,
    common,
    config,
    expect_created,
    expect_record,
    fill_common,
    fill_config,
    poll_until,
    press_create,
)

pytestmark = pytest.mark.browser

SEGMENT = kinds.registry()["segment"]
SECRET = "typedAndStillThere0123456789abcd"
#: Console messages of htmx and the browser when a request fails.
LOST = ("failed: POST", "ERR_FAILED", "ERR_INTERNET_DISCONNECTED", "htmx:(afterRequest|sendError)")


class Held(Fault):
    """Waits for an event, then responds or runs another fault."""

    def __init__(self, then: Fault | None = None) -> None:
        self.sign = threading.Event()
        self.then = then

    def act(self, exchange: Exchange) -> None:
        """Wait, then respond or run the other fault."""
        self.sign.wait(timeout=10)
        if self.then:
            self.then.act(exchange)
        else:
            exchange.respond(exchange.carry_out())


def begin(visitor: Visitor, name: str, place: str = "project=web-shop&environment=staging") -> Page:
    """Fill the form for Segment."""
    page = visitor.open(f"/destinations/new/segment/?{place}")
    fill_common(page, name, reason="Kept reason")
    fill_config(page, SEGMENT, write_key=SECRET)
    return page


def expect_unchanged(page: Page, name: str) -> None:
    """Expect the typed values to be unchanged and the button to be enabled."""
    expect(common(page, "name")).to_have_value(name)
    expect(common(page, "environment")).to_have_value("staging")
    expect(common(page, "reason")).to_have_value("Kept reason")
    expect(config(page, "write_key")).to_have_value(SECRET)
    expect(page.locator("#create")).to_be_enabled()
    expect(page.locator("#create")).to_have_accessible_name("Create destination")


def records(visitor: Visitor, name: str) -> list[str]:
    """Return the history's rows of the attempts with this name."""
    tab = visitor.new_tab(f"/history/?q={name.replace(' ', '+')}")
    rows = tab.get_by_role("row").filter(has_text=name).all_text_contents()
    tab.close()
    return rows


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_double_click_creates_one_destination(visit: Visit, sandbox: SandboxServer, scripts: bool) -> None:
    name = f"Clicked twice, scripts {scripts}"
    oskar = visit("operator", java_script_enabled=scripts)
    # The first response is late enough for the second click.
    sandbox.script("POST", "/api/v2/destinations", Hang(0.5))
    page = begin(oskar, name)
    page.locator("#create").dblclick(no_wait_after=True)
    expect_record(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert sandbox.count("POST") == 1
    assert len(records(oskar, name)) == 1


def test_the_button_shows_that_it_is_sending(oskar: Visitor, sandbox: SandboxServer) -> None:
    held = Held()
    sandbox.script("POST", "/api/v2/destinations", held)
    page = begin(oskar, "Takes a while")
    press_create(page)
    assert sandbox.wait_for("POST")
    expect(page.get_by_text("Sending…")).to_be_visible()
    expect(page.locator("#create")).to_be_disabled()
    held.sign.set()
    expect_created(page, "Takes a while")


def test_a_failed_request_can_be_sent_again(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(*LOST)
    page = begin(oskar, "Never arrived")
    oskar.context.set_offline(True)
    press_create(page)
    notice = page.get_by_role("alert").filter(has_text="The connection was lost")
    expect(notice).to_be_focused()
    expect_unchanged(page, "Never arrived")
    assert sandbox.count("POST") == 0
    oskar.context.set_offline(False)
    press_create(page)
    expect_created(page, "Never arrived")
    assert sandbox.count("POST") == 1
    assert len(records(oskar, "Never arrived")) == 1


def test_sending_again_after_a_lost_response_opens_the_record(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(*LOST)
    page = begin(oskar, "Answer lost")

    def lose_the_response(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/destinations/new/**", lose_the_response)
    press_create(page)
    expect(page.get_by_role("alert").filter(has_text="The connection was lost")).to_be_focused()
    expect_unchanged(page, "Answer lost")
    page.unroute("**/destinations/new/**")
    press_create(page)
    expect_created(page, "Answer lost")
    assert sandbox.count("POST") == 1
    assert len(records(oskar, "Answer lost")) == 1


@pytest.mark.parametrize("status", [200, 422, 502])
def test_a_foreign_page_is_not_swapped_into_the_form(oskar: Visitor, status: int) -> None:
    oskar.expects(status, "Response Status Error Code")
    page = begin(oskar, f"Proxy says {status}")
    body = "<!doctype html><title>Proxy</title><h1>A word from the proxy</h1>"
    page.route("**/destinations/new/segment/", lambda route: route.fulfill(status=status, body=body))
    press_create(page)
    expect(page.get_by_role("alert").filter(has_text="The connection was lost")).to_be_focused()
    expect(page.get_by_text("A word from the proxy")).to_have_count(0)
    expect_unchanged(page, f"Proxy says {status}")
    page.unroute("**/destinations/new/segment/")
    press_create(page)
    expect_created(page, f"Proxy says {status}")


def test_an_unknown_outcome_is_shown(oskar: Visitor) -> None:
    page = begin(oskar, "Who knows", "project=faults&environment=server-error")
    press_create(page)
    expect_record(page)
    expect(page.get_by_text("We don’t know yet whether it was created")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Unknown")
    expect(page.get_by_text("LaunchDarkly created the destination")).to_have_count(0)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (None, "LaunchDarkly created the destination"),
        (Status(409), "LaunchDarkly rejected the request. Nothing was created."),
    ],
    ids=["created", "refused"],
)
def test_a_record_open_in_another_tab_updates_by_itself(
    oskar: Visitor, sandbox: SandboxServer, fault: Fault | None, verdict: str
) -> None:
    oskar.expects(422)
    held = Held(fault)
    name = f"Watched until {verdict}"
    sandbox.script("POST", "/api/v2/destinations", held)
    page = begin(oskar, name)
    press_create(page)
    assert sandbox.wait_for("POST")

    oskar.context.clock.install()
    tab = oskar.new_tab("/history/")
    row = tab.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Sending")
    row.get_by_role("link", name=name).click()
    expect(tab.get_by_text("Sending to LaunchDarkly")).to_be_visible()
    tab.evaluate("window.stillLoaded = true")

    held.sign.set()
    poll_until(tab.get_by_text(verdict, exact=True))
    assert tab.evaluate("window.stillLoaded")
    expect(tab.locator("[hx-trigger]")).to_have_count(0)


def test_one_form_sent_from_two_tabs_has_one_record(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = begin(oskar, "From two tabs")
    used = common(page, "submission").input_value()
    press_create(page)
    expect_created(page, "From two tabs")
    tab = begin_again(oskar, used)
    press_create(tab)
    expect_created(tab, "From two tabs")
    assert tab.url == page.url
    [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
    assert sent["name"] == "From two tabs"


def begin_again(oskar: Visitor, submission: str) -> Page:
    """Return a tab with the same form, as a browser restores it."""
    tab = oskar.new_tab("/destinations/new/segment/?project=web-shop&environment=staging")
    fill_common(tab, "From two tabs", reason="Kept reason")
    fill_config(tab, SEGMENT, write_key=SECRET)
    common(tab, "submission").evaluate("(field, value) => (field.value = value)", submission)
    return tab
