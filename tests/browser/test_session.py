"""The session ends while the form is filled: nothing typed is lost, and nothing is sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    Visitor,
    common,
    config,
    expect_created,
    fill_common,
    fill_config,
    press_create,
    sign_in,
)

pytestmark = pytest.mark.browser

SECRET = "typedBeforeTheSessionEnded012345"


def begin(visitor: Visitor, name: str) -> Page:
    """Fill the form for Segment."""
    page = visitor.open("/destinations/new/segment/?project=mobile-app&environment=staging")
    fill_common(page, name, on=False, reason="Kept reason")
    fill_config(page, kinds.registry()["segment"], write_key=SECRET)
    return page


@pytest.mark.parametrize("gone", ["sessionid", None], ids=["session", "all cookies"])
def test_typed_values_survive_the_end_of_the_session(oskar: Visitor, sandbox: SandboxServer, gone: str | None) -> None:
    oskar.expects(401, 403)
    name = f"Outlives {gone or 'all cookies'}"
    page = begin(oskar, name)
    oskar.context.clear_cookies(name=gone) if gone else oskar.context.clear_cookies()
    press_create(page)
    notice = page.get_by_role("alert").filter(has_text="You have been signed out")
    expect(notice).to_be_focused()
    expect(page.get_by_label("Password")).to_have_count(0)
    expect(common(page, "name")).to_have_value(name)
    expect(config(page, "write_key")).to_have_value(SECRET)
    assert sandbox.count("POST") == 0

    with oskar.context.expect_page() as opened:
        notice.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(opened.value, "operator")
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Environments")
    opened.value.close()

    press_create(page)
    expect(page.get_by_role("status").filter(has_text="Press the button again")).to_be_focused()
    expect(common(page, "reason")).to_have_value("Kept reason")
    expect(config(page, "write_key")).to_have_value(SECRET)
    press_create(page)
    expect_created(page, name)
    assert sandbox.count("POST") == 1


def test_changing_the_kind_without_a_session_asks_to_sign_in(oskar: Visitor) -> None:
    oskar.expects(401)
    page = begin(oskar, "Changes the kind")
    oskar.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="Snowflake").click()
    expect(page.get_by_role("alert").filter(has_text="You have been signed out")).to_be_focused()
    expect(config(page, "write_key")).to_have_value(SECRET)


def test_an_older_form_works_at_the_second_press_after_signing_in(visit: Visit) -> None:
    # Not the session that other tests share: signing out ends it.
    oskar = visit()
    oskar.expects(403)
    sign_in(oskar.open("/"), "operator")
    expect(oskar.page.get_by_role("heading", level=1)).to_have_text("Environments")
    page = begin(oskar, "Signed in again meanwhile")
    tab = oskar.new_tab("/")
    tab.get_by_role("button", name="Sign out").click()
    sign_in(tab, "operator")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Environments")
    press_create(page)
    expect(page.get_by_role("status").filter(has_text="Your session was renewed")).to_be_focused()
    press_create(page)
    expect_created(page, "Signed in again meanwhile")


def test_a_viewer_sees_who_can_help(visit: Visit) -> None:
    vera = visit("viewer")
    page = vera.open("/")
    expect(page.get_by_role("link", name="New destination")).to_have_count(0)
    expect(page.get_by_role("link", name="Create destination")).to_have_count(0)
    vera.expects(403)
    vera.open("/destinations/new/")
    expect(page.get_by_role("heading", level=1)).to_have_text("You don’t have permission")
    expect(page.get_by_role("main")).to_contain_text("Ask administrator")


def test_signing_out_ends_the_session(visit: Visit) -> None:
    nobody = visit()
    page = nobody.open("/history/")
    sign_in(page, "viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    nobody.open("/history/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
