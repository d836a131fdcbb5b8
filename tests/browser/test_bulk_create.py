"""Creation in several environments in a browser: one after the other, stopped in the middle, resumed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import Hang, SandboxServer, Status
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

SEGMENT = kinds.registry()["segment"]
BULK = "/destinations/new/segment/bulk/"
KEY = "sandboxWriteKey0123456789abcdefg"


def fill(page: Page) -> None:
    """Fill every row that is on the page."""
    for row in page.locator("fieldset[data-row]").all():
        place = row.locator("legend").inner_text()
        row.locator("[name$='-name']").fill(f"Users of {place}")
        row.locator("[name$='config-write_key']").fill(KEY)
        row.locator("[name$='config-user_id_context_kind']").fill("user")
        row.locator("[name$='-on'][value='false']").check()


def choose(oskar: Visitor, *environments: str) -> Page:
    """Choose environments and continue to their rows."""
    page = oskar.open(BULK)
    for environment in environments:
        page.locator(f"input[name='environment'][value='{environment}']").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("fieldset[data-row]")).to_have_count(len(environments))
    return page


def sent(sandbox: SandboxServer) -> list[str]:
    """Return the environments of the creations, in order."""
    return [request.path.split("/")[-1] for request in sandbox.requests if request.method == "POST"]


def test_three_are_created_one_after_the_other(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = oskar.open(BULK)
    assert not problems(page)
    page = choose(oskar, "web-shop/staging", "web-shop/test", "web-shop/development")
    fill(page)
    assert not problems(page)

    page.get_by_role("button", name="Create all").click()

    expect(page.get_by_text("Finished. 3 of 3 created, none left.")).to_be_visible()
    assert sorted(sent(sandbox)) == ["development", "staging", "test"]
    expect(page.locator("section[data-done='succeeded']")).to_have_count(3)
    assert KEY not in page.content()
    assert not problems(page)
    page.get_by_role("link", name=re.compile("Users of web-shop · test")).click()
    expect(page.get_by_text("LaunchDarkly created the destination")).to_be_visible()


def test_a_refusal_stops_and_the_rest_can_continue(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = choose(oskar, "web-shop/staging", "web-shop/test", "web-shop/development")
    fill(page)
    sandbox.script("POST", "/api/v2/destinations/web-shop/staging", Status(403, {"code": "forbidden"}))

    page.get_by_role("button", name="Create all").click()

    expect(page.get_by_text("0 of 3 created, 3 to go.")).to_contain_text("Stopped at web-shop · staging")
    expect(
        page.locator("#row-0").get_by_text("LaunchDarkly rejected the request. Nothing was created.")
    ).to_be_visible()
    expect(page.locator("#row-0 [name$='config-write_key']")).to_have_value(KEY)
    expect(page.locator("#row-2 [name$='config-write_key']")).to_have_value(KEY)
    assert sent(sandbox) == ["staging"]
    assert not problems(page)

    page.locator("#row-0").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Create all").click()
    expect(page.get_by_text("Finished. 2 of 2 created, none left.")).to_be_visible()


def test_it_can_be_stopped_and_the_current_request_finishes(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = choose(oskar, "web-shop/staging", "web-shop/test")
    fill(page)
    sandbox.script("POST", "/api/v2/destinations/web-shop/staging", Hang(1.0))
    page.get_by_role("button", name="Create all").click()
    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_text("Stopped. 1 of 2 created, 1 to go.")).to_be_visible()
    assert sent(sandbox) == ["staging"]
    expect(page.locator("#row-1 [name$='config-write_key']")).to_have_value(KEY)


def test_an_ended_session_stops_it_and_loses_nothing_typed(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(401)
    page = choose(oskar, "web-shop/staging", "web-shop/test")
    fill(page)
    oskar.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Create all").click()

    expect(page.get_by_role("alert").filter(has_text="You have been signed out")).to_be_visible()
    expect(page.get_by_text("Stopped. 0 of 2 created, 2 to go.")).to_be_visible()
    expect(page.locator("#row-0 [name$='config-write_key']")).to_have_value(KEY)
    assert sent(sandbox) == []


def test_a_double_click_creates_one(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = choose(oskar, "web-shop/staging", "web-shop/test")
    fill(page)
    page.get_by_role("button", name="Create in staging").dblclick()
    expect(page.locator("#row-0[data-done='succeeded']")).to_be_visible()
    assert sent(sandbox) == ["staging"]


def test_without_scripts_each_row_has_its_button(visit: Visit, sandbox: SandboxServer) -> None:
    oskar = visit("operator", java_script_enabled=False)
    page = choose(oskar, "web-shop/staging", "web-shop/test")
    fill(page)
    page.get_by_role("button", name="Create in test").click()
    expect(page.locator("section[data-done='succeeded']")).to_have_count(1)
    expect(page.locator("#row-0 [name$='-name']")).to_have_value("Users of web-shop · staging")
    page.locator("#row-0 [name$='config-write_key']").fill(KEY)
    page.get_by_role("button", name="Create in staging").click()
    expect(page.locator("section[data-done='succeeded']")).to_have_count(2)
    assert sorted(sent(sandbox)) == ["staging", "test"]
