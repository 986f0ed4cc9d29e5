"""How many metric points a second come home by the worker's own way, from events.jsonl into PostgreSQL.

Beside it, in the same table and turn by turn: the same rows by Django's bulk_create, and by a bare COPY from memory,
which is the most that this database can take.

Wall-clock rates are those of the machine as busy as it is. Points by the CPU time of worker and database together are
what one idle core would do for both; they need a database on this machine.
"""

import statistics
import time
from pathlib import Path

import psutil
import pytest
from django.db import connection, transaction

from flowdppo_engine import events
from flowdppo_engine.config import RunConfig
from runs import lifecycle, points
from runs.models import Attempt, Experiment, MetricPoint, Run
from teams.models import Team
from worker.event_stream import EventStream

KEYS = [f"group/{number}" for number in range(40)]
NUM_EVENTS, NUM_ROUNDS = 2500, 5
NUM_POINTS = NUM_EVENTS * len(KEYS)


class Ingestion:
    """A run whose engine has written its whole stream already."""

    def __init__(self, experiment: Experiment):
        config = RunConfig().model_dump(mode="json")
        self.run = Run.objects.create(experiment=experiment, name="run", recipe="none", config=config)
        self.lease = lifecycle.claim(self.run.id, "worker")
        self.attempt = Attempt.objects.get(id=self.lease.attempt_id)
        self.stream = [self._event(iteration) for iteration in range(1, NUM_EVENTS + 1)]

    def by_worker(self, folder: Path) -> float:
        stream = EventStream(self.lease, folder, 0)
        begin = time.perf_counter()
        while stream.store_next(self.attempt):
            pass
        return time.perf_counter() - begin

    def by_bulk_create(self) -> float:
        begin = time.perf_counter()
        for start in range(0, NUM_EVENTS, 100):
            rows = (
                MetricPoint(
                    run=self.run, attempt=self.attempt, iteration=e.iteration, step=e.step, time=1.0, key=k, value=v
                )
                for e in self.stream[start : start + 100]
                for k, v in e.values.items()
            )
            MetricPoint.objects.bulk_create(rows, ignore_conflicts=True)
        return time.perf_counter() - begin

    def by_bare_copy(self) -> float:
        rows = list(points._rows(self.attempt, self.stream))
        begin = time.perf_counter()
        with transaction.atomic():
            points._copy(rows)
        return time.perf_counter() - begin

    @staticmethod
    def _event(iteration: int) -> events.Metrics:
        values = {key: (iteration * 0.37 + number) % 1.7 for number, key in enumerate(KEYS)}
        return events.Metrics(time=1.0, iteration=iteration, step=iteration, values=values)


class Cpu:
    """CPU seconds of this process and of its PostgreSQL backend together."""

    def __init__(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._processes = [psutil.Process(), psutil.Process(cursor.fetchone()[0])]

    def spent(self) -> float:
        return sum(times.user + times.system for times in (process.cpu_times() for process in self._processes))


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_points_a_second(tmp_path):
    experiment = Experiment.objects.create(team=Team.objects.create(name="T", slug="t"), name="E")
    seconds: dict[str, list[float]] = {"worker": [], "bulk_create": [], "bare COPY": []}
    cpu, cpu_of_worker = Cpu(), 0.0
    for round_ in range(NUM_ROUNDS):
        folder = tmp_path / str(round_)
        folder.mkdir()
        home = Ingestion(experiment)
        writer = events.EventWriter(folder)
        for event in home.stream:
            writer.write(event)
        begin = cpu.spent()
        seconds["worker"].append(home.by_worker(folder))
        cpu_of_worker += cpu.spent() - begin
        assert home.run.points.count() == NUM_POINTS
        seconds["bulk_create"].append(Ingestion(experiment).by_bulk_create())
        seconds["bare COPY"].append(Ingestion(experiment).by_bare_copy())
    assert MetricPoint.objects.count() == 3 * NUM_ROUNDS * NUM_POINTS
    rates = {way: NUM_POINTS / statistics.median(taken) for way, taken in seconds.items()}
    print(*(f"\n{way}: {rate:,.0f} points/s" for way, rate in rates.items()))
    print(*(f"worker to {way}: {rates['worker'] / rates[way]:.2f}" for way in ("bulk_create", "bare COPY")), sep="\n")
    print(f"worker: {NUM_ROUNDS * NUM_POINTS / cpu_of_worker:,.0f} points a CPU second of worker and database")
