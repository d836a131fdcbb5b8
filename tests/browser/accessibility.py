"""Whether a page is fit for everyone: axe finds nothing in either theme, and its layout holds at every width."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
#: 1,280 CSS pixels are a desktop, 640 a desktop zoomed to 200 %, and 320 a phone, or a desktop at 400 %.
WIDTHS = (1280, 640, 320)
#: Elements that extend beyond the window.
OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > width + 1);
  return ["the page", ...wide.map((e) => e.outerHTML.slice(0, 120))];
}"""
#: Text inputs narrower than 200 pixels and than what holds them, and text of fewer than three words a line.
CRAMPED = """() => {
  const visible = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const inner = (element) => {
    const style = getComputedStyle(element);
    return element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  };
  const all = (selector) => [...document.body.querySelectorAll(selector)].filter(visible);
  const texts = "input:not([type]), input[type=text], input[type=search], input[type=password], textarea";
  const narrow = all(texts).filter((input) => {
    const { width } = input.getBoundingClientRect();
    return width < 200 && width < inner(input.parentElement) - 1;
  });
  const lines = (element) => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const bottoms = [];
    while (texts.nextNode()) {
      if (texts.currentNode.parentElement.closest("svg")) continue;
      range.selectNodeContents(texts.currentNode);
      for (const { width, bottom } of range.getClientRects()) if (width > 1) bottoms.push(bottom);
    }
    // On one line, texts of another size end a few pixels higher or lower.
    bottoms.sort((one, other) => one - other);
    return bottoms.filter((bottom, number) => !number || bottom > bottoms[number - 1] + 8).length;
  };
  const thin = all("h1, h2, h3, p, legend, label, summary, li").filter((element) => {
    const words = element.innerText.trim().split(/\\s+/);
    if (words.length < 9 || element.querySelector("div, p, ul, ol")) return false;
    if (words.some((word) => word.length > 18)) return false;
    return lines(element) > words.length / 3 + 1;
  });
  const tell = (what) => (element) => `${what}: ${element.outerHTML.slice(0, 160)}`;
  return [...narrow.map(tell("a narrow input")), ...thin.map(tell("a thin column"))];
}"""
#: What axe checks at a width: a theme, and the rules whose result can differ there (none: all rules).
CHECKS: dict[int, tuple[Literal["light", "dark"], list[str]]] = {
    1280: ("light", []),
    320: ("dark", ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]),
}


def problems(page: Page) -> list[str]:
    """Return the page's current accessibility problems, in light and dark, wide and narrow."""
    found = []
    before = page.viewport_size or {"width": WIDTHS[0], "height": 900}
    # No transition between the themes' colors during the check.
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": before["height"]})
        found += [f"wider than {width}: {element}" for element in page.evaluate(OVERFLOWING)]
        found += [f"at {width}, {element}" for element in page.evaluate(CRAMPED)]
        if width in CHECKS:
            theme, rules = CHECKS[width]
            page.emulate_media(color_scheme=theme)
            found += [f"{theme}, {width}: {violation}" for violation in violations(page, rules)]
    page.set_viewport_size({"width": before["width"], "height": before["height"]})
    return found


def violations(page: Page, rules: list[str]) -> list[str]:
    """Return axe's violations of these rules, or of all."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", options
    )
    return [f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]
