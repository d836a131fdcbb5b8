"""The main job, from sign-in to the history, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from destinations_ui import kinds
from destinations_ui.sandbox import SandboxServer
from tests.browser.conftest import Visit
from tests.browser.visitor import expect_created, fill_common, fill_config, press_create, sign_in

pytestmark = pytest.mark.browser

#: Kind → a project and an environment that are free at the start, as the map names them.
FREE = {
    "azure-event-hubs": ("Web shop", "Production"),
    "google-pubsub": ("Web shop", "Staging"),
    "kinesis": ("Web shop", "Test"),
    "mparticle": ("Web shop", "Development"),
    "segment": ("Mobile app", "Production"),
    "snowflake-v2": ("Mobile app", "Staging"),
}


def test_one_destination_of_each_kind_from_sign_in_to_the_history(visit: Visit, sandbox: SandboxServer) -> None:
    page = visit().open("/")
    sign_in(page, "operator")
    page.get_by_role("link", name="Refresh").click()
    for slug, (project, environment) in FREE.items():
        kind = kinds.registry()[slug]
        name = f"Journey to {kind.label}"
        page.get_by_role("link", name="Map").click()
        page.get_by_role("link", name=f"Create destination in {project}, {environment}").click()
        page.get_by_role("link", name=kind.label).click()
        expect(page.get_by_role("group", name=kind.label)).to_be_visible()
        fill_common(page, name, on=slug != "kinesis", reason="The journey’s test")
        fill_config(page, kind)
        press_create(page)
        expect_created(page, name)
    page.get_by_role("link", name="History", exact=True).click()
    for slug in FREE:
        row = page.get_by_role("row").filter(has_text=f"Journey to {kinds.registry()[slug].label}")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("Succeeded")
        expect(row).to_contain_text("operator")
    held = {item["kind"]: item for item in sandbox.destinations() if item["name"].startswith("Journey")}
    assert set(held) == set(kinds.registry())
    assert {slug for slug, item in held.items() if not item["on"]} == {"kinesis"}
