"""Fifty people with the page of a live run open, on the platform as `make run` starts it.

Each browser asks for what the page asks for, as often as the page does: where the run stands, its log, its results and
its curves. Meanwhile the run goes on writing. Reported are the answers' times, those asked for while the last of the
fifty, who come within two seconds, still wait for the page, and those after; and that every point arrived.
"""

import asyncio
import json
import re
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass

import httpx
import pytest

from flowdppo_engine import events
from tests.benchmarks.test_http_ingest import CONFIG
from tests.platform.stack.running_platform import Platform

NUM_PEOPLE, SECONDS, NUM_METRICS = 50, 40.0, 40
# Seconds between two looks, as the templates and the panel's feed have them.
EVERY = {"status": 2.0, "log": 2.0, "results": 5.0, "series": 2.0}
# What the page tells of what it has already.
CURSORS = {"log": "after", "results": "shown"}

SIGN_IN = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from teams.models import Membership, Team, User
team, keys = Team.objects.get(), []
for number in range(%d):
    user = User.objects.create_user(f"person{number}", f"person{number}@example.org")
    Membership.objects.create(team=team, user=user)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session.create()
    keys.append(session.session_key)
print(json.dumps(keys))
"""


@dataclass(frozen=True)
class Answer:
    """`begun`: on the clock of time.perf_counter."""

    what: str
    begun: float
    seconds: float


class Run:
    """A run whose engine writes an iteration a second."""

    def __init__(self, api: httpx.AsyncClient):
        self.api, self.num_iterations, self.offset = api, 0, 0

    async def begin(self) -> None:
        experiment = (await self.api.get("/experiments")).json()["items"][0]["id"]
        body = {"name": "live", "config": CONFIG}
        self.id = (await self.api.post(f"/experiments/{experiment}/reported-runs", json=body)).json()["id"]
        hold = (await self.api.post(f"/runs/{self.id}/reports", json={"host": "bench"})).json()
        self.headers = {"Attempt-Token": hold["token"]}

    async def go_on(self) -> None:
        self.num_iterations += 1
        at = {"time": time.time(), "iteration": self.num_iterations, "step": self.num_iterations}
        values = {"reward/mean": 0.5} | {f"group/{number}": 0.1 * number for number in range(NUM_METRICS - 1)}
        said = events.Log(time=time.time(), level="info", message=f"iteration {self.num_iterations}")
        lines = b"".join(
            event.model_dump_json().encode() + b"\n" for event in (events.Metrics(**at, values=values), said)
        )
        answer = await self.api.post(
            f"/runs/{self.id}/events?offset={self.offset}", content=lines, headers=self.headers
        )
        self.offset = answer.raise_for_status().json()["offset"]


class Person:
    """A browser on the run's page."""

    def __init__(self, address: str, session: str, run: str, answers: list[Answer]):
        self.http = httpx.AsyncClient(base_url=address, cookies={"sessionid": session}, timeout=60.0)
        self.run, self.answers, self.iterations = run, answers, set()
        self.cursors = {"series": "", "log": "0", "results": ""}

    async def look_until(self, end: float, late: float) -> None:
        await asyncio.sleep(late)
        await self._timed("page")
        await asyncio.gather(*(self._repeat(what, every, end) for what, every in EVERY.items()))
        await self._ask("series")
        await self.http.aclose()

    async def _repeat(self, what: str, every: float, end: float) -> None:
        while time.perf_counter() < end:
            await self._timed(what)
            await asyncio.sleep(every)

    async def _timed(self, what: str) -> None:
        begun = time.perf_counter()
        await self._ask(what)
        self.answers.append(Answer(what, begun, time.perf_counter() - begun))

    async def _ask(self, what: str) -> None:
        if what == "page":
            (await self.http.get(f"/runs/{self.run}/")).raise_for_status()
        elif what == "series":
            query = {"runs": self.run, "keys": "reward/mean,group/1,group/2", "cursor": self.cursors["series"]}
            answer = (await self.http.get("/runs/series", params=query)).raise_for_status().json()
            self.cursors["series"] = answer["cursor"]
            self.iterations.update(
                *(run["series"].get("reward/mean", {}).get("iteration", []) for run in answer["runs"])
            )
        else:
            query = {CURSORS[what]: self.cursors[what]} if what in CURSORS else {}
            answer = (await self.http.get(f"/runs/{self.run}/{what}/", params=query)).raise_for_status()
            if found := re.search(rf"{CURSORS.get(what)}=(\w+)", answer.text):
                self.cursors[what] = found[1]


async def load(address: str, token: str, sessions: list[str]) -> tuple[list[Answer], list[Person], Run]:
    answers: list[Answer] = []
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers=headers, timeout=60.0) as api:
        run = Run(api)
        await run.begin()
        end = time.perf_counter() + SECONDS
        people = [Person(address, session, run.id, answers) for session in sessions]
        looking = asyncio.gather(*(one.look_until(end, late=2.0 * n / len(people)) for n, one in enumerate(people)))
        while time.perf_counter() < end - 3.0:
            await run.go_on()
            await asyncio.sleep(1.0)
        await looking
    return answers, people, run


def sign_in(platform: Platform) -> list[str]:
    return json.loads(platform.shell(SIGN_IN % NUM_PEOPLE))


def report(when: str, answers: Iterable[Answer]) -> None:
    by_kind: dict[str, list[float]] = {}
    for answer in answers:
        by_kind.setdefault(answer.what, []).append(answer.seconds)
        by_kind.setdefault("all", []).append(answer.seconds)
    print(f"\n{when}:")
    for what, seconds in sorted(by_kind.items()):
        marks = statistics.quantiles(seconds, n=100)
        print(
            f"{what}: {len(seconds)} answers, median {marks[49]:.3f} s, p95 {marks[94]:.3f} s, "
            f"longest {max(seconds):.3f} s"
        )


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_fifty_people_with_live_pages(platform):
    address = platform.wait_until_up().rstrip("/")
    answers, people, run = asyncio.run(load(address, platform.make_token("write"), sign_in(platform)))
    open_from = max(answer.begun + answer.seconds for answer in answers if answer.what == "page")
    print(f"\n{len(answers) / SECONDS:.0f} requests a second")
    report("While all of them open the page", (answer for answer in answers if answer.begun < open_from))
    report("With all pages open", (answer for answer in answers if answer.begun >= open_from))
    assert all(person.iterations == set(range(1, run.num_iterations + 1)) for person in people)
