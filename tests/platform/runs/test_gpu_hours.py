"""GPU hours along a curve: time that attempts held their GPUs, whatever became of them, and no time in between."""

from datetime import UTC, datetime
from math import inf

import pytest

from runs.curves import Curve
from runs.gpu_hours import Clock, Held, clock_of, held_by
from runs.models import Attempt, Run
from runs.series import read_lost_series, read_series
from tests.platform.lab import CONFIG, add_run

HOUR = 3600
KEY = "reward/mean"


def curve(*points: tuple[int, float]) -> Curve:
    iterations, times = zip(*points, strict=True)
    return Curve(list(iterations), list(iterations), [0.0] * len(points), list(times))


def test_waiting_between_attempts_takes_no_hours_and_two_gpus_take_twice_as_many():
    held = [Held(0, 2 * HOUR, 1), Held(10 * HOUR, inf, 2)]
    clock = clock_of(held, {KEY: curve((1, HOUR), (2, 2 * HOUR), (3, 11 * HOUR), (4, 13.5 * HOUR))})
    assert clock == Clock([1, 2, 3, 4], [1, 2, 4, 9])


def test_the_metric_with_the_most_points_has_the_hours():
    few, many = curve((1, HOUR)), curve((1, HOUR), (2, 3 * HOUR))
    assert clock_of([Held(0, inf, 1)], {"few": few, "many": many}).hours == [1, 3]
    assert clock_of([Held(0, inf, 1)], {}) == Clock([], [])


def test_a_clock_that_goes_behind_takes_no_negative_hours():
    assert clock_of([Held(5 * HOUR, inf, 1)], {KEY: curve((1, HOUR))}).hours == [0]


@pytest.fixture
def twice(lab) -> Run:
    """Two hours on one GPU, of which the second was lost; after a day one hour on two."""
    run = add_run(lab.experiment, num_gpus=1)
    first = run.attempts.get()
    spans = [
        (first, 0, 2, [0]),
        (Attempt.objects.create(run=run, number=2, worker="w", resumed_from=1), 24, 25, [0, 1]),
    ]
    for attempt, begin, end, gpus in spans:
        attempt.started_at, attempt.ended_at = (datetime.fromtimestamp(hour * HOUR, UTC) for hour in (begin, end))
        attempt.gpus = gpus
        attempt.save()
    Attempt.objects.filter(id=first.id).update(valid_until=1)
    add_points(first, {1: 1, 2: 2})
    add_points(run.attempts.get(number=2), {2: 24.5, 3: 25})
    return run


def add_points(attempt: Attempt, hours: dict[int, float]) -> None:
    for iteration, hour in hours.items():
        at = {"iteration": iteration, "step": iteration, "time": hour * HOUR, "value": 0.5, "key": KEY}
        attempt.points.create(run_id=attempt.run_id, **at)


def test_work_that_was_lost_was_paid_for(lab, twice):
    (run,) = read_series(lab.viewer, [twice.id], [KEY], with_hours=True)["runs"]
    assert run["clock"] == {"iteration": [1, 2, 3], "hours": [1, 3, 4]}
    (lost,) = read_lost_series(lab.viewer, [twice.id], [KEY], with_hours=True)[str(twice.id)]
    assert lost["clock"] == {"iteration": [1, 2], "hours": [1, 2]}


def test_hours_come_only_to_those_who_ask(lab, twice):
    (run,) = read_series(lab.viewer, [twice.id], [KEY])["runs"]
    (lost,) = read_lost_series(lab.viewer, [twice.id], [KEY])[str(twice.id)]
    assert "clock" not in run and "clock" not in lost


def test_new_points_bring_their_hours_alone(lab, twice):
    cursor = read_series(lab.viewer, [twice.id], [KEY], with_hours=True)["cursor"]
    Attempt.objects.filter(run=twice, number=2).update(ended_at=None)
    add_points(twice.attempts.get(number=2), {4: 26})
    (run,) = read_series(lab.viewer, [twice.id], [KEY], cursor, with_hours=True)["runs"]
    assert run["clock"] == {"iteration": [4], "hours": [6]}


def test_an_attempt_elsewhere_lasts_from_its_first_point_to_its_last(lab):
    run = add_run(lab.experiment, is_reported=True, num_gpus=4)
    add_points(run.attempts.get(), {1: 1, 2: 2, 3: 3})
    Attempt.objects.create(run=run, number=2, worker="silent")
    assert held_by([run], [KEY]) == {run.id: [Held(HOUR, 3 * HOUR, 4)]}
    (described,) = read_series(lab.viewer, [run.id], [KEY], with_hours=True)["runs"]
    assert described["clock"]["hours"] == [0, 4, 8]


def test_runs_of_one_team_take_as_many_queries_as_one(lab, twice, django_assert_num_queries):
    more = [add_run(lab.experiment, f"more {number}", is_reported=True, config=CONFIG) for number in range(3)]
    for run in more:
        add_points(run.attempts.get(), {1: 1})
    for runs in (more[:1], more):
        with django_assert_num_queries(6):
            read_series(lab.viewer, [run.id for run in runs], [KEY], with_hours=True)
