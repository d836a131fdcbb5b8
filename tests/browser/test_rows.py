"""mParticle's identity mapping: adding and removing rows keeps the secrets."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from destinations_ui.sandbox import SandboxServer
from tests.browser.visitor import Visitor, config, expect_created, fill_common, swapped

pytestmark = pytest.mark.browser

ROW = "user_identities-{}-{}"


def begin(oskar: Visitor) -> Page:
    """Fill the form for mParticle, with three rows of which two were added."""
    page = oskar.open("/destinations/new/mparticle/?project=web-shop&environment=development")
    fill_common(page, "Rows")
    config(page, "api_key").fill("typed key")
    config(page, "secret").fill("typed secret")
    config(page, "environment").select_option("production")
    for number, (kind, identity) in enumerate((("user", "customer_id"), ("device", "other"), ("team", "email"))):
        if number:
            with swapped(page):
                page.get_by_role("button", name="Add a row").click()
            expect(config(page, ROW.format(number, "context_kind"))).to_be_focused()
        config(page, ROW.format(number, "context_kind")).fill(kind)
        config(page, ROW.format(number, "identity")).fill(identity)
    return page


def test_rows_are_added_and_removed_and_nothing_else_changes(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = begin(oskar)
    with page.expect_request("**/destinations/new/mparticle/**") as asked:
        page.get_by_role("button", name="Remove row 2").click()
    assert "typed" not in asked.value.url
    assert asked.value.post_data is None
    expect(page.get_by_role("button", name="Remove row")).to_have_count(2)
    expect(page.get_by_role("button", name="Add a row")).to_be_focused()
    expect(config(page, "api_key")).to_have_value("typed key")
    expect(config(page, "secret")).to_have_value("typed secret")

    # A row added after a removal is empty.
    with swapped(page):
        page.get_by_role("button", name="Add a row").click()
    page.keyboard.type("account")
    page.keyboard.press("Tab")
    page.keyboard.type("google")
    page.locator("#create").click()
    expect_created(page, "Rows")
    [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
    assert sent["config"]["secret"] == "typed secret"
    assert sent["config"]["userIdentities"] == [
        {"ldContextKind": "user", "mparticleUserIdentity": "customer_id"},
        {"ldContextKind": "team", "mparticleUserIdentity": "email"},
        {"ldContextKind": "account", "mparticleUserIdentity": "google"},
    ]


@pytest.mark.parametrize("name", ["name", "config-user_identities-0-identity"])
def test_enter_sends_the_form_and_presses_no_other_button(oskar: Visitor, sandbox: SandboxServer, name: str) -> None:
    page = begin(oskar)
    page.locator(f'[name="{name}"]').press("Enter")
    expect_created(page, "Rows")
    [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
    assert len(sent["config"]["userIdentities"]) == 3


def test_an_error_in_a_row_links_to_its_cell(oskar: Visitor) -> None:
    oskar.expects(422)
    page = begin(oskar)
    config(page, ROW.format(2, "identity")).fill("Not an identity")
    page.locator("#create").click()
    page.locator(".error-summary").get_by_role("link").click()
    wrong = config(page, ROW.format(2, "identity"))
    expect(wrong).to_be_focused()
    expect(wrong).to_have_value("Not an identity")
    expect(config(page, "secret")).to_have_value("typed secret")
