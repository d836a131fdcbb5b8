"""Accounts and people in a browser: a person is added, chooses a password, a theme, and ends another session."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, sign_in

pytestmark = pytest.mark.browser

PASSWORD = "correct-horse-battery"
#: As long as Django allows, without a space.
LONGEST_NAME = "n" * 150
#: In how many lines an element's text is broken.
LINES = """element => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getClientRects().length;
}"""


def add_person(visit: Visit, username: str, name: str = "") -> Visitor:
    """Let an administrator add a viewer, and return the new person's browser with the link opened."""
    page = visit("administrator").open("/people/")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("User name").fill(username)
    page.get_by_label("Name (optional)", exact=True).fill(name)
    page.get_by_label("Viewer", exact=True).check()
    page.get_by_role("button", name="Add person").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{username} was added")
    newcomer = visit()
    newcomer.open(page.locator("#link").inner_text())
    expect(newcomer.page).to_have_url(re.compile("/password/$"))
    return newcomer


def choose_password(page: Page, username: str) -> None:
    """Set the password, and sign in with it."""
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_text("Password saved. Sign in with it.")).to_be_visible()
    sign_in(page, username, PASSWORD)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_a_new_person_chooses_a_password_and_a_theme(visit: Visit) -> None:
    newcomer = add_person(visit, "newcomer", LONGEST_NAME)
    newcomer.expects(422)
    page = newcomer.page
    assert not problems(page)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert not problems(page)
    choose_password(page, "newcomer")

    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    assert not problems(page)
    page.emulate_media(color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_label("Dark").check()
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_role("button", name="Save preferences").click()
    expect(page.get_by_text("Preferences saved.")).to_be_visible()
    dark = page.evaluate(background)
    assert dark != light
    expect(page.locator(".local").first).to_contain_text("IST")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) == dark
    page.get_by_label("Light").check()
    page.get_by_role("button", name="Save preferences").click()
    expect(page.get_by_label("Light")).to_be_checked()
    assert page.evaluate(background) == light


def test_a_session_on_another_device_can_be_ended(visit: Visit) -> None:
    home = add_person(visit, "on-two-devices")
    choose_password(home.page, "on-two-devices")
    lost = visit(user_agent="Mozilla/5.0 (Linux; Android 16) Chrome/142.0 Mobile")
    sign_in(lost.open("/"), "on-two-devices", PASSWORD)
    expect(lost.page.get_by_role("navigation", name="Main")).to_be_visible()

    page = home.open("/account/")
    expect(page.get_by_text("Chrome on Android", exact=True)).to_be_visible()
    assert not problems(page)
    page.get_by_role("button", name="End the session of Chrome on Android").click()

    expect(page.get_by_text("Session ended.")).to_be_visible()
    expect(page.get_by_text("Chrome on Android", exact=True)).to_have_count(0)
    expect(lost.open("/history/").get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_wrong_password_is_at_its_field(visit: Visit) -> None:
    vera = visit("viewer")
    vera.expects(422)
    page = vera.open("/account/")
    page.get_by_label("Current password").fill("not the password")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Current password")).to_have_attribute("aria-invalid", "true")
    assert not problems(page)
    page.get_by_role("link", name="This isn’t your current password.").click()
    expect(page.get_by_label("Current password")).to_be_focused()


def test_a_deactivated_person_is_signed_out(visit: Visit) -> None:
    leaver = add_person(visit, "leaver", LONGEST_NAME)
    choose_password(leaver.page, "leaver")
    page = visit("administrator").open("/people/?q=leaver")
    assert page.get_by_role("cell", name="Viewer").evaluate(LINES) == 1
    page.get_by_role("link", name=LONGEST_NAME).click()
    assert not problems(page)

    page.get_by_role("button", name="Deactivate leaver").click()

    expect(page.get_by_text("Deactivated, and all sessions ended.")).to_be_visible()
    assert not problems(page)
    expect(leaver.open("/history/").get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_list_of_people_and_its_states(visit: Visit) -> None:
    ada = visit("administrator")
    ada.expects(410, 422)
    page = ada.open("/people/")
    expect(page.get_by_role("row", name="operator")).to_be_visible()
    assert not problems(page)
    page.get_by_label("Search by name or user name").fill("nobody is called that")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No one matches")).to_be_visible()
    assert not problems(page)
    ada.open("/people/new/")
    page.get_by_role("button", name="Add person").click()
    page.get_by_role("link", name="Choose a role.").click()
    expect(page.get_by_label("Viewer", exact=True)).to_be_focused()
    assert not problems(page)
    ada.open("/people/?q=operator")
    page.get_by_role("link", name="operator").click()
    page.get_by_role("button", name="Create password link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Password link for operator")
    assert not problems(page)
    ada.open("/password/MQ/not-a-token/")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")
    assert not problems(page)
