"""What people do to sweeps. Each verb checks the role first; the state of a run is `runs.lifecycle`'s."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from catalog.models import Version
from catalog.uses import picked_versions_of
from flowdppo_engine.config import RunConfig
from jobs.services import try_first
from runs import lifecycle
from runs.models import Experiment, Priority, Run
from runs.services import queue_run, require_writer
from sweeps.axes import AxesInvalid, Axis, check_seeds
from sweeps.models import Sweep, SweepRun
from sweeps.points import MOST_RUNS, Point, labels_of, name_of, points_of
from teams import audit
from teams.models import User


class SweepInvalid(ValueError):
    """A sweep with points that cannot run. `messages` say which and why."""

    def __init__(self, messages: Sequence[str]):
        super().__init__(" ".join(messages))
        self.messages = list(messages)


def make_sweep(
    user: User,
    experiment: Experiment,
    name: str,
    recipe: str,
    config: Mapping,
    axes: Sequence[Axis],
    seeds: Sequence[int],
    *,
    priority: int = Priority.NORMAL,
    num_gpus: int = 1,
    cloned_from: Run | None = None,
    token: uuid.UUID | None = None,
    picked: Iterable[Version] = (),
    tries_first: bool = False,
) -> Sweep:
    """Queue every run of the grid at once, or none. What comes with the same `token` again is the same sweep.

    With `tries_first` the first step of each point is tried, in its first seed, before that run takes its place.
    Raises PermissionDenied; AxesInvalid where there is nothing to vary or too much; SweepInvalid where a point of the
    grid cannot run.
    """
    require_writer(user, experiment.team_id)
    seeds = check_seeds(seeds)
    if not axes and len(seeds) < 2:
        raise AxesInvalid(["Nothing varies: give a knob some values, or more than one seed."])
    points = points_of(config, axes, len(seeds))
    labels = labels_of([axis.knob for axis in axes], config)
    if bad := [point for point in points if point.problems]:
        raise SweepInvalid([f"{name_of(point.values, labels, None)}: {' '.join(point.problems)}" for point in bad])
    with transaction.atomic():
        sweep, is_new = Sweep.objects.get_or_create(
            experiment=experiment,
            token=token or uuid.uuid4(),
            defaults={
                "name": name,
                "recipe": recipe,
                "config": dict(config),
                "axes": [axis.as_data() for axis in axes],
                "seeds": list(seeds),
                "priority": priority,
                "num_gpus": num_gpus,
                "created_by": user,
            },
        )
        if is_new:
            # All points with the first seed, then all with the next: a first look at the whole grid comes early.
            grid = [(point, seed) for seed in seeds for point in points]
            _queue(user, sweep, grid, cloned_from, list(picked))
            if tries_first:
                for member in sweep.members.filter(seed=seeds[0]).select_related("run__experiment__team"):
                    try_first(user, member.run)
            audit.record(user, experiment.team, "submitted", f"sweep “{name}”", f"{len(grid)} runs, {sweep.id}")
    return sweep


def add_seeds(user: User, sweep: Sweep, seeds: Sequence[int]) -> int:
    """Make the runs of these seeds that are missing; how many there were. Raises PermissionDenied and AxesInvalid."""
    require_writer(user, sweep.experiment.team_id)
    with transaction.atomic():
        sweep = Sweep.objects.select_for_update().get(id=sweep.id)
        known = {(member.place, member.seed): member for member in sweep.members.select_related("run")}
        points = {
            place: Point(place, member.point, RunConfig.model_validate(member.run.config))
            for (place, _), member in known.items()
        }
        wanted = [
            (points[place], seed)
            for seed in check_seeds(seeds)
            for place in sorted(points)
            if (place, seed) not in known
        ]
        if len(known) + len(wanted) > MOST_RUNS:
            raise AxesInvalid([f"It would have {len(known) + len(wanted)} runs: a sweep has at most {MOST_RUNS}."])
        if wanted:
            _queue(user, sweep, wanted, None, picked_versions_of(Run.objects.filter(sweep_run__sweep=sweep)))
            sweep.seeds = sorted({*sweep.seeds, *seeds})
            sweep.save(update_fields=["seeds"])
            detail = f"{len(wanted)} runs, {sweep.id}"
            audit.record(user, sweep.experiment.team, "added seeds to", f"sweep “{sweep.name}”", detail)
    return len(wanted)


def cancel_sweep(user: User, sweep: Sweep) -> None:
    """Ask every run that has not ended to stop. Raises PermissionDenied."""
    require_writer(user, sweep.experiment.team_id)
    with transaction.atomic():
        for run in Run.objects.filter(sweep_run__sweep=sweep).order_by("id"):
            if run.is_live:
                lifecycle.request_cancel(run)
        audit.record(user, sweep.experiment.team, "asked to cancel", f"sweep “{sweep.name}”", str(sweep.id))


def _queue(
    user: User,
    sweep: Sweep,
    grid: Sequence[tuple[Point, int]],
    cloned_from: Run | None,
    picked: Sequence[Version],
) -> None:
    labels = labels_of(sweep.knobs, sweep.config)
    wishes = (cloned_from, sweep.priority, sweep.num_gpus, picked)
    # One row after another: the queue goes by when they were made.
    for point, seed in grid:
        name = name_of(point.values, labels, seed)
        config = point.config.model_copy(update={"seed": seed})
        run = queue_run(user, sweep.experiment, name, sweep.recipe, config, *wishes)
        SweepRun.objects.create(sweep=sweep, run=run, place=point.place, point=point.values, seed=seed)
