"""Find a Chromium for the browser tests: `python tools/chromium.py` prints its path, or says what to install."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

VARIABLE = "CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = (
    "No Chromium found for the browser tests. Install one (Debian, as root: `apt-get install chromium`; elsewhere: "
    "`.venv/bin/playwright install --with-deps chromium`), or set CHROMIUM to the path of a Chrome."
)


def find() -> Path | None:
    """The browser that CHROMIUM names, else one of the system's, else the one that Playwright installed."""
    return find_on_system() or _first_file([_playwrights_own()])


def find_on_system() -> Path | None:
    """The browser that CHROMIUM names, else one of the system's; without asking Playwright, which may be running."""
    return _first_file([os.environ.get(VARIABLE), *map(shutil.which, NAMES)])


def _first_file(paths: Iterable[str | None]) -> Path | None:
    return next((Path(path) for path in paths if path and Path(path).is_file()), None)


def _playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


if __name__ == "__main__":
    found = find()
    print(found or REMEDY, file=sys.stdout if found else sys.stderr)
    sys.exit(0 if found else 1)
