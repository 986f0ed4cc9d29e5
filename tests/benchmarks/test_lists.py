"""Lists of 10,000 runs through the whole site (session, permission, SQL, page), filtered and sorted.

Wall-clock times are those of the machine as busy as it is; CPU time of web process and database together is what one
idle core would take, and needs a database on this machine.
"""

import random
import statistics
import time

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from flowdppo_engine.config import RunConfig
from runs.models import Experiment, Run, RunState
from teams.models import Membership, Team, User
from tests.benchmarks.test_ingest import Cpu

NUM_RUNS, NUM_EXPERIMENTS, NUM_LARGE = 10_000, 50, 2_000
NUM_CALLS = 5
METRICS = ["reward/mean", "kl/reference_nats", *(f"group/metric_{number}" for number in range(38))]
SCORE = "sandbox:in_domain/sandbox_soft_tifa"

QUESTIONS = {
    "newest first": "",
    "words": "q=seed 77",
    "a state and a tag": "state=finished&tag=keep",
    "a config value": "q=trust_region.threshold.value < 1e-5",
    "a metric's last value": "q=reward/mean > 0.6",
    "a config value, sorted by a metric": "q=trust_region.threshold.value < 5e-5&sort=-reward/mean",
    "four conditions, sorted by a config value": (
        "q=state = finished, failed and not tag = keep and reward/mean > 0.3 and optimizer.lr > 0"
        "&sort=trust_region.threshold.value"
    ),
    "sorted by a score": "sort=-best",
}


class Reader:
    """A person of a team with many runs."""

    def __init__(self):
        team = Team.objects.create(name="T", slug="t")
        user = User.objects.create_user("reader", "reader@example.org")
        Membership.objects.create(team=team, user=user)
        self.experiments = [Experiment.objects.create(team=team, name=f"E{n}") for n in range(NUM_EXPERIMENTS)]
        self.client = Client()
        self.client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def fill(self) -> None:
        """The first experiment has 2,000 of the runs."""
        generator = random.Random(0)
        runs = [self._run(number, generator) for number in range(NUM_RUNS)]
        Run.objects.bulk_create(runs, batch_size=500)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def milliseconds(self, address: str) -> str:
        """Medians over some calls: wall clock, and CPU."""
        wall, spent, cpu = [], [], Cpu()
        for _ in range(NUM_CALLS):
            begin, begin_cpu = time.perf_counter(), cpu.spent()
            response = self.client.get(address)
            wall.append(time.perf_counter() - begin)
            spent.append(cpu.spent() - begin_cpu)
        assert response.status_code == 200 and b"No run fits" not in response.content
        return f"{1000 * statistics.median(wall):.0f} ({1000 * statistics.median(spent):.0f} CPU)"

    def _run(self, number: int, generator: random.Random) -> Run:
        config = RunConfig().model_dump(mode="json") | {"seed": number}
        config["trust_region"]["threshold"]["value"] = 10 ** generator.uniform(-7, -3)
        place = 0 if number < NUM_LARGE else 1 + number % (NUM_EXPERIMENTS - 1)
        best = generator.random()
        return Run(
            experiment=self.experiments[place],
            name=f"seed {number}",
            recipe="sandbox-flow-dppo",
            config=config,
            state=list(RunState)[number % len(RunState)],
            tags=["keep"] if number % 10 == 0 else [],
            summary={key: generator.random() for key in METRICS} | {"best": best, f"best/{SCORE}": best},
        )


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_milliseconds():
    reader = Reader()
    reader.fill()
    print(f"\n{NUM_RUNS:,} runs, a page of 50, median of {NUM_CALLS}, milliseconds: page / refreshed table")
    for words, query in QUESTIONS.items():
        page = reader.milliseconds(f"{reverse('runs')}?{query}")
        table = reader.milliseconds(f"{reverse('run_table')}?{query}&column=iteration&column=reward/mean")
        print(f"{words}: {page} / {table}")
    large = reader.milliseconds(reverse("experiment", args=[reader.experiments[0].id]))
    print(f"an experiment of {NUM_LARGE:,} runs: {large}")
    print(f"{NUM_EXPERIMENTS} experiments with all of them: {reader.milliseconds(reverse('experiments'))}")
    assert Run.objects.count() == NUM_RUNS
