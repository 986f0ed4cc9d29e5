"""Starts the platform on a data folder of its own and waits until its demo run has finished, which takes as long as it
trains: about a quarter of an hour on two idle cores.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[1:1] = [str(ROOT / "platform")]

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.end_to_end.printed import sign_in_that_was_printed  # noqa: E402
from tests.end_to_end.screenshots import props, scenes  # noqa: E402
from tests.end_to_end.screenshots.camera import FOLDER, PATIENCE, Photographer  # noqa: E402
from tests.platform.stack.running_platform import Platform  # noqa: E402
from tools import chromium  # noqa: E402

LIVE_AT = 0.4
RUN = "SELECT state, iteration::float / greatest(total_iterations, 1) FROM runs_run"
JOB = "SELECT state, 1.0 FROM jobs_job WHERE id = '{}'"
OVER = ("finished", "failed", "cancelled")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="flowdppo-screenshots-") as folder:
        platform = Platform(Path(folder) / "data")
        platform.start()
        try:
            take_all(platform)
        finally:
            platform.end()


def take_all(platform: Platform) -> None:
    address = platform.wait_until_up()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find_on_system(), args=["--no-sandbox"])
        photographer = Photographer(browser, address)
        photographer.shoot("sign-in", scenes.at("/"))
        photographer.sign_in(*sign_in_that_was_printed(platform.said()))
        photographer.shoot("new-run", scenes.show_new_run)
        wait_until(platform, RUN, lambda state, progress: progress >= LIVE_AT)
        photographer.shoot("run-live", scenes.show_run, whole_on_desktop=True)
        wait_until(platform, RUN, lambda state, progress: state in OVER)
        photographer.shoot("run-finished", scenes.show_run, whole_on_desktop=True)
        photographer.shoot("experiments", scenes.at("/"))
        job = props.ask_for_evaluation(platform)
        wait_until(platform, JOB.format(job), lambda state, progress: state in OVER)
        photographer.shoot("evaluation", scenes.at(f"/evaluations/{job}/"), whole_on_desktop=True)
        for name, scene in scenes.with_props(props.set_up(platform)).items():
            photographer.shoot(name, scene)
        browser.close()


def wait_until(platform: Platform, query: str, is_so: Callable[[str, float], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so(*platform.query(query)[0]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"In vain for {PATIENCE:.0f} seconds: read {platform.data_dir}/logs")
        time.sleep(1)


if __name__ == "__main__":
    main()
