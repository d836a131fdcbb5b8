"""Setup guides in the form."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from destinations_ui import kinds
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import (
    Visitor,
    common,
    config,
    expect_created,
    fill_common,
    fill_config,
    press_create,
)

pytestmark = pytest.mark.browser
HUBS, KINESIS = kinds.registry()["azure-event-hubs"], kinds.registry()["kinesis"]


def test_the_guides_are_shown_and_the_secret_stays_in_the_browser(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/azure-event-hubs/?project=web-shop&environment=staging")
    fill_config(page, HUBS)
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.get_by_role("button", name="Show Azure Event Hubs setup commands").click()

    expect(page.get_by_role("heading", name="Azure Event Hubs setup commands")).to_be_focused()
    expect(page.get_by_text("--namespace-name=contoso-events --name=launchdarkly")).to_be_visible()
    assert HUBS.field("policy_key").example[:20] not in (asked.value.post_data or "")
    assert "policy_key" not in (asked.value.post_data or "")
    expect(config(page, "policy_key")).to_have_value(HUBS.field("policy_key").example)
    assert not problems(page)
    fill_common(page, "After a look at the guides")
    press_create(page)
    expect_created(page, "After a look at the guides")


def test_the_trust_policy_comes_from_launchdarkly(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/kinesis/?project=web-shop&environment=staging")
    fill_config(page, KINESIS)
    page.get_by_role("button", name="Show Amazon Kinesis setup commands").click()
    page.get_by_role("button", name="Get the trust policy from LaunchDarkly").click()

    expect(page.get_by_text("LaunchDarkly’s own response for web-shop / staging")).to_be_visible()
    expect(page.get_by_text("sts:ExternalId")).to_be_visible()


def test_without_scripts_it_is_a_page_with_a_link_back(visit: Visit) -> None:
    page = visit("operator", java_script_enabled=False).open(
        "/destinations/new/kinesis/?project=web-shop&environment=staging"
    )
    common(page, "name").fill("Kept")
    fill_config(page, KINESIS)
    page.get_by_role("button", name="Show Amazon Kinesis setup commands").click()
    expect(page.get_by_role("heading", level=1, name="Amazon Kinesis setup commands")).to_be_visible()
    page.get_by_role("button", name="Get the trust policy from LaunchDarkly").click()
    expect(page.get_by_text("sts:ExternalId")).to_be_visible()
    page.get_by_role("button", name="Continue with the form").click()
    expect(common(page, "name")).to_have_value("Kept")
    expect(config(page, "stream_name")).to_have_value("cat-stream")
