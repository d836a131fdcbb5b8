"""Changing the kind, project or environment: what is swapped, what stays, and what is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.visitor import (
    Visitor,
    common,
    config,
    entries,
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

KINESIS = kinds.registry()["kinesis"]
SEGMENT = kinds.registry()["segment"]
#: htmx's message for an aborted request.
GIVEN_UP = ("htmx:sendAbort", "htmx:afterRequest")


def begin(oskar: Visitor) -> Page:
    """Open the form for Kinesis and fill all of it, with another environment than in the URL."""
    page = oskar.open("/destinations/new/kinesis/?project=web-shop&environment=staging")
    unfold_choice(page)
    fill_common(page, "Typed name", on=False, reason="Typed reason")
    with swapped(page):
        common(page, "environment").select_option("test")
    fill_config(page, KINESIS)
    return page


def expect_the_rest_as_typed(page: Page) -> None:
    """Expect the common fields to be unchanged."""
    expect(common(page, "name")).to_have_value("Typed name")
    expect(common(page, "project")).to_have_value("web-shop")
    expect(common(page, "environment")).to_have_value("test")
    expect(page.locator('[name="on"][value="false"]')).to_be_checked()
    expect(common(page, "reason")).to_have_value("Typed reason")


def expect_kind(page: Page, slug: str) -> None:
    """Expect the fields, the URL, the title and the chosen card of this kind."""
    kind = kinds.registry()[slug]
    expect(page.get_by_role("group", name=kind.label, exact=True)).to_be_visible()
    expect(page.locator("#kind-fields")).to_have_count(1)
    expect(page).to_have_url(re.compile(f"/destinations/new/{slug}/"))
    expect(page).to_have_title(re.compile(f"^(Error: )?New {kind.label} destination"))
    expect(page.locator("#kinds [aria-current]")).to_have_text(re.compile(kind.label))


def test_switching_the_kind_swaps_its_fields_and_keeps_the_rest(oskar: Visitor) -> None:
    page = begin(oskar)
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    expect_kind(page, "segment")
    expect(config(page, "role_arn")).to_have_count(0)
    expect_the_rest_as_typed(page)


def test_switching_the_kind_sends_no_typed_value(oskar: Visitor) -> None:
    page = begin(oskar)
    with page.expect_request("**/destinations/new/segment/**") as asked:
        page.get_by_role("link", name="Segment").click()
    assert asked.value.method == "GET"
    assert asked.value.post_data is None
    # Only the chosen environment is sent, which is part of the URL.
    assert parse_qs(urlsplit(asked.value.url).query) == {"project": ["web-shop"], "environment": ["test"]}
    expect_kind(page, "segment")


def test_a_switch_replaces_the_url_so_one_step_back_leaves_the_form(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/?project=web-shop&environment=staging")
    page.get_by_role("link", name="Kinesis").click()
    for label in ("Segment", "Snowflake"):
        with swapped(page):
            page.get_by_role("link", name=label).click()

    page.reload()
    expect_kind(page, "snowflake-v2")
    expect(common(page, "environment")).to_have_value("staging")

    page.go_back()
    expect(page).to_have_url(re.compile(r"/destinations/new/\?project=web-shop&environment=staging$"))
    page.go_forward()
    expect_kind(page, "snowflake-v2")


def test_going_back_from_an_anchor_keeps_everything_typed(oskar: Visitor) -> None:
    oskar.expects(422)
    page = begin(oskar)
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    press_create(page)
    page.get_by_role("link", name="Enter the write key.").click()
    expect(page).to_have_url(re.compile("#id_segment-write_key$"))
    config(page, "write_key").fill("typed")

    with went_back(page):
        page.evaluate("history.back()")

    expect_kind(page, "segment")
    expect(config(page, "write_key")).to_have_value("typed")
    expect_the_rest_as_typed(page)


def test_the_kind_that_is_shown_is_sent(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = begin(oskar)
    with swapped(page):
        page.get_by_role("link", name="mParticle").click()
    fill_config(page, kinds.registry()["mparticle"])
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    fill_config(page, SEGMENT)
    press_create(page)
    expect_created(page, "Typed name")
    [sent] = [request for request in sandbox.requests if request.method == "POST"]
    assert sent.path.endswith("/web-shop/test")
    body = json.loads(sent.body)
    assert body["kind"] == "segment"
    assert body["config"] == {SEGMENT.field(name).api: text for name, text in entries(SEGMENT)}


def test_errors_of_the_previous_kind_are_removed(oskar: Visitor) -> None:
    oskar.expects(422)
    page = begin(oskar)
    config(page, "region").fill("nowhere")
    press_create(page)
    expect(page.get_by_text("There is a problem")).to_be_visible()
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    expect_kind(page, "segment")
    expect(page.get_by_text("There is a problem")).to_have_count(0)
    expect_the_rest_as_typed(page)


def test_choosing_a_project_loads_its_environments(oskar: Visitor) -> None:
    page = begin(oskar)
    with swapped(page):
        common(page, "project").fill("mobile-app")
        common(page, "project").press("Tab")
    options = common(page, "environment").get_by_role("option")
    expect(options).to_have_text(
        [
            "Choose…",
            "Production (production) · critical",
            "Staging (staging)",
            "Development (development) · has “Development events”, Amazon Kinesis",
        ]
    )
    expect(config(page, "role_arn")).to_have_value(dict(entries(KINESIS))["role_arn"])
    # The other kinds' links have the chosen project.
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    expect(page).to_have_url(re.compile(r"\?project=mobile-app$"))
    expect(options).to_have_count(4)


def test_what_is_typed_for_project_or_environment_is_in_no_url(oskar: Visitor) -> None:
    page = begin(oskar)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    config(page, "role_arn").fill("typed-for-another-field")

    with swapped(page):
        common(page, "environment").select_option("staging")
    with swapped(page):
        common(page, "project").fill("A-Secret-By-Mistake")
        common(page, "project").press("Tab")
    with swapped(page):
        page.get_by_role("button", name="Refresh the environments").click()
    with swapped(page):
        common(page, "environment").fill("Another-Secret")
        common(page, "environment").press("Tab")
    with swapped(page):
        page.get_by_role("link", name="Segment").click()

    lookups = [request for request in sent if "/environments/" in request.url]
    assert [request.method for request in lookups] == ["POST"] * 4
    for request in lookups:
        assert set(parse_qs(request.post_data or "")) <= {"csrfmiddlewaretoken", "project", "environment"}
    assert "project=A-Secret-By-Mistake" in (lookups[1].post_data or "")
    assert not [url for url in (page.url, *(request.url for request in sent)) if "Secret" in url]
    expect_kind(page, "segment")
    expect(common(page, "project")).to_have_value("A-Secret-By-Mistake")
    expect(common(page, "environment")).to_have_value("Another-Secret")


def test_a_taken_environment_names_its_destination(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/kinesis/?project=mobile-app&environment=development")
    notice = page.get_by_role("status").filter(has_text="Development already has a destination")
    expect(notice).to_contain_text("“Development events”, Amazon Kinesis")


def test_refreshing_finds_a_new_environment(oskar: Visitor, sandbox: SandboxServer) -> None:
    page = begin(oskar)
    sandbox.add_environment("web-shop", "load-test", "Load test", critical=True)
    added = common(page, "environment").get_by_role("option", name="Load test (load-test) · critical")
    # LaunchDarkly is read at most every two seconds, however often the button is pressed.
    while not added.count():
        with swapped(page):
            page.get_by_role("button", name="Refresh the environments").click()
    common(page, "environment").select_option("Load test (load-test) · critical")
    common(page, "critical_key").fill("load-test")
    press_create(page)
    expect_created(page, "Typed name")


def test_choosing_an_environment_shows_its_destination_for_all_kinds(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/kinesis/?project=mobile-app")
    notice = page.get_by_role("status").filter(has_text="already has a destination")
    expect(notice).to_have_count(0)

    common(page, "environment").focus()
    with swapped(page):
        common(page, "environment").select_option("development")
    expect(notice).to_contain_text("“Development events”, Amazon Kinesis")
    expect(common(page, "environment")).to_be_focused()

    with swapped(page):
        common(page, "environment").select_option("staging")
    expect(notice).to_have_count(0)
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    expect(page).to_have_url(re.compile(r"\?project=mobile-app&environment=staging$"))


@contextmanager
def went_back(page: Page) -> Iterator[None]:
    """Wait until the page has handled going back."""
    page.evaluate("() => { window.back = new Promise((heard) => addEventListener('popstate', heard, { once: true })) }")
    yield
    page.evaluate("() => window.back.then(() => 0)")


def release(page: Page, pattern: str, held: list[Route]) -> None:
    """Release the held requests, and hold no more."""
    first_held(page, held)
    for route in held:
        route.continue_()
    page.unroute(pattern)


def test_a_kind_chosen_during_an_environment_lookup_is_shown(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/kinesis/?project=web-shop&environment=staging")
    unfold_choice(page)
    lookups = "**/destinations/new/kinesis/environments/"
    held = hold(page, lookups)
    with page.expect_request(lookups):
        common(page, "environment").select_option("test")
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    expect_kind(page, "segment")
    with swapped(page):
        release(page, lookups, held)
    expect_kind(page, "segment")
    expect(common(page, "environment")).to_have_value("test")


def test_an_environment_chosen_while_a_kind_loads_keeps_the_kind(oskar: Visitor) -> None:
    page = oskar.open("/destinations/new/kinesis/?project=web-shop&environment=staging")
    unfold_choice(page)
    fields = "**/destinations/new/segment/**"
    held = hold(page, fields)
    with page.expect_request(fields):
        page.get_by_role("link", name="Segment").click()
    with swapped(page):
        common(page, "environment").select_option("test")
    with swapped(page):
        release(page, fields, held)
    expect_kind(page, "segment")
    expect(common(page, "environment")).to_have_value("test")


def test_the_last_of_two_chosen_kinds_is_shown(oskar: Visitor) -> None:
    oskar.expects(*GIVEN_UP)
    page = begin(oskar)
    first = "**/destinations/new/segment/**"
    hold(page, first)
    with page.expect_request(first):
        page.get_by_role("link", name="Segment").click()
    with swapped(page):
        page.get_by_role("link", name="Snowflake").click()
    expect_kind(page, "snowflake-v2")
    expect_the_rest_as_typed(page)


def test_sending_aborts_a_kind_that_is_still_loading(oskar: Visitor) -> None:
    oskar.expects(422, *GIVEN_UP)
    page = begin(oskar)
    config(page, "region").fill("nowhere")
    fields = "**/destinations/new/segment/**"
    held = hold(page, fields)
    with page.expect_request(fields):
        page.get_by_role("link", name="Segment").click()
    common(page, "name").press("Enter")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect_kind(page, "kinesis")
    expect_the_rest_as_typed(page)
    assert first_held(page, held).request.failure == "net::ERR_ABORTED"


def test_the_kind_cannot_change_while_the_form_is_sent(oskar: Visitor, sandbox: SandboxServer) -> None:
    oskar.expects(422)
    page = begin(oskar)
    with swapped(page):
        page.get_by_role("link", name="Segment").click()
    # Its write key is missing.
    form = "**/destinations/new/segment/**"
    held = hold(page, form)
    with page.expect_request(form):
        press_create(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name="Snowflake").click()
    expect_kind(page, "segment")
    with swapped(page):
        release(page, form, held)
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect_kind(page, "segment")
    expect_the_rest_as_typed(page)
    assert not [url for url in asked if "/destinations/" in url]
    fill_config(page, SEGMENT)
    press_create(page)
    expect_created(page, "Typed name")
    [sent] = [request for request in sandbox.requests if request.method == "POST"]
    assert json.loads(sent.body)["kind"] == "segment"
