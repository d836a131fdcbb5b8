"""A rejected form: its messages and links, and that nothing typed is lost or leaked."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.visitor import (
    Visitor,
    choose_environment,
    common,
    config,
    expect_created,
    fill_common,
    fill_config,
    press_create,
    swapped,
)

pytestmark = pytest.mark.browser

AZURE = kinds.registry()["azure-event-hubs"]
#: Must not be in any response.
SECRET = "aSecret+that/mustNotComeBack0123456789abcde="


def sent(sandbox: SandboxServer) -> list[dict[str, object]]:
    """Return the bodies of all creations that reached LaunchDarkly."""
    return [json.loads(request.body) for request in sandbox.requests if request.method == "POST"]


def fill_wrongly(page: Page) -> None:
    """Fill the form with two mistakes and a correct secret."""
    fill_common(page, "", on=False, reason="Kept reason")
    wrong = {"namespace": "contoso_events", "name": "kept-hub", "policy_key": SECRET}
    fill_config(page, AZURE, **wrong)


def test_the_error_summary_has_the_focus_and_links_to_the_inputs(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/azure-event-hubs/?project=web-shop&environment=staging")
    fill_wrongly(page)
    press_create(page)
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(page).to_have_title("Error: New Azure Event Hubs destination · Destinations UI")
    links = summary.get_by_role("link")
    expect(links).to_have_count(2)
    for link, field in ((links.first, common(page, "name")), (links.last, config(page, "namespace"))):
        link.click()
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        description = field.get_attribute("aria-describedby") or ""
        error = page.locator(f"#{description.split()[-1]}")
        expect(error).to_be_visible()
        expect(error).to_have_text(f"Error: {link.text_content()}")


def test_a_rejected_form_keeps_typed_values_and_leaks_no_secret(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/azure-event-hubs/?project=web-shop&environment=staging")
    fill_wrongly(page)
    with page.expect_response(lambda response: response.request.method == "POST") as answered:
        press_create(page)
    assert answered.value.status == 422
    assert "a+secret" not in answered.value.text()
    assert "must" not in answered.value.text()
    assert "kept-hub" in answered.value.text()
    page.get_by_role("link", name="Enter a name.").click()
    expect(common(page, "project")).to_have_value("web-shop")
    expect(common(page, "environment")).to_have_value("staging")
    expect(common(page, "reason")).to_have_value("Kept reason")
    expect(page.locator('[name="on"][value="false"]')).to_be_checked()
    expect(config(page, "namespace")).to_have_value("contoso_events")
    expect(config(page, "name")).to_have_value("kept-hub")
    expect(config(page, "policy_key")).to_have_value(SECRET)
    assert not sent(sandbox)

    common(page, "name").fill("Corrected")
    config(page, "namespace").fill("contoso-events")
    press_create(page)
    expect_created(page, "Corrected")
    [body] = sent(sandbox)
    assert body["config"] == {
        "namespace": "contoso-events",
        "name": "kept-hub",
        "policyName": "launchdarkly-send",
        "policyKey": SECRET,
    }


def test_the_error_of_a_missing_secret_is_cleared_by_typing(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/azure-event-hubs/?project=web-shop&environment=staging")
    press_create(page)
    secret = config(page, "policy_key")
    expect(secret).to_have_attribute("aria-invalid", "true")
    expect(secret).to_have_accessible_description(re.compile("Error: Enter the policy key.$"))
    with swapped(page):
        secret.fill(SECRET)
        press_create(page)
    expect(secret).to_have_value(SECRET)
    expect(secret).not_to_have_attribute("aria-invalid", "true")
    expect(secret).to_have_accessible_description(re.compile("^Open that policy"))
    assert page.evaluate(
        "[...document.querySelectorAll('[aria-describedby]')].every((field) =>"
        " field.getAttribute('aria-describedby').split(' ').every((id) => document.getElementById(id)))"
    )


def test_a_secret_typed_into_a_plain_field_is_cleared_there(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/azure-event-hubs/?project=web-shop&environment=staging")
    fill_common(page, "Right name", reason=f"The key is {SECRET}")
    fill_config(page, AZURE, policy_key=SECRET)
    press_create(page)
    expect(page.locator(".error-summary").get_by_role("link")).to_have_count(1)
    expect(common(page, "reason")).to_have_value("")
    expect(config(page, "policy_key")).to_have_value(SECRET)
    assert not sent(sandbox)


def test_a_refusal_by_launchdarkly_keeps_all_values_for_a_retry(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/azure-event-hubs/?project=faults&environment=forbidden")
    fill_common(page, "Refused at first", reason="Kept reason")
    fill_config(page, AZURE, policy_key=SECRET)
    press_create(page)
    notice = page.get_by_role("alert").filter(has_text="LaunchDarkly rejected the request. Nothing was created.")
    expect(notice).to_be_focused()
    notice.get_by_text("LaunchDarkly’s response").click()
    for words in ("status: 403", "code: forbidden", "message: approval is required", "ID: "):
        expect(notice).to_contain_text(words)
    expect(common(page, "name")).to_have_value("Refused at first")
    expect(common(page, "reason")).to_have_value("Kept reason")
    expect(config(page, "namespace")).to_have_value("contoso-events")
    expect(config(page, "policy_key")).to_have_value(SECRET)

    choose_environment(page, "web-shop", "staging")
    press_create(page)
    expect_created(page, "Refused at first")
    assert [body["config"]["policyKey"] for body in sent(sandbox)] == [SECRET, SECRET]  # type: ignore[index]  # JSON
    page.get_by_role("navigation", name="Main").get_by_role("link", name="History").click()
    rows = page.get_by_role("row").filter(has_text="Refused at first")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Succeeded")
    expect(rows.last).to_contain_text("Refused")


def test_a_refused_form_links_to_its_record(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open("/destinations/new/google-pubsub/?project=faults&environment=conflict")
    fill_common(page, "Refused for good")
    fill_config(page, kinds.registry()["google-pubsub"])
    press_create(page)
    page.get_by_role("link", name="see it in the history").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refused for good")
    expect(page.get_by_text("optimistic_locking_error", exact=True)).to_be_visible()
    expect(page.get_by_text("LaunchDarkly rejected the request. Nothing was created.")).to_be_visible()
