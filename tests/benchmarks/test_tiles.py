"""A wall of 1,000 pictures in a real browser: seconds until its first row is painted, and what a thumbnail weighs.

The clock starts with the navigation and stops at the first frame after every picture of the first row was decoded.
Thumbnails are made when they are first asked for, so the first visit makes those that it shows.
"""

import random
import statistics

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

from runs.models import Run, Sample
from tests.frontend.panel.conftest import web_address  # noqa: F401
from tests.platform.core.web_client import sign_in
from tests.platform.lab import add_run, last_attempt, make_lab
from tests.platform.runs.synthetic_run import save_picture

NUM_TILES, NUM_FILES, SIDE, NUM_VISITS = 1_000, 25, 512, 5

FIRST_ROW = """async () => {
  const row = () => {
    const images = [...document.querySelectorAll('.wall-picture img')];
    const top = images[0]?.getBoundingClientRect().top;
    return images.filter((image) => image.getBoundingClientRect().top === top);
  };
  while (!row().length) await new Promise(requestAnimationFrame);
  await Promise.all(row().map((image) => image.decode()));
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  return [performance.now() / 1000, row().length];
}"""


def fill() -> Run:
    """Pictures as a model draws them: 512 pixels wide, with detail everywhere."""
    run, generator = add_run(make_lab().experiment), random.Random(0)
    noise = np.random.default_rng(0)
    paths = [f"samples/step-000010/{number:04d}.png" for number in range(NUM_FILES)]
    for path in paths:
        coarse = Image.fromarray(noise.integers(0, 256, (64, 64, 3), dtype=np.uint8))
        save_picture(f"{run.folder}/{path}", coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    samples = []
    for index in range(NUM_TILES):
        rewards = {name: generator.random() for name in ("pickscore", "soft_tifa", "quality")}
        about = {"prompt": f"picture {index}", "seed": index % 4, "rewards": rewards}
        at = {"run": run, "attempt": last_attempt(run), "iteration": 5, "step": 10}
        samples.append(Sample(**at, index=index, path=paths[index % NUM_FILES], **about))
    Sample.objects.bulk_create(samples)
    return run


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_seconds_to_the_first_row(page: Page, context: BrowserContext, web_address: str, settings, tmp_path):  # noqa: F811
    settings.MEDIA_ROOT = tmp_path / "files"
    run = fill()
    member = run.experiment.team.memberships.get(role="member").user
    context.add_cookies([{"name": "sessionid", "value": sign_in(member), "url": web_address}])
    sizes: list[int] = []
    page.on("response", lambda answer: "/thumb/" in answer.url and sizes.append(int(answer.headers["content-length"])))
    seconds = []
    # A web process that has just started has other things to do.
    page.goto(f"{web_address}/runs/")
    for _ in range(NUM_VISITS):
        page.goto(f"{web_address}/samples/?runs={run.id}", wait_until="commit")
        painted, num_columns = page.evaluate(FIRST_ROW)
        seconds.append(painted)
        page.wait_for_load_state("networkidle")
        page.goto("about:blank")
    largest = max(sizes)
    print(f"\n{NUM_TILES:,} pictures of {SIDE} pixels, {num_columns} in a row")
    print(
        f"first row painted after {seconds[0]:.2f} s on the first visit, {statistics.median(seconds[1:]):.2f} s later"
    )
    print(f"the largest of {len(sizes)} thumbnails has {largest:,} bytes")
    assert largest <= 25_000 and num_columns > 3
