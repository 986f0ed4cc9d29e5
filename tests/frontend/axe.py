"""axe-core, as a package carries it: what keeps people out of the page that a browser shows."""

from collections.abc import Iterable
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
ASK = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"], iframes: false });
  const bad = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return bad.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 160)}`));
}"""
# Width and theme; the themes differ in contrast, the widths in what is laid out.
SHORT = ((1280, "light"), (390, "dark"))
LONG = ((1280, "dark"), (390, "light"))


def faults(page: Page, views: Iterable[tuple[int, str]]) -> list[str]:
    """The serious and critical ones, at each width and in each theme."""
    page.evaluate(SCRIPT)
    found = []
    for width, theme in views:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += [f"{page.url} at {width}, {theme}: {fault}" for fault in page.evaluate(ASK)]
    return found
