"""Pasting texts into the form: the browser parses them and sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.accessibility import problems
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
)
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


def box(page: Page) -> Locator:
    """Return the box that takes any text."""
    return page.get_by_label("Paste a connection string, URL, Terraform, curl or JSON, and we’ll fill in the rest.")


def status(page: Page) -> Locator:
    """Return the form's status of a pasted text."""
    return page.locator("[data-pasted]:not(:empty)")


def press_undo(page: Page) -> None:
    """Undo what a pasted text filled."""
    page.get_by_role("button", name="Undo").click()
    expect(status(page)).to_have_text("Undone.")


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
    """Paste a text into a new form's box and check that it fills the expected fields."""
    kind = kinds.registry()[text.other or text.kind]

    assert paste(box(page), text.text), text

    expect(box(page)).to_have_value("")
    expect(status(page), str(text)).to_contain_text(f"Filled from the {text.source}: ")
    expect(page.locator("#kind-fields")).to_have_attribute("data-kind-fields", kind.slug)
    assert (f"The type is now {kind.label}." in status(page).inner_text()) is bool(text.other), text
    for name, value in inputs(text.values):
        expect(config(page, name), str(text)).to_have_value(value)
    for name, value in text.common.items():
        expect(common(page, name), str(text)).to_have_value(value)
    for name, value in text.facts.items():
        expect(common(page, f"fact-{name}"), str(text)).to_have_value(value)
    if text.on:
        expect(page.locator(f'[name="on"][value="{text.on}"]')).to_be_checked()
        expect(status(page)).to_contain_text(f"Set to {'On' if text.on == 'true' else 'Off'}.")
    unused = [f"Not used: {', '.join(text.unused)}."] if text.unused else []
    assert re.findall(r"Not used: [^.]*\.", status(page).inner_text()) == unused, text
    assert text.instead in status(page).inner_text(), text
    assert page.locator("[data-pasted] .field__warning").count() == bool(text.instead), text
    for name, pasted in text.values.items():
        assert not kind.field(name).secret or str(pasted) not in page.locator("body").inner_text(), text


def test_an_unknown_text_is_pasted_unchanged(oskar: Visitor) -> None:
    for slug in {slug for slug, _ in OTHER_TEXTS}:
        page = oskar.open(f"/destinations/new/{slug}/")
        for _, text in (each for each in OTHER_TEXTS if each[0] == slug):
            assert not paste(page.locator("[name^='config-']").first, text), text
            expect(status(page)).to_have_count(0)


def test_a_text_pasted_into_a_field_fills_the_others(oskar: Visitor) -> None:
    for text in {text.kind: text for text in TEXTS if not text.other}.values():
        page = oskar.open(f"/destinations/new/{text.kind}/")

        assert paste(page.locator("[name^='config-']").first, text.text), text

        expect(status(page), str(text)).to_contain_text(f"Filled from the {text.source}: ")
        for name, value in inputs(text.values):
            expect(config(page, name), str(text)).to_have_value(value)


def test_the_box_says_what_it_cannot_read_and_is_emptied(oskar: Visitor) -> None:
    page = oskar.open(KINESIS)
    for text, words in (
        ("a note: do this first", "this text isn’t recognized"),
        ("SharedAccessKey=" + "x" * 20_000, "this text is too long"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "This is a private key."),
        ('{"kind": "honeycomb", "config": {}}', "this is for a type that can’t be created here"),
    ):
        paste(box(page), text)
        expect(status(page).locator(".field__warning")).to_contain_text(words)
        expect(box(page)).to_have_value("")
    assert problems(page) == []


def test_a_text_typed_or_inserted_at_once_is_read_too(oskar: Visitor) -> None:
    page = oskar.open(HUBS)
    box(page).press_sequentially(HOST)
    expect(box(page)).to_have_value(HOST)
    box(page).press("Tab")
    expect(config(page, "namespace")).to_have_value("contoso-events")
    expect(box(page)).to_have_value("")

    box(page).fill(STRING)

    expect(config(page, "policy_key")).to_have_value(KEY)
    expect(box(page)).to_have_value("")


def test_the_users_own_choices_stay_and_are_reported(oskar: Visitor) -> None:
    page = oskar.open(f"{KINESIS}?project=web-shop&environment=staging")
    common(page, "name").fill("My name")

    paste(
        box(page),
        'curl https://app.launchdarkly.com/api/v2/destinations/mobile-app/test -d \'{"name": "Other", "kind": '
        '"kinesis", "config": {"streamName": "cat-stream"}}\'',
    )

    expect(status(page)).to_contain_text("Not used: Destination name, Project, Environment.")
    expect(common(page, "name")).to_have_value("My name")
    expect(common(page, "project")).to_have_value("web-shop")
    expect(common(page, "environment")).to_have_value("staging")


def test_a_pasted_secret_is_in_its_input_and_nowhere_else(oskar: Visitor) -> None:
    page = oskar.open(f"{KINESIS}?project=web-shop&environment=staging")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data} {request.headers}"))
    paste(box(page), f"unknown {KEY}")
    expect(status(page)).to_contain_text("isn’t recognized")
    paste(box(page), f"{STRING}\n{KEY}")
    expect(config(page, "policy_key")).to_have_value(KEY)
    expect_only_in_the_input(page)
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    assert KEY[:-1] not in page.content()
    with swapped(page):
        page.get_by_role("link", name="Azure Event Hubs").click()
    expect(config(page, "policy_key")).to_have_value(KEY)
    expect_only_in_the_input(page)

    paste(box(page), STRING.replace("clicks", "other"))
    press_undo(page)
    expect(config(page, "name")).to_have_value("clicks")
    page.reload()

    expect(box(page)).to_have_value("")
    assert not [field for field in page.locator("input, textarea").all() if KEY[:-1] in field.input_value()]
    assert KEY[:-1] not in page.content()
    assert not [request for request in sent if KEY[:-1] in request]


def expect_only_in_the_input(page: Page) -> None:
    """Expect a secret to be the value of its input, and nowhere else in the browser."""
    assert KEY[:-1] not in page.content()
    kept = page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, location.href])"
    )
    assert KEY[:-1] not in kept
    holding = page.locator("input, textarea").evaluate_all(
        "(inputs, key) => inputs.filter((input) => input.value.includes(key)).map((input) => input.name)", KEY[:-1]
    )
    assert holding == ["config-policy_key"]


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
    assert problems(page) == []
    assert not any(KEY[:-1] in request for request in sent)
    press_create(page)
    expect_created(page, "Pasted")
    assert len([request for request in sent if KEY[:-1] in request]) == 1
    assert not any("SharedAccessKey" in request for request in sent)
    assert sandbox.count("POST") == 1


def test_a_text_pasted_before_the_json_arrives_fills_the_fields_later(oskar: Visitor) -> None:
    page = oskar.open(HUBS)
    held = hold(page, "**/spec.*.json")
    with page.expect_request("**/spec.*.json"):
        config(page, "name").focus()
    config(page, "name").evaluate(PASTE, STRING)
    config(page, "name").fill(STRING)

    first_held(page, held).continue_()

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

    press_undo(page)

    expect(config(page, "namespace")).to_have_value("typed-before")
    expect(config(page, "policy_key")).to_have_value("")
    expect(page.get_by_text("Filled from")).to_have_count(0)


@pytest.mark.parametrize("target", ["box", "field"])
def test_a_text_of_another_kind_changes_the_kind_until_undone(oskar: Visitor, target: str) -> None:
    page = oskar.open(f"{KINESIS}?project=web-shop&environment=staging")
    common(page, "name").fill("Stays")
    config(page, "region").fill("us-east-1")

    paste(box(page) if target == "box" else config(page, "stream_name"), STRING)

    expect(status(page)).to_contain_text("The type is now Azure Event Hubs. Filled from the connection string: ")
    expect(config(page, "policy_key")).to_have_value(KEY)
    expect(config(page, "name")).to_have_value("clicks")
    expect(common(page, "name")).to_have_value("Stays")
    assert problems(page) == []
    press_undo(page)
    expect(page.get_by_role("group", name="Amazon Kinesis", exact=True)).to_be_visible()
    expect(config(page, "region")).to_have_value("us-east-1")
    expect(config(page, "stream_name")).to_have_value("")
    expect(common(page, "name")).to_have_value("Stays")
    with swapped(page):
        page.get_by_role("link", name="Azure Event Hubs").click()
    expect(config(page, "policy_key")).to_have_value("")


def test_a_text_pasted_before_a_kind_is_chosen_opens_its_form(oskar: Visitor) -> None:
    for text, name, value in ((STREAM, "stream_name", "cat-stream"), (STRING, "policy_key", KEY)):
        page = oskar.open("/destinations/new/?project=web-shop&environment=staging")
        assert not problems(page)

        paste(box(page), text)

        expect(config(page, name)).to_have_value(value)
        expect(status(page)).to_contain_text("Filled from the ")
        expect(box(page)).to_be_focused()
        expect(page).to_have_url(re.compile(r"/destinations/new/[a-z-]+/\?project=web-shop&environment=staging$"))
        expect(common(page, "environment")).to_have_value("staging")
        assert KEY[:-1] not in page.content()


def test_undo_restores_name_on_or_off_and_the_environment(oskar: Visitor) -> None:
    page = oskar.open(KINESIS)
    [block] = [text for text in TEXTS if text.what == "a whole block"]
    paste(box(page), block.text)
    expect(status(page)).to_contain_text("Destination name, Project, Environment. Set to On.")

    press_undo(page)

    for name in ("name", "project", "environment"):
        expect(common(page, name)).to_have_value("")
    expect(page.locator("[name='on']:checked")).to_have_count(0)


def test_in_rows_a_box_fills_its_own_row_and_keeps_the_kind(oskar: Visitor) -> None:
    page = oskar.open(f"{HUBS}bulk/?environment=web-shop/staging&environment=web-shop/test")
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(2)

    paste(box(page).nth(1), STRING)

    expect(rows.nth(1).locator("[name$='config-policy_key']")).to_have_value(KEY)
    expect(rows.nth(0).locator("[name$='config-policy_key']")).to_have_value("")
    expect(rows.nth(1).locator("[data-pasted]")).to_contain_text("Filled from the connection string")
    paste(box(page).nth(0), STREAM)
    expect(rows.nth(0).locator("[data-pasted] .field__warning")).to_contain_text(
        "Nothing was filled, because this is for Amazon Kinesis."
    )
    assert problems(page) == []


def test_the_keyboard_reaches_box_and_undo_and_the_result_is_announced(oskar: Visitor) -> None:
    page = oskar.open(HUBS)
    paste(box(page), STRING)
    expect(page.get_by_role("status").filter(has_text="Filled from the connection string")).to_be_visible()
    expect(box(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Undone.")).to_be_visible()
    expect(box(page)).to_be_focused()


def test_an_error_at_a_common_field_goes_once_it_is_fixed(oskar: Visitor) -> None:
    oskar.expects(422)
    page = oskar.open(KINESIS)
    name = common(page, "name")
    name.fill("x" * 257)
    press_create(page)
    expect(page.locator("#id_name_error")).to_contain_text("Shorten the name")
    name.fill("x" * 258)
    expect(name).to_have_attribute("aria-invalid", "true")

    name.fill("Short")

    expect(page.locator("#id_name_error")).to_have_count(0)
    expect(name).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_on_error")).to_be_visible()
    page.locator('[name="on"][value="true"]').check()
    expect(page.locator("#id_on_error")).to_have_count(0)
    assert problems(page) == []


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
    assert problems(page) == []
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
    expect(page.locator("#kind-fields").get_by_text("remove the last letter")).to_be_visible()
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

    expect(page.get_by_role("heading", name="Review before creating")).to_be_visible()
    assert sandbox.count("POST") == 0
    assert problems(page) == []
    page.get_by_label("Use it anyway: Role ARN").check()
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


def test_without_scripts_there_is_no_box(visit: Visit) -> None:
    page = visit("operator", java_script_enabled=False).open(HUBS)
    expect(page.locator("[data-paste-box] textarea")).to_have_count(1)
    expect(page.locator("[data-paste-box]")).to_be_hidden()


def test_without_scripts_a_whole_text_is_refused(visit: Visit, sandbox: SandboxServer) -> None:
    oskar = visit("operator", java_script_enabled=False)
    oskar.expects(422)
    page = oskar.open(f"{HUBS}?project=web-shop&environment=staging")
    fill_common(page, "Whole string")
    config(page, "name").fill(STRING)
    config(page, "policy_key").fill(STRING)
    press_create(page)

    expect(page.get_by_text("Enter only the value that this field is for.").first).to_be_visible()
    expect(page.get_by_text("This is a whole connection string. Enter only the policy key.").first).to_be_visible()
    assert KEY not in page.content()
    assert sandbox.count("POST") == 0
