"""Without JavaScript, links, buttons and full pages do everything."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from destinations_ui.sandbox import SandboxServer
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, common, config, expect_created, press_create, sign_in

pytestmark = pytest.mark.browser

ROW = "user_identities-{}-{}"
SECRETS = {"api_key": "key without scripts", "secret": "secret without scripts"}


@pytest.fixture
def plain(visit: Visit) -> Visitor:
    """A signed-in operator without JavaScript."""
    return visit("operator", java_script_enabled=False)


def type_secrets(page: Page) -> None:
    """Type the secrets, which no page keeps."""
    for name, text in SECRETS.items():
        expect(config(page, name)).to_have_value("")
        config(page, name).fill(text)


def test_a_destination_is_created_from_the_map_to_the_record(visit: Visit, sandbox: SandboxServer) -> None:
    plain = visit(java_script_enabled=False)
    page = plain.open("/")
    sign_in(page, "operator")
    page.get_by_role("link", name="New destination").first.click()
    page.get_by_role("link", name="Segment").click()
    page.get_by_role("link", name="mParticle").click()
    expect(page.get_by_role("group", name="mParticle", exact=True)).to_be_visible()

    common(page, "name").fill("Without scripts")
    common(page, "project").fill("web-shop")
    common(page, "environment").fill("development")
    config(page, "environment").select_option("production")
    config(page, ROW.format(0, "context_kind")).fill("user")
    config(page, ROW.format(0, "identity")).fill("customer_id")
    page.get_by_role("button", name="Refresh the environments").click()
    expect(common(page, "environment")).to_have_value("development")
    expect(common(page, "environment").get_by_role("option")).to_have_count(5)

    page.get_by_role("button", name="Add a row").click()
    config(page, ROW.format(1, "context_kind")).fill("device")
    config(page, ROW.format(1, "identity")).fill("other")
    page.get_by_role("button", name="Add a row").click()
    page.get_by_role("button", name="Remove row 3").click()
    expect(page.get_by_role("button", name="Remove row")).to_have_count(2)

    plain.expects(422)
    type_secrets(page)
    press_create(page)
    expect(page.get_by_text("Choose whether the destination starts on or off.")).to_have_count(2)
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_text("Secrets are never sent back to the browser. Enter them again.")).to_be_visible()
    expect(common(page, "name")).to_have_value("Without scripts")
    expect(config(page, ROW.format(1, "identity"))).to_have_value("other")

    page.get_by_label("Off: create it now").check()
    type_secrets(page)
    press_create(page)
    expect_created(page, "Without scripts")
    [sent] = [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]
    assert sent["on"] is False
    assert sent["config"] == {
        "apiKey": SECRETS["api_key"],
        "secret": SECRETS["secret"],
        "environment": "production",
        "userIdentities": [
            {"ldContextKind": "user", "mparticleUserIdentity": "customer_id"},
            {"ldContextKind": "device", "mparticleUserIdentity": "other"},
        ],
    }


def test_no_button_that_needs_a_script_is_shown(plain: Visitor) -> None:
    page = plain.open("/destinations/new/mparticle/")
    expect(page.get_by_role("button", name="Show")).to_have_count(0)
    expect(page.get_by_role("button", name="Add a row")).to_be_visible()


def test_a_refusal_keeps_all_values_except_secrets(plain: Visitor) -> None:
    plain.expects(422)
    page = plain.open("/destinations/new/segment/?project=faults&environment=unauthorized")
    common(page, "name").fill("Refused without scripts")
    config(page, "write_key").fill("typed000000000000000000000000000")
    config(page, "user_id_context_kind").fill("user")
    page.get_by_label("On: send events").check()
    press_create(page)
    expect(
        page.get_by_role("alert").filter(has_text="LaunchDarkly rejected the request. Nothing was created.")
    ).to_be_visible()
    expect(common(page, "name")).to_have_value("Refused without scripts")
    expect(config(page, "write_key")).to_have_value("")
    expect(page.get_by_text("except secrets. Enter those again")).to_be_visible()


def test_the_form_resumes_after_signing_in_again(plain: Visitor, sandbox: SandboxServer) -> None:
    plain.expects(401, 403)
    page = plain.open("/destinations/new/segment/?project=web-shop&environment=test")
    common(page, "name").fill("Signed out without scripts")
    config(page, "write_key").fill("typed000000000000000000000000000")
    config(page, "user_id_context_kind").fill("user")
    page.get_by_label("On: send events").check()
    plain.context.clear_cookies(name="sessionid")
    press_create(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You have been signed out")
    with plain.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(opened.value, "operator")
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Environments")
    page.get_by_role("button", name="Continue with the form").click()
    # Signing in gave the browser a new token, which this page does not have.
    page.get_by_role("button", name="Continue with the form").click()
    expect(common(page, "name")).to_have_value("Signed out without scripts")
    config(page, "write_key").fill("typedAgain0000000000000000000000")
    press_create(page)
    expect_created(page, "Signed out without scripts")
    assert sandbox.count("POST") == 1


def test_the_history_is_searched_and_read(plain: Visitor) -> None:
    page = plain.open("/history/")
    page.get_by_label("Search").fill("nothing is called that")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_visible()
    page.get_by_role("link", name="Clear all").first.click()
    expect(page.get_by_label("Search")).to_have_value("")
