"""The form as a page: heading, actions in view, what is busy, and leaving it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

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
    first_held,
    hold,
    press_create,
    swapped,
    unfold_choice,
)

pytestmark = pytest.mark.browser

SEGMENT = kinds.registry()["segment"]
TEST = "/destinations/new/segment/?project=web-shop&environment=test"
CRITICAL = "/destinations/new/segment/?project=web-shop&environment=production"
ENVIRONMENTS = "**/destinations/new/*/environments/*"


def dismissed(page: Page) -> list[str]:
    """Stay on the page whenever it asks; return the list of the types of its dialogs."""
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", dismiss)
    return dialogs


def test_the_heading_names_the_chosen_environment_and_unfolds_it(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("New destination for Web shop / Test")
    expect(common(page, "project")).to_be_hidden()
    unfold_choice(page)
    with swapped(page):
        common(page, "environment").select_option("staging")
    expect(heading).to_have_text("New destination for Web shop / Staging")
    expect(page.locator("#form-status")).to_have_text("Web shop / Staging is chosen.")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["laptop", "phone"])
def test_the_actions_are_in_view_and_cover_no_focused_field(visit: Visit, size: tuple[int, int]) -> None:
    page = visit("operator", viewport={"width": size[0], "height": size[1]}).open(TEST)
    for name in ("#create", "#check"):
        expect(page.locator(name)).to_be_in_viewport(ratio=1)
    bar = page.locator(".form__actions")
    for field in (common(page, "reason"), config(page, "write_key")):
        field.focus()
        box, actions = field.bounding_box(), bar.bounding_box()
        assert box
        assert actions
        assert box["y"] + box["height"] <= actions["y"]


def test_the_suggested_name_follows_type_and_environment_until_edited(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    name = common(page, "name")
    expect(name).to_have_value("Test events to Segment")
    with swapped(page):
        page.get_by_role("link", name="Snowflake").click()
    expect(name).to_have_value("Test events to Snowflake")
    expect(page.locator("#form-status")).to_have_text("The fields of Snowflake are shown.")
    unfold_choice(page)
    with swapped(page):
        common(page, "environment").select_option("staging")
    expect(name).to_have_value("Staging events to Snowflake")
    name.fill("My name")
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    expect(name).to_have_value("My name")


@pytest.mark.parametrize(
    ("pressed", "busy", "other"),
    [("#check", "Checking…", "Sending…"), ("#create", "Sending…", "Checking…")],
    ids=["preview", "create"],
)
def test_only_the_pressed_button_is_busy(oskar: Visitor, pressed: str, busy: str, other: str) -> None:
    oskar.expects(422)
    page = oskar.open(TEST)
    held = hold(page, "**/destinations/new/segment/**")
    page.locator(pressed).click()
    expect(page.get_by_text(busy)).to_be_visible()
    expect(page.get_by_text(other)).to_be_hidden()
    for button in ("#check", "#create"):
        expect(page.locator(button)).to_be_disabled()
    first_held(page, held).continue_()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()


def test_loading_environments_is_shown(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    unfold_choice(page)
    held = hold(page, ENVIRONMENTS)
    common(page, "environment").select_option("staging")
    expect(page.get_by_text("Loading environments…")).to_be_visible()
    with swapped(page):
        first_held(page, held).continue_()
    expect(page.get_by_text("Loading environments…")).to_be_hidden()


@pytest.mark.parametrize("typed", ["test", "Test", "Test (test)"])
def test_an_environment_typed_before_the_list_is_kept(oskar: Visitor, typed: str) -> None:
    page = type_before_the_list(oskar, typed)
    expect(common(page, "environment")).to_have_value("test")
    expect(page.get_by_role("heading", level=1)).to_have_text("New destination for Web shop / Test")


def test_an_environment_typed_before_the_list_that_does_not_exist_is_named(oskar: Visitor) -> None:
    page = type_before_the_list(oskar, "tset")
    expect(page.locator("#environment-field")).to_contain_text("“tset” isn’t an environment of this project.")
    expect(common(page, "environment")).to_have_value("")


def type_before_the_list(oskar: Visitor, environment: str) -> Page:
    """Type project and environment while the list of environments is on its way."""
    page = oskar.open("/destinations/new/segment/")
    held = hold(page, ENVIRONMENTS)
    common(page, "project").fill("Web shop")
    with page.expect_request(ENVIRONMENTS):
        common(page, "project").press("Tab")
    common(page, "environment").fill(environment)
    with page.expect_response(ENVIRONMENTS):
        first_held(page, held).continue_()
    expect(common(page, "environment")).to_have_value(environment)
    page.unroute(ENVIRONMENTS)
    with swapped(page):
        common(page, "environment").press("Tab")
    return page


def test_enter_only_previews_in_a_critical_environment(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = oskar.open(CRITICAL)
    fill_common(page, "By Enter")
    fill_config(page, SEGMENT)
    page.get_by_label("Type “production” to confirm").fill("production")
    common(page, "name").press("Enter")
    expect(page.locator("#preview")).to_be_focused()
    assert sandbox.count("POST") == 0


def test_enter_previews_once_a_critical_environment_is_chosen(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = oskar.open(TEST)
    fill_common(page, "By Enter")
    fill_config(page, SEGMENT)
    unfold_choice(page)
    with swapped(page):
        common(page, "environment").select_option("production")
    page.get_by_label("Type “production” to confirm").fill("production")
    page.get_by_label("Type “production” to confirm").press("Enter")
    expect(page.locator("#preview")).to_be_focused()
    assert sandbox.count("POST") == 0


def test_leaving_with_something_typed_asks_first(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    dialogs = dismissed(page)
    common(page, "reason").fill("Not to be lost")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="History", exact=True).click()
    assert dialogs == ["beforeunload"] * 2
    expect(common(page, "reason")).to_have_value("Not to be lost")


def test_leaving_an_untouched_form_does_not_ask(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    dialogs = dismissed(page)
    with swapped(page):
        page.get_by_role("link", name="Snowflake").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Environments")
    assert dialogs == []


def test_creating_does_not_ask_but_leaving_its_duplicate_does(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    dialogs = dismissed(page)
    fill_common(page, "Sent without a question")
    fill_config(page, SEGMENT)
    press_create(page)
    expect_created(page, "Sent without a question")
    assert dialogs == []
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New destination")
    # Browsers ask only on a page that was used.
    page.get_by_role("heading", level=1).click()
    page.get_by_role("link", name="Cancel").click()
    assert dialogs == ["beforeunload"]


def test_help_opens_in_a_new_tab_and_says_so(oskar: Visitor) -> None:
    page = oskar.open(TEST)
    link = page.get_by_role("link", name=re.compile("LaunchDarkly docs"))
    expect(link).to_have_accessible_name("LaunchDarkly docs (opens in a new tab)")
    expect(link).to_have_attribute("target", "_blank")
