"""How soon the playground shows its first picture on the sandbox's model, from the click on Draw to the screen.

Standing by: the drawing process has imported the libraries and loads the model; the page was just opened. Cold: no
process runs, as in a node's first seconds, or after one has died. Warm: it has drawn before.
"""

import json
import statistics
import time

import psutil
import pytest
from playwright.sync_api import Browser, Page

from tests.platform.stack.running_platform import Platform
from worker.drawing import READY_FOR

NUM_WARM = 5

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


def drawing_process(platform: Platform) -> psutil.Process:
    record = platform.data_dir / "drawing" / "process.json"
    platform.wait_for(record.exists, "a drawing process")
    return psutil.Process(json.loads(record.read_text())["pid"])


def wait_until_it_stands_by(platform: Platform) -> None:
    process = drawing_process(platform)
    platform.wait_for(lambda: process.cpu_times().user > 1 and process.cpu_percent(1.0) < 2, "it to have begun")


@pytest.mark.long
def test_the_first_picture(platform: Platform, browser: Browser, capsys):
    address = platform.wait_until_up().rstrip("/")
    session, run_id = json.loads(platform.shell(PREPARE).splitlines()[-1])
    wait_until_it_stands_by(platform)
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page.goto(f"{address}/playground/?policies={run_id}@0")
    standing_by = seconds_to_first_picture(page, "a red circle")
    warm = [seconds_to_first_picture(page, f"{number} blue squares") for number in range(2, 2 + NUM_WARM)]
    drawing_process(platform).kill()
    # One node was told to be ready; for so long no other one is.
    time.sleep(READY_FOR + 1)
    page.reload()
    cold = seconds_to_first_picture(page, "a green triangle")
    page.close()
    with capsys.disabled():
        print(
            "\n\nThe playground's first picture, from the click to the screen, the page just opened: "
            f"{standing_by:.2f} s where a process stands by, {cold:.2f} s where none runs; "
            f"warm {statistics.median(warm):.2f} s (median of {NUM_WARM}, at most {max(warm):.2f} s).\n"
        )
    assert statistics.median(warm) < cold and standing_by < cold
