"""From the seconds of a small step to those of a whole run, by how much more there is of each kind. Torch-free."""

from dataclasses import dataclass

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.cost import Phase, RunCost


@dataclass(frozen=True)
class Measured:
    """Seconds of a small step by phase (rollout, decode, reward, update), and of an evaluation of one batch."""

    seconds: dict[str, float]
    evaluation: float | None


@dataclass(frozen=True)
class Expected:
    """Seconds of an iteration by phase, of an iteration, and of the run with its evaluations, without loading."""

    seconds: dict[str, float]
    seconds_per_iteration: float
    seconds_for_run: float


def forecast(config: RunConfig, small: RunConfig, measured: Measured, set_sizes: tuple[int, ...]) -> Expected:
    """What a run of `config` will take, where a step of `small` took what was measured."""
    whole, part = RunCost(config, set_sizes), RunCost(small)
    more_images = config.rollout.num_images / small.rollout.num_images
    more = {
        "rollout": _forwards(whole, "rollout") / _forwards(part, "rollout"),
        "decode": more_images,
        "reward": more_images,
        "update": _update_units(whole) / _update_units(part),
    }
    seconds = {name: took * more[name] for name, took in measured.seconds.items()}
    an_iteration = sum(seconds.values())
    pass_seconds = _pass_seconds(small, measured)
    beside = sum(whole.units(phase) for phase in whole.once) * pass_seconds
    return Expected(seconds, an_iteration, config.iterations * an_iteration + beside)


def _forwards(cost: RunCost, name: str) -> float:
    return _phase(cost, name).forwards


def _update_units(cost: RunCost) -> float:
    return cost.units(_phase(cost, "update"))


def _phase(cost: RunCost, name: str) -> Phase:
    return next(phase for phase in cost.iteration if phase.name == name)


def _pass_seconds(small: RunConfig, measured: Measured) -> float:
    """Of one image through the network; scores and decoding are counted in where an evaluation was measured."""
    evaluation = small.evaluation
    if measured.evaluation is None:
        return measured.seconds["rollout"] / _forwards(RunCost(small), "rollout")
    branches = 1 if evaluation.guidance_scale == 1 else 2
    passes = (evaluation.num_prompts + 2 * evaluation.num_drift_prompts) * evaluation.num_denoising_steps * branches
    return measured.evaluation / passes
