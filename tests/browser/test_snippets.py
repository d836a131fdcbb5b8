"""A record's snippets in the browser: opened, copied and accessible."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.test_sending import Held
from tests.browser.visitor import (
    Visitor,
    expect_created,
    expect_record,
    fill_common,
    fill_config,
    next_poll,
    poll_until,
    press_create,
)

pytestmark = pytest.mark.browser

LABELS = ("Terraform", "curl", "Python", "JSON")


def create(visitor: Visitor, kind: str, name: str, place: str = "project=web-shop&environment=staging") -> Page:
    """Fill in the form of a kind and send it."""
    page = visitor.open(f"/destinations/new/{kind}/?{place}")
    fill_common(page, name)
    fill_config(page, kinds.registry()[kind])
    press_create(page)
    return page


def test_each_snippet_is_opened_and_copied_as_it_is_shown(visit: Visit) -> None:
    oskar = visit("operator", permissions=["clipboard-read", "clipboard-write"])
    name = "To be taken along: ${it} <b>\\ 'quoted'"
    page = create(oskar, "mparticle", name)
    expect_created(page, name)

    for label in LABELS:
        page.locator("summary", has_text=label).press("Enter")
        page.get_by_role("button", name=f"Copy {label}").click()
        expect(page.get_by_role("button", name=f"Copied {label}")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator(f"#snippet-{label.lower()}").text_content()

    assert json.loads(copied)["name"] == name


@pytest.mark.parametrize("kind", ["mparticle", "snowflake-v2"])
def test_open_snippets_with_the_longest_values_are_accessible(visit: Visit, kind: str) -> None:
    oskar = visit("operator")
    name = f"{kind}-" + "x" * 240
    page = create(oskar, kind, name)
    expect_created(page, name)
    for label in LABELS:
        page.locator("summary", has_text=label).click()
    expect(page.get_by_text(f'"name": "{name}"').last).to_be_visible()
    assert not problems(page)


def test_they_can_be_read_without_scripts(visit: Visit) -> None:
    page = create(visit("operator", java_script_enabled=False), "segment", "Read without scripts")
    expect_record(page)
    page.locator("summary", has_text="curl").click()
    expect(page.get_by_text("--config -")).to_be_visible()
    expect(page.get_by_role("button", name="Copy curl")).to_have_count(0)


def test_an_open_snippet_stays_open_while_the_page_polls(oskar: Visitor, sandbox: SandboxServer) -> None:
    held = Held()
    sandbox.script("POST", "/api/v2/destinations", held)
    create(oskar, "segment", "Followed with an open snippet")
    assert sandbox.wait_for("POST")
    oskar.context.clock.install()
    tab = oskar.new_tab("/history/?q=Followed+with")
    tab.get_by_role("link", name="Followed with an open snippet").click()
    expect_record(tab)
    summary = tab.locator("summary", has_text="Terraform")
    summary.press("Enter")

    # At the second poll, the first response is on the page.
    for _ in range(2):
        with tab.expect_event("request"):
            next_poll(tab)
    expect(tab.get_by_text('resource "launchdarkly_destination"')).to_be_visible()
    expect(summary).to_be_focused()
    held.sign.set()

    poll_until(tab.get_by_text("LaunchDarkly created the destination"))
    summary.click()
    expect(tab.get_by_text("import {")).to_be_visible()
