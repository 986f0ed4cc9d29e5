"""A desktop and a phone that look at the same pages."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from stack import console

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "screenshots"
NUM_COLORS = 256
SETTLE_MILLISECONDS = 2000
PATIENCE = 3600.0


@dataclass(frozen=True)
class Screen:
    """A size to look at."""

    name: str
    width: int
    height: int
    scale: int


DESKTOP = Screen("desktop", 1280, 900, 1)
PHONE = Screen("phone", 390, 844, 2)


class Photographer:
    def __init__(self, browser: Browser, address: str):
        self._pages = {screen: self._open(browser, screen, address) for screen in (DESKTOP, PHONE)}

    def shoot(self, name: str, go: Callable[[Page], None], whole_on_desktop: bool = False) -> None:
        """Bring each screen to a page, wait until it has settled, and keep what it shows."""
        for screen, page in self._pages.items():
            go(page)
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            whole = whole_on_desktop and screen is DESKTOP
            save(page.screenshot(full_page=whole), FOLDER / f"{name}-{screen.name}.png")
        console.say(f"Took {name}.")

    def sign_in(self, email: str, password: str) -> None:
        for page in self._pages.values():
            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("heading", name="Experiments").wait_for()

    @staticmethod
    def _open(browser: Browser, screen: Screen, address: str) -> Page:
        size = {"width": screen.width, "height": screen.height}
        page = browser.new_page(
            viewport=size, device_scale_factor=screen.scale, base_url=address, color_scheme="light"
        )
        page.set_default_timeout(PATIENCE * 1000)
        return page


def save(png: bytes, path: Path) -> None:
    """Screenshots have few colours: a palette makes the files a third as large."""
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(NUM_COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
