"""What a sweep will be, told before it is submitted: which runs, which of them cannot run, and how long they take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from fleet.snapshot import known_targets
from flowdppo_engine.config import RunConfig
from runs.estimates import PassCount, Speed, measured_speed
from sweeps.axes import Axis, format_value
from sweeps.points import Point, labels_of, points_of
from teams.models import Team


@dataclass(frozen=True)
class SweepPlan:
    """`gpu_hours` of all runs together are None where no run with this model was timed yet.

    `num_at_once` is how many of them the nodes that take work have room for.
    """

    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    points: tuple[Point, ...]
    labels: dict[str, str]
    num_gpus: int
    num_passes: float
    gpu_hours: float | None
    num_at_once: int

    @property
    def num_runs(self) -> int:
        return len(self.points) * len(self.seeds)

    @property
    def invalid(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.problems)

    @property
    def hours_in_turn(self) -> float | None:
        """Hours until all are done, were they to run one after another."""
        return self.gpu_hours and self.gpu_hours / self.num_gpus

    @property
    def hours_in_fleet(self) -> float | None:
        """Hours until all are done, with every slot of the fleet to themselves; None where it has none."""
        if not self.gpu_hours or not self.num_at_once:
            return None
        return self.hours_in_turn / self.num_runs * ceil(self.num_runs / self.num_at_once)

    @property
    def factors(self) -> str:
        """How the count comes about: `3 × 2 × 5 seeds`."""
        counts = [str(len(axis.values)) for axis in self.axes]
        return " × ".join([*counts, f"{len(self.seeds)} seed{'s' * (len(self.seeds) > 1)}"])

    @property
    def axes_in_words(self) -> list[tuple[str, str]]:
        return [(self.labels[axis.knob], ", ".join(map(format_value, axis.values))) for axis in self.axes]

    @property
    def rows(self) -> list[tuple[Point, list[str]]]:
        """Each point with its values as texts."""
        return [(point, [format_value(point.values[axis.knob]) for axis in self.axes]) for point in self.points]


def plan_sweep(team: Team, data: Mapping, axes: Sequence[Axis], seeds: Sequence[int], num_gpus: int = 1) -> SweepPlan:
    """Raises AxesInvalid where it has too many runs. A point that cannot run is in the plan, with the reason."""
    points = points_of(data, axes, len(seeds))
    passes = [(point.config, count(point.config)) for count in [PassCount()] for point in points if point.config]
    return SweepPlan(
        axes=tuple(axes),
        seeds=tuple(seeds),
        points=points,
        labels=labels_of([axis.knob for axis in axes], data),
        num_gpus=num_gpus,
        num_passes=sum(num for _, num in passes) * len(seeds),
        gpu_hours=_gpu_hours(team, passes, len(seeds)),
        num_at_once=sum(len(target.slots) // num_gpus for target in known_targets({}) if target.is_open),
    )


def _gpu_hours(team: Team, passes: Sequence[tuple[RunConfig, float]], num_seeds: int) -> float | None:
    """None where there is a model whose speed is not known."""
    speeds: dict[str, Speed | None] = {}
    hours = 0.0
    for config, num_passes in passes:
        model = config.model.model_dump_json()
        if model not in speeds:
            speeds[model] = measured_speed(team, config)
        if speeds[model] is None:
            return None
        hours += speeds[model].hours(num_passes) * num_seeds
    return hours
