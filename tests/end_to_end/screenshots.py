"""`make screenshots`: the pages as they are while the demo run trains, into docs/screenshots/.

It starts the platform on a data folder of its own and waits until the run has finished, which takes as long as it
trains: about a quarter of an hour on two idle cores.
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "platform")]

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from stack import console  # noqa: E402
from tests.end_to_end.printed import sign_in_that_was_printed  # noqa: E402
from tests.platform.stack.running_platform import Platform  # noqa: E402
from tools import chromium  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
NUM_COLORS = 256
LIVE_AT = 0.4
SETTLE_MILLISECONDS = 2000
PATIENCE = 3600.0
PROGRESS = "SELECT state, iteration::float / greatest(total_iterations, 1) FROM runs_run"


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


def show_run(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="First light").click()
    page.locator("#run-rows").get_by_role("link", name="First light", exact=True).click()
    panel = page.frame_locator("iframe[data-panel]")
    panel.locator(".tile img").last.wait_for()
    panel.locator(".plot .scatterlayer path").first.wait_for()
    for tile in panel.locator(".tile img").all():
        tile.evaluate("image => image.decode()")


def show_new_run(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="First light").click()
    page.get_by_role("link", name="New run").click()
    page.get_by_role("button", name="Submit run").wait_for()


def wait_for_run(platform: Platform, wanted: Callable[[str, float], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not wanted(*platform.query(PROGRESS)[0]):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"The run did not come far enough in {PATIENCE:.0f} seconds: read {platform.data_dir}/logs"
            )
        time.sleep(1)


def take_all(platform: Platform) -> None:
    address = platform.wait_until_up()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find_on_system(), args=["--no-sandbox"])
        photographer = Photographer(browser, address)
        photographer.shoot("sign-in", lambda page: page.goto("/"))
        photographer.sign_in(*sign_in_that_was_printed(platform.said()))
        photographer.shoot("new-run", show_new_run)
        wait_for_run(platform, lambda state, progress: progress >= LIVE_AT)
        photographer.shoot("run-live", show_run, whole_on_desktop=True)
        wait_for_run(platform, lambda state, progress: state == "finished")
        photographer.shoot("run-finished", show_run, whole_on_desktop=True)
        photographer.shoot("experiments", lambda page: page.goto("/"))
        browser.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="flowdppo-screenshots-") as folder:
        platform = Platform(Path(folder) / "data")
        platform.start()
        try:
            take_all(platform)
        finally:
            platform.end()


if __name__ == "__main__":
    main()
