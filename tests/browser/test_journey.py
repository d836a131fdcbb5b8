"""The main job, from sign-in to the history, by mouse and by keyboard."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    common,
    config,
    entries,
    expect_created,
    fill_common,
    fill_config,
    press_create,
    sign_in,
    swapped,
)
from tests.support.product import PASSWORD

pytestmark = pytest.mark.browser

#: Kind → a project and an environment without a destination, as the map names them. Together the kinds have every
#: type of field: text, secret, choice, rows and long text.
FREE = {
    "azure-event-hubs": ("Web shop", "Production"),
    "mparticle": ("Web shop", "Development"),
    "snowflake-v2": ("Mobile app", "Staging"),
}
#: More tab stops than any page has.
STOPS = 100


def test_destinations_from_sign_in_to_the_history(visit: Visit, sandbox: SandboxServer) -> None:
    page = visit().open("/")
    sign_in(page, "operator")
    page.get_by_role("link", name="Refresh").click()
    for slug, (project, environment) in FREE.items():
        kind = kinds.registry()[slug]
        name = f"Journey to {kind.label}"
        page.get_by_role("link", name="Environments").click()
        page.get_by_role("link", name=f"Create destination in {project}, {environment}").click()
        page.get_by_role("link", name=kind.label).click()
        expect(page.get_by_role("group", name=kind.label)).to_be_visible()
        fill_common(page, name, on=slug != "mparticle", reason=f"Asked for in OPS-{len(name)}")
        fill_config(page, kind)
        if environment == "Production":
            common(page, "critical_key").fill("production")
        press_create(page)
        expect_created(page, name)

    page.get_by_role("navigation", name="Main").get_by_role("link", name="History").click()
    for slug in FREE:
        label = kinds.registry()[slug].label
        row = page.get_by_role("row").filter(has_text=f"Journey to {label}")
        expect(row).to_have_count(1)
        for words in ("operator", label, "Succeeded", "Asked for in OPS-"):
            expect(row).to_contain_text(words)
    held = {item["kind"]: item for item in sandbox.destinations() if item["name"].startswith("Journey")}
    assert set(held) == set(FREE)
    assert [slug for slug, item in held.items() if not item["on"]] == ["mparticle"]


def test_a_destination_can_be_created_without_a_mouse(visit: Visit, sandbox: SandboxServer) -> None:
    page = visit().open("/")
    press = page.keyboard.press
    sign_in_by_keyboard(page)

    press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    press("Enter")
    expect(page.locator("#main")).to_be_focused()
    refresh = page.get_by_role("link", name="Refresh")
    tab_to(page, refresh)
    with page.expect_response(re.compile(r"\?refresh=yes")):
        press("Enter")
    expect(refresh).not_to_have_class(re.compile("htmx-request"))
    tab_to(page, page.get_by_role("link", name="Create destination in Web shop, Test"))
    press("Enter")
    tab_to(page, page.get_by_role("link", name="Segment"))
    press("Enter")
    page.wait_for_url("**/destinations/new/segment/**")

    # Change the kind.
    tab_to(page, page.get_by_role("link", name="mParticle"))
    press("Enter")
    expect(page.get_by_role("group", name="mParticle", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="mParticle")).to_be_focused()

    tab_to(page, common(page, "name"))
    page.keyboard.type("By keyboard")
    tab_to(page, page.get_by_label("On: send events as soon as it is created"))
    press("Space")
    tab_to(page, config(page, "api_key"))
    page.keyboard.type("key by keyboard")
    press("Tab")
    press("Space")
    expect(config(page, "api_key")).to_have_attribute("type", "text")
    tab_to(page, config(page, "secret"))
    page.keyboard.type("secret by keyboard")
    tab_to(page, config(page, "environment"))
    page.keyboard.type("d")
    tab_to(page, config(page, "user_identities-0-context_kind"))
    page.keyboard.type("user")
    press("Tab")
    page.keyboard.type("customer_id")
    tab_to(page, page.get_by_role("button", name="Add a row"))
    press("Enter")
    expect(config(page, "user_identities-1-context_kind")).to_be_focused()
    page.keyboard.type("device")
    press("Tab")
    page.keyboard.type("other")
    tab_to(page, page.locator("#create"))
    press("Space")

    expect_created(page, "By keyboard")
    [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
    assert sent["on"] is True
    assert sent["config"] == {
        "apiKey": "key by keyboard",
        "secret": "secret by keyboard",
        "environment": "development",
        "userIdentities": [
            {"ldContextKind": "user", "mparticleUserIdentity": "customer_id"},
            {"ldContextKind": "device", "mparticleUserIdentity": "other"},
        ],
    }


@pytest.mark.parametrize("slug", ["azure-event-hubs", "snowflake-v2"])
def test_a_kind_by_keyboard_alone(visit: Visit, sandbox: SandboxServer, slug: str) -> None:
    page = visit().open("/")
    kind, press = kinds.registry()[slug], page.keyboard.press
    sign_in_by_keyboard(page)
    tab_to(page, page.get_by_role("link", name="New destination").first)
    press("Enter")
    tab_to(page, page.get_by_role("link", name=kind.label))
    press("Enter")
    page.wait_for_url(f"**/destinations/new/{slug}/**")

    tab_to(page, common(page, "name"))
    page.keyboard.type(f"{kind.label} by keyboard")
    tab_to(page, page.get_by_label("On: send events as soon as it is created"))
    press("Space")
    tab_to(page, common(page, "project"))
    page.keyboard.type("web-shop")
    with swapped(page):
        press("Tab")
    tab_to(page, common(page, "environment"))
    with swapped(page):
        page.keyboard.type("Staging")
    for name, text in entries(kind):
        tab_to(page, config(page, name))
        page.keyboard.type(text[:1] if name == "environment" else text)
    tab_to(page, page.locator("#check"))
    press("Enter")
    expect(page.locator("#preview")).to_be_focused()
    tab_to(page, page.locator("#create"))
    press("Enter")

    expect_created(page, f"{kind.label} by keyboard")
    [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
    assert sent["config"] == kind.split(kind.examples()).request


def sign_in_by_keyboard(page: Page) -> None:
    """Sign in without a mouse; the first input has the focus."""
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("operator")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Environments")


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has a visible focus."""
    for _ in range(STOPS):
        if target.evaluate("element => element === document.activeElement"):
            assert target.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached by the keyboard.")


def test_a_secret_can_be_shown_and_is_hidden_before_sending(visit: Visit) -> None:
    oskar = visit("operator")
    oskar.expects(422)
    page = oskar.open("/destinations/new/segment/")
    config(page, "write_key").fill("typed-and-looked-at")
    page.get_by_role("button", name="Show Write key").click()
    expect(config(page, "write_key")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide Write key").click()
    expect(config(page, "write_key")).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show Write key").click()
    press_create(page)
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(config(page, "write_key")).to_have_attribute("type", "password")
    expect(page.get_by_role("button", name="Show Write key")).to_be_visible()


def test_a_value_of_a_record_is_copied(visit: Visit) -> None:
    oskar = visit("operator", permissions=["clipboard-read", "clipboard-write"])
    page = oskar.open("/destinations/new/google-pubsub/?project=web-shop&environment=staging")
    fill_common(page, "To be copied")
    fill_config(page, kinds.registry()["google-pubsub"])
    press_create(page)
    expect_created(page, "To be copied")
    page.get_by_role("button", name="Copy topic").click()
    expect(page.get_by_role("button", name="Copied topic")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "launchdarkly-events"


def test_four_clicks_and_one_paste_create_an_event_hubs_destination(visit: Visit, sandbox: SandboxServer) -> None:
    page = visit("operator", viewport={"width": 1280, "height": 800}).open("/")
    key = dict(entries(kinds.registry()["azure-event-hubs"]))["policy_key"]
    clicks = [
        page.get_by_role("link", name="Create destination in Web shop, Staging"),
        page.get_by_role("link", name="Azure Event Hubs"),
        page.get_by_label("On: send events as soon as it is created"),
        page.locator("#create"),
    ]
    for place in clicks[:2]:
        click_without_scrolling(place)
    expect(page.get_by_role("heading", level=1)).to_have_text("New destination for Web shop / Staging")
    page.evaluate(
        """(text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        f"Endpoint=sb://contoso-events.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey={key};EntityPath=hub",
    )
    expect(config(page, "policy_key")).to_have_value(key)
    for place in clicks[2:]:
        click_without_scrolling(place)
    expect_created(page, "Staging events to Azure Event Hubs")
    assert sandbox.count("POST") == 1


def click_without_scrolling(place: Locator) -> None:
    """Click what is in view; the page is not scrolled for it."""
    expect(place).to_be_in_viewport(ratio=1)
    place.click()
