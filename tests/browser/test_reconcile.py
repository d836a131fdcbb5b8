"""An attempt whose response was lost: its page checks by itself, shows the result, and lets an operator decide."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer, Status
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    Visitor,
    common,
    expect_created,
    expect_record,
    fill_common,
    fill_config,
    next_poll,
    poll_until,
    press_create,
    sign_in,
    swapped,
)
from tests.support.product import Product

pytestmark = pytest.mark.browser

SEGMENT = kinds.registry()["segment"]
LIST = "/api/v2/destinations"
#: Console messages of the browser and htmx while the product is unreachable.
LOST = ("failed: POST", "ERR_INTERNET_DISCONNECTED", "htmx:(afterRequest|sendError)")


@pytest.fixture
def hasty(tmp_path: Path, running_sandbox: SandboxServer, visit: Visit) -> Iterator[Visitor]:
    """A signed-in operator of a product that decides after a second."""
    product = Product(tmp_path, running_sandbox.url)
    product.environment |= {"LAUNCHDARKLY_TIMEOUT": "1", "RECONCILE_GRACE": "0"}
    with product:
        visitor = visit()
        visitor.url = product.url
        sign_in(visitor.open("/"), "operator")
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Environments")
        yield visitor
        visitor.page.goto("about:blank")


def lost(visitor: Visitor, name: str, environment: str = "server-error") -> Page:
    """Create a destination whose response is lost; return the record's page, which polls."""
    visitor.page.clock.install()
    page = visitor.open(f"/destinations/new/segment/?project=faults&environment={environment}")
    fill_common(page, name, reason="Asked for in OPS-7")
    fill_config(page, SEGMENT)
    press_create(page)
    expect_record(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page


def add_candidates(sandbox: SandboxServer, name: str) -> list[str]:
    """Add two candidates to LaunchDarkly."""
    config = SEGMENT.split(SEGMENT.examples()).request
    return [
        sandbox.add_destination("faults", "server-error", kind="segment", name=name, config=config) for _ in range(2)
    ]


def check_now(page: Page) -> None:
    """Press the button that checks now."""
    page.get_by_role("button", name="Check now").click()


def lookup_status(page: Page) -> Locator:
    """Return the page's lookup status."""
    return page.get_by_role("region", name="We don’t know yet whether it was created")


def looked_up(page: Page) -> Page:
    """Wait for a lookup that finds nothing: during a lookup, one of two candidates could look like the only one."""
    expect(lookup_status(page)).to_contain_text("Last checked")
    return page


@pytest.mark.parametrize("environment", ["drops-after-write", "not-json"])
def test_the_page_resolves_a_lost_response_by_itself(oskar: Visitor, sandbox: SandboxServer, environment: str) -> None:
    page = lost(oskar, f"Found: {environment}", environment)
    expect_created(page, f"Found: {environment}")
    [made] = [item["id"] for item in sandbox.destinations() if item["environment"] == environment]
    expect(page.locator("#value-destination_id")).to_have_text(made)
    expect(
        page.get_by_role("status").filter(has_text="Confirmed later: LaunchDarkly has one matching destination.")
    ).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Outcome: Succeeded.")
    expect(page.locator("[hx-trigger]")).to_have_count(0)
    assert sandbox.count("POST", LIST) == 1
    assert not problems(page)


def test_the_page_shows_when_the_outcome_will_be_certain(oskar: Visitor) -> None:
    page = lost(oskar, "Not found yet", "drops-before-read")
    expect(lookup_status(page)).to_contain_text("Not found so far.")
    expect(lookup_status(page)).to_contain_text(re.compile(r"hasn’t appeared by \d\d:\d\d:\d\d UTC .*in \d+ s"))
    bar = lookup_status(page).get_by_role("progressbar", name="Time until this is certain")
    so_far = bar.get_attribute("value") or ""
    poll_until(lookup_status(page).locator(f"progress:not([value='{so_far}'])"))
    assert not problems(page)


def test_a_request_that_never_arrived_becomes_absent(hasty: Visitor, sandbox: SandboxServer) -> None:
    page = lost(hasty, "Never arrived at all", "drops-before-read")
    page.evaluate("window.stillLoaded = true")
    poll_until(page.get_by_text("The destination was not created"))
    expect(page.locator("#announcement")).to_have_text("Outcome: Not created.")
    expect(page.locator(".timeline__event").last).to_contain_text("Resolved")
    expect(page.locator("[hx-trigger]")).to_have_count(0)
    assert page.evaluate("window.stillLoaded")
    assert sandbox.count("POST", LIST) == 1
    assert not problems(page)


def test_an_operator_decides_between_two_and_typed_text_is_kept(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = looked_up(lost(oskar, "One of two"))
    _, chosen = add_candidates(sandbox, "One of two")
    check_now(page)
    decision = page.get_by_role("region", name="Which destination is it?")
    expect(decision.get_by_role("radio")).to_have_count(3)
    expect(page.locator("#announcement")).to_contain_text("An operator has to decide")
    assert not problems(page)

    decision.get_by_role("radio").filter(has=page.locator(f'xpath=self::*[@value="id:{chosen}"]')).check()
    decision.get_by_label("Reason").fill("Its topic is")
    # The page polls meanwhile, and updates without changing the typed values.
    sandbox.add_destination(
        "faults", "server-error", kind="segment", name="One of two", config=SEGMENT.split(SEGMENT.examples()).request
    )
    poll_until(decision.get_by_role("radio").nth(3))
    expect(decision.get_by_label("Reason")).to_have_value("Its topic is")
    expect(decision.get_by_label("Reason")).to_be_focused()

    page.keyboard.type(" ours.")
    page.locator(f'[value="id:{chosen}"]').check()
    decision.get_by_role("button", name="Record decision").click()
    expect_created(page, "One of two")
    expect(page.locator("#value-destination_id")).to_have_text(chosen)
    last = page.locator(".timeline__event").last
    expect(last).to_contain_text("Reason: Its topic is ours.")
    expect(last).to_contain_text("operator chose the matching destination")


def test_a_decision_without_a_reason_is_refused(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = looked_up(lost(oskar, "Decided too fast"))
    add_candidates(sandbox, "Decided too fast")
    check_now(page)
    page.get_by_label("None of these").check()
    page.get_by_role("button", name="Record decision").click()
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("None of these")).to_be_checked()
    assert not problems(page)
    summary.get_by_role("link", name="Enter how you know.").click()
    expect(page.get_by_label("Reason")).to_be_focused()


def test_a_viewer_sees_who_can_decide(oskar: Visitor, visit: Visit, sandbox: SandboxServer) -> None:
    page = looked_up(lost(oskar, "Watched by a viewer"))
    vera = looked_up(visit("viewer").open(page.url))
    add_candidates(sandbox, "Watched by a viewer")
    check_now(vera)
    expect(vera.get_by_text("don’t have permission to decide. Ask")).to_be_visible()
    expect(vera.get_by_role("radio")).to_have_count(0)
    assert not problems(vera)


def test_the_page_reports_failed_reads_and_continues(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = lost(oskar, "Not to be read")
    readable = threading.Event()
    sandbox.script("GET", LIST, lambda _: None if readable.is_set() else Status(503), times=None)
    check_now(page)
    expect(lookup_status(page)).to_contain_text("Couldn’t read LaunchDarkly’s list.")
    expect(page.locator("#announcement")).to_contain_text("Checking again automatically.")
    assert not problems(page)
    add_candidates(sandbox, "Not to be read")
    readable.set()
    poll_until(page.get_by_role("region", name="Which destination is it?"))


def test_the_page_reports_a_lost_connection_and_continues(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(*LOST)
    page = looked_up(lost(oskar, "Cut off"))
    button = page.get_by_role("button", name="Check now")
    oskar.context.set_offline(True)
    button.click()
    notice = page.get_by_role("alert").filter(has_text="isn’t responding. Checking again automatically.")
    expect(notice).to_be_visible()
    expect(button).to_be_focused()
    assert not problems(page)
    oskar.context.set_offline(False)
    next_poll(page)
    expect(notice).to_have_count(0)


def test_a_signed_out_user_sees_one_notice_and_can_continue(oskar: Visitor) -> None:
    oskar.expects(401, 403)
    page = looked_up(lost(oskar, "Signed out meanwhile"))
    oskar.context.clear_cookies(name="sessionid")
    with page.expect_response(lambda response: response.status == 401):
        check_now(page)
    expect(page.get_by_role("alert").filter(has_text="You have been signed out")).to_be_focused()
    page.get_by_role("button", name="Check now").focus()
    with page.expect_response(lambda response: response.status == 401):
        next_poll(page)
    expect(page.get_by_role("button", name="Check now")).to_be_focused()

    with oskar.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(opened.value, "operator")
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Environments")
    opened.value.close()
    # Signing in gave the browser a new token, which the page does not have yet.
    with page.expect_response(lambda response: response.status == 403):
        next_poll(page)
    with page.expect_response(lambda response: response.status == 200):
        next_poll(page)
    expect(page.locator("#messages > *")).to_have_count(0)


def test_without_scripts_the_button_resolves_the_attempt(visit: Visit, sandbox: SandboxServer) -> None:
    plain = visit("operator", java_script_enabled=False)
    page = lost(plain, "Plainly found", "drops-after-write")
    check_now(page)
    expect_record(page)
    expect_created(page, "Plainly found")


def test_without_scripts_an_operator_decides(visit: Visit, sandbox: SandboxServer) -> None:
    plain = visit("operator", java_script_enabled=False)
    page = lost(plain, "Plainly decided")
    chosen, _ = add_candidates(sandbox, "Plainly decided")
    candidate = page.locator(f'[value="id:{chosen}"]')
    # A check can use a list that is two seconds old, and so older than the candidates.
    while not candidate.count():
        check_now(page)
        page.wait_for_load_state()
    candidate.check()
    page.get_by_label("Reason").fill("It is the older one.")
    page.get_by_role("button", name="Record decision").click()
    expect_created(page, "Plainly decided")


def test_the_form_warns_before_a_second_attempt(oskar: Visitor) -> None:
    record = lost(oskar, "The first of two").url
    page = oskar.page
    warning = page.get_by_role("status").filter(has_text="An earlier attempt is unresolved")
    page.get_by_role("link", name="Duplicate").click()
    with swapped(page):
        common(page, "environment").select_option("server-error")
    expect(warning).to_be_visible()
    assert not problems(page)
    with swapped(page):
        common(page, "environment").select_option("conflict")
    expect(warning).to_have_count(0)
    with swapped(page):
        common(page, "environment").select_option("server-error")
    warning.get_by_role("link", name="The first of two").click()
    expect(page).to_have_url(record)
