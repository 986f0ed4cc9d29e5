"""Sweeps are made whole or not at all, once, and grow by seeds."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied

from flowdppo_engine.config import RunConfig
from jobs.models import Job
from runs.models import Run
from sweeps.axes import AxesInvalid, Axis
from sweeps.models import Sweep, SweepRun
from sweeps.services import SweepInvalid, add_seeds, cancel_sweep, make_sweep
from teams.models import AuditEntry
from tests.platform.lab import CONFIG, add_run
from tests.platform.sweeps.conftest import RANKS, RATES


def test_every_combination_is_queued_with_every_seed_the_grid_first(lab, make):
    source = add_run(lab.experiment, "Source")
    sweep = make([RATES, RANKS], [3, 5], priority=1, num_gpus=2, cloned_from=source)
    runs = list(Run.objects.filter(sweep_run__sweep=sweep).order_by("created_at", "id"))
    assert [run.config["seed"] for run in runs] == [3] * 4 + [5] * 4
    assert runs[1].name == "Learning rate 1e-5, rank 16, seed 3"
    assert {(run.state, run.priority, run.num_gpus, run.cloned_from) for run in runs} == {("queued", 1, 2, source)}
    member = runs[5].sweep_run
    assert (member.place, member.seed, member.point) == (1, 5, {"optimizer.lr": 1e-5, "lora.rank": 16})
    config = RunConfig.model_validate(runs[5].config)
    assert (config.optimizer.lr, config.lora.rank, config.seed) == (1e-5, 16, 5)
    assert runs[5].total_iterations == config.iterations
    entry = AuditEntry.objects.get(verb="submitted")
    assert (entry.object, entry.detail) == ("sweep “Sweep”", f"8 runs, {sweep.id}")


def test_what_is_sent_twice_is_one_sweep(make):
    token = uuid.uuid4()
    first, second = (make([RATES], [0], token=token) for _ in range(2))
    assert first == second and SweepRun.objects.count() == 2
    assert make([RATES], [0]) != first


def test_one_point_that_cannot_run_keeps_all_from_being_queued(make):
    with pytest.raises(SweepInvalid) as caught:
        make([Axis("lora.rank", (8, 9999))], [0])
    assert caught.value.messages == ["Rank 9999: “9999” does not fit: give a whole number from 1 to 512."]
    assert not Sweep.objects.exists() and not Run.objects.filter(sweep_run__isnull=False).exists()


def test_the_first_step_of_each_point_is_tried_on_demand(make):
    sweep = make([RATES], [4, 5], tries_first=True)
    waiting = Run.objects.filter(awaits_preflight=True)
    assert [(run.sweep_run.place, run.sweep_run.seed) for run in waiting.order_by("created_at")] == [(0, 4), (1, 4)]
    assert set(Job.objects.values_list("run", flat=True)) == {run.id for run in waiting}
    make([RATES], [4, 5], tries_first=True, token=sweep.token)
    assert Job.objects.count() == 2


def test_something_must_vary(make):
    with pytest.raises(AxesInvalid, match="Nothing varies"):
        make([], [1])
    assert make([], [1, 2]).members.count() == 2


def test_viewers_and_strangers_make_and_change_none(lab, sweep):
    for person in (lab.viewer, lab.stranger):
        with pytest.raises(PermissionDenied):
            make_sweep(person, lab.experiment, "Sly", "", CONFIG, [RATES], [0])
        with pytest.raises(PermissionDenied):
            add_seeds(person, sweep, [9])
        with pytest.raises(PermissionDenied):
            cancel_sweep(person, sweep)
    assert SweepRun.objects.count() == 4


def test_seeds_that_are_missing_are_added(lab, sweep):
    assert add_seeds(lab.member, sweep, [1, 2]) == 2
    sweep.refresh_from_db()
    assert sweep.seeds == [0, 1, 2] and sweep.members.count() == 6
    added = Run.objects.get(sweep_run__place=1, sweep_run__seed=2)
    assert added.config == {**Run.objects.get(sweep_run__place=1, sweep_run__seed=0).config, "seed": 2}
    assert add_seeds(lab.member, sweep, [0, 1, 2]) == 0
    sweep.members.filter(place=0, seed=1).first().run.delete()
    assert add_seeds(lab.member, sweep, [1]) == 1


def test_a_sweep_does_not_outgrow_its_limit(lab, sweep, monkeypatch):
    monkeypatch.setattr("sweeps.services.MOST_RUNS", 5)
    with pytest.raises(AxesInvalid, match="It would have 6 runs: a sweep has at most 5"):
        add_seeds(lab.member, sweep, [7])
    assert sweep.members.count() == 4


def test_cancelling_ends_what_has_not_ended(lab, sweep):
    first = sweep.members.first().run
    Run.objects.filter(id=first.id).update(state="finished")
    cancel_sweep(lab.member, sweep)
    states = Run.objects.filter(sweep_run__sweep=sweep).values_list("state", flat=True)
    assert sorted(states) == ["cancelled"] * 3 + ["finished"]
    assert AuditEntry.objects.filter(verb="asked to cancel", object="sweep “Rates”").count() == 1
