"""The pre-flight of a run: its first step, tried before a slot is spent on it."""

import time
from dataclasses import replace

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.evaluator import Evaluator
from flowdppo_engine.events import Tried
from flowdppo_engine.jobs.forecast import Measured, forecast
from flowdppo_engine.jobs.smaller import NUM_STEPS, one_step_of
from flowdppo_engine.jobs.specs import PreflightJob
from flowdppo_engine.jobs.work import Desk
from flowdppo_engine.planning.sizes import evaluated_sizes
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.training.iteration import Iteration
from flowdppo_engine.training.judging import Judged
from flowdppo_engine.training.resources import GIB, peak_memory_gib
from flowdppo_engine.training.setup import Ingredients, prepare
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.trackers import check_packages

TIMES = "time/"


class OneStep(Iteration):
    """An iteration that learns from every image, so that what it takes does not hang on chance."""

    def _judge(self, scored: Scored) -> Judged:
        judged = super()._judge(scored)
        signs = torch.ones_like(judged.advantages)
        signs[1::2] = -1
        return replace(judged, advantages=signs)


def preflight(job: PreflightJob, desk: Desk) -> None:
    """Load all that the run needs, evaluate one batch, make a step, and tell what that took and what all will take.

    Raises whatever the run would fail with.
    """
    config, small = job.config, one_step_of(job.config)
    check_packages(config.tracking)
    progress, pace = desk.progress(NUM_STEPS + 1)
    ingredients = prepare(small, desk.folder, desk.reporter, progress)
    state = TrainState(ingredients.model, small)
    pace.begin(0)
    progress.tell("evaluate", 0, 1, "batches")
    evaluation_seconds = _evaluate(small, ingredients)
    step = OneStep(small, ingredients, state, desk.reporter)
    values: dict[str, float] = {}
    for number in range(NUM_STEPS):
        progress.iteration = number + 1
        progress.tell("train", number, NUM_STEPS, "steps")
        values = step.run(check=lambda: None)
    if values["reward/zero_groups"] == 1:
        desk.reporter.log(
            "warning",
            "In each group of this try all images got the same reward. A run in which that stays so learns nothing.",
        )
    seconds = {name: values[f"{TIMES}{name}_seconds"] for name in ("rollout", "decode", "reward", "update")}
    expected = forecast(config, small, Measured(seconds, evaluation_seconds), evaluated_sizes(config))
    device = ingredients.model.device
    desk.reporter.emit(
        Tried(
            device=_name(device),
            peak_memory_gib=peak_memory_gib(device),
            device_memory_gib=_memory_gib(device),
            num_images=small.rollout.num_images,
            seconds=expected.seconds,
            seconds_per_iteration=expected.seconds_per_iteration,
            seconds_for_run=expected.seconds_for_run,
        )
    )


def _evaluate(small: RunConfig, ingredients: Ingredients) -> float | None:
    """Seconds of one batch of an evaluation; None of a run without any."""
    prompts = next(iter(ingredients.prompts.evaluation.values()), None)
    if prompts is None:
        return None
    started = time.perf_counter()
    Evaluator(small, ingredients.model, ingredients.rewards, ingredients.store).score(prompts)
    return time.perf_counter() - started


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def _memory_gib(device: torch.device) -> float | None:
    return torch.cuda.get_device_properties(device).total_memory / GIB if device.type == "cuda" else None
