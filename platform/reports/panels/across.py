"""What curves lie over: iterations, optimizer steps, images drawn in training, or GPU hours."""

from collections.abc import Callable, Sequence

from django.db.models import prefetch_related_objects

from runs.curves import Curve
from runs.gpu_hours import clock_of, held_by
from runs.models import Run
from runs.samples_seen import seen_by

ITERATION, STEP, SAMPLES, HOURS = "iteration", "step", "samples", "hours"
TITLES = {
    ITERATION: "Iteration",
    STEP: "Optimizer step",
    SAMPLES: "Images drawn in training",
    HOURS: "GPU hours",
}

Places = Callable[[Run, Curve], list[float]]


def places_over(axis: str, runs: Sequence[Run], metrics: Sequence[str]) -> Places:
    """For a curve of one of the runs, where each of its points stands."""
    if axis == SAMPLES:
        seen = seen_by(runs)
        return lambda run, curve: [seen[run.id].at(iteration) for iteration in curve.iterations]
    if axis == HOURS:
        prefetch_related_objects(runs, "attempts")
        held = held_by(runs, metrics)
        return lambda run, curve: clock_of(held[run.id], {"": curve}).hours
    return lambda run, curve: curve.steps if axis == STEP else curve.iterations
