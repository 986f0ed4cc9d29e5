"""Curves as the panel asks for them, through the whole site: 50 runs overlaid, a live tick, a million points."""

import statistics
import time

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from flowdppo_engine.config import RunConfig
from runs.models import Attempt, Experiment, MetricPoint, Run, RunState
from teams.models import Membership, Team, User

KEY = "reward/mean"
KEYS = [KEY, *(f"group/{number}" for number in range(9))]
NUM_CALLS = 7

FILL = """
INSERT INTO runs_metricpoint (attempt_id, run_id, key, iteration, step, time, value)
SELECT %(attempt)s, %(run)s, key, iteration, 2 * iteration, iteration, random()
FROM generate_series(%(first)s, %(last)s) AS iteration, unnest(%(keys)s::text[]) AS key
"""


class Readers:
    """A person of a team, before a panel."""

    def __init__(self):
        team = Team.objects.create(name="T", slug="t")
        user = User.objects.create_user("reader", "reader@example.org")
        Membership.objects.create(team=team, user=user)
        self.experiment = Experiment.objects.create(team=team, name="E")
        self.client = Client()
        self.client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def ask(self, runs: list[Run], cursor: str = "") -> tuple[dict, int, float]:
        """The answer, its size in bytes as JSON, and the median of the seconds that it took."""
        query = {"runs": ",".join(str(run.id) for run in runs), "keys": KEY, "cursor": cursor}
        taken = []
        for _ in range(NUM_CALLS):
            begin = time.perf_counter()
            response = self.client.get(reverse("run_series"), query)
            taken.append(time.perf_counter() - begin)
        return response.json(), len(response.content), statistics.median(taken)

    def make_run(self, name: str, num_iterations: int, keys: list[str]) -> Run:
        config = RunConfig().model_dump(mode="json")
        run = Run.objects.create(
            experiment=self.experiment, name=name, recipe="none", config=config, state=RunState.RUNNING
        )
        Attempt.objects.create(run=run, number=1, worker="w")
        fill(run, 1, num_iterations, keys)
        return run


def fill(run: Run, first: int, last: int, keys: list[str]) -> None:
    with connection.cursor() as cursor:
        place = {"run": run.id, "attempt": run.attempts.get().id}
        cursor.execute(FILL, place | {"first": first, "last": last, "keys": keys})


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_seconds_and_bytes():
    readers = Readers()
    runs = [readers.make_run(f"run {number}", 2000, KEYS) for number in range(50)]
    large = readers.make_run("ten metrics, 100,000 iterations", 100_000, KEYS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")

    first, size, seconds = readers.ask(runs)
    print(f"\n50 runs x 2,000 steps, first answer: {seconds:.3f} s, {size:,} bytes of JSON")
    assert size <= 700_000
    assert all(run["series"][KEY]["iteration"][-1] == 2000 for run in first["runs"])

    for run in runs:
        fill(run, 2001, 2001, KEYS)
    tick, size, seconds = readers.ask(runs, first["cursor"])
    print(f"50 runs, a live tick with a new point of each: {seconds:.3f} s, {size:,} bytes of JSON")
    assert size <= 20_000
    assert all(run["series"][KEY]["iteration"] == [2001] for run in tick["runs"])

    answer, size, seconds = readers.ask([large])
    print(f"one metric of a run with {large.points.count():,} points: {seconds:.3f} s, {size:,} bytes of JSON")
    assert answer["runs"][0]["series"][KEY]["iteration"][-1] == 100_000
    assert MetricPoint.objects.count() == 50 * 2001 * len(KEYS) + 100_000 * len(KEYS)
