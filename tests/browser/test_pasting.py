"""Pasting texts into the form: the browser parses them and sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.accessibility import problems
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, common, config, expect_created, fill_common, fill_config, press_create
from tests.support.pasted_texts import HOST, KEY, OTHER_TEXTS, ROLE, TEXTS, Text

pytestmark = pytest.mark.browser

HUBS = "/destinations/new/azure-event-hubs/"
KINESIS = "/destinations/new/kinesis/"
STRING = f"Endpoint=sb://{HOST}/;SharedAccessKeyName=send;SharedAccessKey={KEY};EntityPath=clicks"
STREAM = "arn:aws:kinesis:us-east-1:210987654321:stream/cat-stream"


PASTE = """(field, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    return !field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def paste(field: Locator, text: str) -> bool:
    """Paste a text as a user does, once the kind's JSON is loaded; return whether the page parsed it."""
    field.focus()
    field.page.locator("[data-kind-fields][data-loaded]").first.wait_for(state="attached")
    taken: bool = field.evaluate(PASTE, text)
    if not taken:
        field.fill(text)
    return taken


def status(page: Page) -> Locator:
    """Return the form's status of a pasted text."""
    return page.locator("[data-pasted]")


def inputs(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the inputs that a text fills, and their values."""
    for name, value in values.items():
        if isinstance(value, str):
            yield name, value
            continue
        for number, row in enumerate(value):
            for column, text in row.items():
                yield f"{name}-{number}-{column}", text


@pytest.mark.parametrize("slug", kinds.registry())
def test_each_text_fills_its_fields(oskar: Visitor, slug: str) -> None:
    texts = [text for text in TEXTS if text.kind == slug]
    assert texts
    for text in texts:
        check(oskar.open(f"/destinations/new/{slug}/"), text)


def check(page: Page, text: Text) -> None:
    """Paste a text into a new form and check that it fills the expected fields."""
    kind = kinds.registry()[text.kind]

    assert paste(page.locator("[name^='config-']").first, text.text), text

    if text.other:
        label = kinds.registry()[text.other].label
        expect(status(page), str(text)).to_contain_text(f"This is for {label}, so nothing was filled.")
        assert all(not field.input_value() for field in page.locator("input[name^='config-']").all()), text
        return
    expect(status(page), str(text)).to_contain_text(f"Filled from the {text.source}: ")
    for name, value in inputs(text.values):
        expect(config(page, name), str(text)).to_have_value(value)
    for name, value in text.common.items():
        expect(common(page, name), str(text)).to_have_value(value)
    for name, value in text.facts.items():
        expect(common(page, f"fact-{name}"), str(text)).to_have_value(value)
    unused = f"Not used: {', '.join(text.unused)}."
    assert (unused in status(page).inner_text()) is bool(text.unused), text
    for name, pasted in text.values.items():
        assert not kind.field(name).secret or str(pasted) not in page.locator("body").inner_text(), text


def test_an_unknown_text_is_pasted_unchanged(oskar: Visitor) -> None:
    for slug in {slug for slug, _ in OTHER_TEXTS}:
        page = oskar.open(f"/destinations/new/{slug}/")
        for _, text in (each for each in OTHER_TEXTS if each[0] == slug):
            assert not paste(page.locator("[name^='config-']").first, text), text
            expect(status(page)).to_be_empty()


def test_a_pasted_secret_is_sent_once_with_the_form(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = oskar.open(f"{HUBS}?project=web-shop&environment=staging")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url} {request.post_data}"))
    fill_common(page, "Pasted")

    assert paste(config(page, "namespace"), STRING)

    expect(config(page, "policy_key")).to_have_value(KEY)
    expect(config(page, "policy_key")).to_have_attribute("type", "password")
    expect(page.locator("#kind-fields").get_by_text("Filled from the connection string", exact=True)).to_have_count(4)
    expect(status(page)).to_contain_text("Namespace, Event hub, Shared access policy, Policy key")
    assert KEY not in page.locator("body").inner_text()
    assert not problems(page)
    assert not any(KEY[:-1] in request for request in sent)
    press_create(page)
    expect_created(page, "Pasted")
    assert len([request for request in sent if KEY[:-1] in request]) == 1
    assert not any("SharedAccessKey" in request for request in sent)
    assert sandbox.count("POST") == 1


def test_a_text_pasted_before_the_json_arrives_fills_the_fields_later(oskar: Visitor) -> None:
    page = oskar.open(HUBS)
    held: list[Route] = []
    page.route("**/spec.*.json", lambda route: held.append(route))
    with page.expect_request("**/spec.*.json"):
        config(page, "name").focus()
    config(page, "name").evaluate(PASTE, STRING)
    config(page, "name").fill(STRING)

    held[0].continue_()

    expect(config(page, "name")).to_have_value("clicks")
    expect(config(page, "policy_key")).to_have_value(KEY)


def test_the_form_works_without_the_kinds_json(oskar: Visitor) -> None:
    oskar.expects("failed: GET", "ERR_FAILED")
    page = oskar.open(f"{HUBS}?project=web-shop&environment=staging")
    page.route("**/spec.*.json", lambda route: route.abort())
    fill_common(page, "Without JSON")
    fill_config(page, kinds.registry()["azure-event-hubs"])
    press_create(page)
    expect_created(page, "Without JSON")


def test_undo_restores_the_fields(oskar: Visitor) -> None:
    page = oskar.open(HUBS)
    config(page, "namespace").fill("typed-before")
    paste(config(page, "name"), STRING)
    expect(config(page, "namespace")).to_have_value("contoso-events")

    page.get_by_role("button", name="Undo").click()

    expect(config(page, "namespace")).to_have_value("typed-before")
    expect(config(page, "policy_key")).to_have_value("")
    expect(page.get_by_text("Filled from")).to_have_count(0)


def test_a_text_of_another_kind_offers_to_switch_and_fills_it(oskar: Visitor) -> None:
    page = oskar.open(f"{KINESIS}?project=web-shop&environment=staging")
    common(page, "name").fill("Stays")
    paste(config(page, "stream_name"), STRING)
    expect(config(page, "stream_name")).to_have_value("")
    assert not problems(page)

    page.get_by_role("button", name="Change to Azure Event Hubs and fill its fields").click()

    expect(config(page, "policy_key")).to_have_value(KEY)
    expect(config(page, "name")).to_have_value("clicks")
    expect(common(page, "name")).to_have_value("Stays")


def test_a_mistake_in_a_pasted_value_is_shown_on_leaving_the_field(oskar: Visitor) -> None:
    page = oskar.open(KINESIS)
    role, region = config(page, "role_arn"), config(page, "region")
    region.fill("us-east-1a")
    region.blur()
    expect(page.locator(".field__error")).to_have_count(0)

    paste(role, "arn:aws:iam::123456789012:user/oskar")
    expect(page.locator(".field__error")).to_have_count(0)
    role.blur()

    expect(page.get_by_text("This is the ARN of a user, group or policy.")).to_be_visible()
    expect(role).to_have_attribute("aria-invalid", "true")
    assert not problems(page)
    role.fill(ROLE)
    role.blur()
    expect(page.locator(".field__error")).to_have_count(0)


def test_after_a_rejection_a_mistake_is_shown_and_cleared_on_leaving(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open(KINESIS)
    press_create(page)
    region = config(page, "region")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    region.fill("us-east-1a")
    region.blur()
    expect(page.locator("#kind-fields").get_by_text("leave out the last letter")).to_be_visible()
    region.fill("us-gov-east-1")
    region.blur()
    expect(page.locator("#kind-fields").get_by_text("This region is in another AWS partition")).to_be_visible()
    region.fill("us-east-1")
    region.blur()
    expect(page.locator(".field__warning")).to_have_count(0)


def test_role_and_stream_of_different_accounts_need_a_confirmation(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = oskar.open(f"{KINESIS}?project=web-shop&environment=staging")
    fill_common(page, "Two accounts")
    paste(config(page, "role_arn"), ROLE)
    paste(config(page, "stream_name"), STREAM)
    press_create(page)

    expect(page.get_by_role("heading", name="Look at this before it is sent")).to_be_visible()
    assert sandbox.count("POST") == 0
    assert not problems(page)
    page.get_by_label("It is right as it is: Role ARN").check()
    press_create(page)

    expect_created(page, "Two accounts")
    expect(page.get_by_text("The role and the stream are in different AWS accounts").first).to_be_visible()


def test_a_kinds_values_return_after_switching_twice(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/mparticle/")
    config(page, "api_key").fill("key-of-the-feed")
    config(page, "user_identities-0-context_kind").fill("user")
    page.get_by_role("button", name="Add a row").click()
    config(page, "user_identities-1-context_kind").fill("device")
    page.get_by_role("link", name="Segment").click()
    config(page, "write_key").fill("key-of-the-source")

    page.get_by_role("link", name="mParticle").click()

    expect(config(page, "api_key")).to_have_value("key-of-the-feed")
    expect(config(page, "user_identities-1-context_kind")).to_have_value("device")
    page.get_by_role("link", name="Segment").click()
    expect(config(page, "write_key")).to_have_value("key-of-the-source")


def test_without_scripts_a_whole_text_is_refused(visit: Visit, sandbox: SandboxServer) -> None:
    oskar = visit("operator", java_script_enabled=False)
    oskar.expects(422)
    page = oskar.open(f"{HUBS}?project=web-shop&environment=staging")
    common(page, "environment").select_option("staging")
    fill_common(page, "Whole string")
    config(page, "name").fill(STRING)
    config(page, "policy_key").fill(STRING)
    press_create(page)

    expect(page.get_by_text("Enter only what the field asks for.").first).to_be_visible()
    expect(page.get_by_text("This is a whole connection string. Enter only the policy key.").first).to_be_visible()
    assert KEY not in page.content()
    assert sandbox.count("POST") == 0
