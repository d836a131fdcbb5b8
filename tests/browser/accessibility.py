"""Whether a page is fit for everyone: axe finds nothing in either theme, and it is never wider than the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
#: 1,280 CSS pixels are a desktop, 640 the same one zoomed to 200 %, and 320 a phone, or a desktop at 400 %.
WIDTHS = (1280, 640, 320)
#: What stands out of the window, if it is wider than that.
OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > width + 1);
  return ["the page", ...wide.map((e) => e.outerHTML.slice(0, 120))];
}"""
#: What axe checks at a width: a theme, and the rules that can give another result there than before (none: all rules).
CHECKS: dict[int, tuple[Literal["light", "dark"], list[str]]] = {
    1280: ("light", []),
    320: ("dark", ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]),
}


def problems(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now, in light and dark, wide and narrow."""
    found = []
    before = page.viewport_size or {"width": WIDTHS[0], "height": 900}
    # Nothing fades from one theme's colour to the other's while it is looked at.
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": before["height"]})
        found += [f"wider than {width}: {element}" for element in page.evaluate(OVERFLOWING)]
        if width in CHECKS:
            theme, rules = CHECKS[width]
            page.emulate_media(color_scheme=theme)
            found += [f"{theme}, {width}: {violation}" for violation in violations(page, rules)]
    page.set_viewport_size({"width": before["width"], "height": before["height"]})
    return found


def violations(page: Page, rules: list[str]) -> list[str]:
    """Return what axe finds by these rules, or by all of them."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", options
    )
    return [f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]
