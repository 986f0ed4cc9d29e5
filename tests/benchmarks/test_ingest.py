"""How many metric points a second go from events into PostgreSQL, in transactions as a worker makes them."""

import time

import pytest

from flowdppo_engine import events
from flowdppo_engine.config import RunConfig
from runs import ingest, lifecycle
from runs.models import Attempt, Experiment, MetricPoint, Run
from teams.models import Team

KEYS = [f"group/{number}" for number in range(40)]
NUM_EVENTS, EVENTS_A_BATCH = 2000, 100


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_points_a_second():
    experiment = Experiment.objects.create(team=Team.objects.create(name="T", slug="t"), name="E")
    config = RunConfig().model_dump(mode="json")
    run = Run.objects.create(experiment=experiment, name="run", recipe="none", config=config)
    lease = lifecycle.claim(run.id, "worker")
    attempt = Attempt.objects.get(id=lease.attempt_id)
    values = dict.fromkeys(KEYS, 0.5)
    stream = [events.Metrics(time=1.0, iteration=at, step=at, values=values) for at in range(1, NUM_EVENTS + 1)]

    begin = time.perf_counter()
    for start in range(0, NUM_EVENTS, EVENTS_A_BATCH):
        batch = ingest.Batch(stream[start : start + EVENTS_A_BATCH], start, start + EVENTS_A_BATCH)
        ingest.store(lease, attempt, batch)
    seconds = time.perf_counter() - begin

    num_points = MetricPoint.objects.count()
    print(f"\n{num_points} points in {seconds:.2f} s: {num_points / seconds:.0f} points/s")
    assert num_points == NUM_EVENTS * len(KEYS)
