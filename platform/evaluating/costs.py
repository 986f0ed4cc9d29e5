"""How many pictures an evaluation draws, and about how long that takes at the speed of the team's runs."""

from dataclasses import dataclass

from flowdppo_engine.config import RunConfig
from runs.estimates import measured_speed, sizes_on_this_server
from teams.models import Team


@dataclass(frozen=True)
class Cost:
    """`seconds` is None where no run of the team has trained with this model yet."""

    num_policies: int
    num_prompts: int
    num_images: int
    seconds: float | None

    @property
    def num_pictures(self) -> int:
        return self.num_policies * self.num_prompts * self.num_images


def cost_of(team: Team, config: RunConfig, num_checkpoints: int, num_images: int) -> Cost:
    """Of the base model and so many checkpoints, with `num_images` of each prompt."""
    evaluation = config.evaluation
    sizes = sizes_on_this_server(config)
    num_prompts = sum(min(size, evaluation.num_prompts) for size in sizes)
    num_measured = sum(min(size, evaluation.num_prompts, evaluation.num_drift_prompts) for size in sizes)
    # Where the KL is measured, the base model is asked too.
    num_passes = (num_checkpoints + 1) * num_prompts + num_checkpoints * num_measured
    branches = 1 if evaluation.guidance_scale == 1 else 2
    speed = measured_speed(team, config)
    units = num_passes * num_images * evaluation.num_denoising_steps * branches
    return Cost(num_checkpoints + 1, num_prompts, num_images, speed.hours(units) * 3600 if speed else None)
