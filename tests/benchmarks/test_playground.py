"""How soon the playground shows its first picture, cold and warm, on the sandbox's model.

Cold: no drawing process runs, so that its start and the loading of the model are in it; opening the page begins
them, so it matters how long ago that was. From the click on Draw until the picture is shown.
"""

import json
import os
import signal
import statistics
import time

import pytest
from playwright.sync_api import Browser, Page

from tests.platform.stack.running_platform import Platform
from worker.drawing import READY_FOR

NUM_WARM = 5
TYPING = 8  # Seconds that somebody takes to write a prompt.

SHOWN = """alt => [...document.querySelectorAll(".play-cell img")]
    .some((image) => image.alt.endsWith(alt) && image.complete && image.naturalWidth)"""
PREPARE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from flowdppo_engine.config import RunConfig
from runs.models import Experiment, Run
from teams.models import Membership, Team, User
team = Team.objects.get()
user = User.objects.create_user("painter", "painter@example.org")
Membership.objects.create(team=team, user=user, role="member")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
session.create()
experiment = Experiment.objects.create(team=team, name="Playground")
config = RunConfig().model_dump(mode="json")
run = Run.objects.create(experiment=experiment, name="painter", recipe="none", config=config, state="finished")
print(json.dumps([session.session_key, str(run.id)]))
"""


def seconds_to_first_picture(page: Page, prompt: str) -> float:
    page.get_by_label("Prompt").fill(prompt)
    begun = time.monotonic()
    page.get_by_role("button", name="Draw").click()
    page.wait_for_function(SHOWN, arg=prompt)
    return time.monotonic() - begun


def end_drawing_process(platform: Platform) -> None:
    record = platform.data_dir / "drawing" / "process.json"
    os.kill(json.loads(record.read_text())["pid"], signal.SIGKILL)


@pytest.mark.long
def test_the_first_picture(platform: Platform, browser: Browser, capsys):
    address = platform.wait_until_up().rstrip("/")
    session, run_id = json.loads(platform.shell(PREPARE).splitlines()[-1])
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page.goto(f"{address}/playground/?policies={run_id}@0")
    cold = seconds_to_first_picture(page, "a red circle")
    warm = [seconds_to_first_picture(page, f"{number} blue squares") for number in range(2, 2 + NUM_WARM)]
    end_drawing_process(platform)
    # One node was told to be ready; for so long no other one is.
    time.sleep(READY_FOR + 1)
    page.reload()
    time.sleep(TYPING)
    typed = seconds_to_first_picture(page, "a green triangle")
    page.close()
    with capsys.disabled():
        print(
            "\n\nThe playground's first picture, from the click to the screen: no process runs and the page was just "
            f"opened {cold:.2f} s, {TYPING} s after it was opened {typed:.2f} s; warm {statistics.median(warm):.2f} s "
            f"(median of {NUM_WARM}, at most {max(warm):.2f} s).\n"
        )
    assert statistics.median(warm) < cold and typed < cold
