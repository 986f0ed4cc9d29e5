"""How long a run will take, by the speed at which runs of the team with the same model go."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from pydantic import ValidationError

from catalog.prompt_files import with_files
from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.cost import RunCost
from flowdppo_engine.planning.sizes import evaluated_sizes
from runs.models import Run
from runs.server_paths import find_outside_paths, on_this_server
from teams.models import Team

SPEED_KEY = "time/images_per_second"
NUM_RUNS = 5


@dataclass(frozen=True)
class Speed:
    """GPU seconds of one pass through the network, rewards and all, as measured in `num_runs` runs."""

    seconds: float
    num_runs: int
    example: str

    def hours(self, num_passes: float, num_gpus: int = 1) -> float:
        """Hours of a run of so many passes, were its GPUs to share them without a loss."""
        return self.seconds * num_passes / num_gpus / 3600


def measured_speed(team: Team, config: RunConfig) -> Speed | None:
    """The median over the newest runs of this very model, size and precision; None where none has trained yet."""
    model = config.model.model_dump(mode="json")
    runs = Run.objects.filter(experiment__team=team, config__model=model, summary__has_key=SPEED_KEY)
    newest = list(runs.order_by("-created_at")[:NUM_RUNS])
    seconds = [one for one in map(_gpu_seconds_of_a_pass, newest) if one]
    return Speed(median(seconds), len(seconds), newest[0].name) if seconds else None


class PassCount:
    """Counts the passes through the network of whole runs, in the units of `planning.cost`; at most so many.

    Of configurations that have much in common it counts those with the same cost once, and reads prompt sets once.
    """

    def __init__(self):
        self._known: dict[str, float] = {}
        self._sizes: dict[str, tuple[int, ...] | None] = {}

    def __call__(self, config: RunConfig) -> float:
        key = config.model_dump_json(exclude={"seed", "optimizer", "trust_region", "lora", "advantage", "ema"})
        if key not in self._known:
            self._known[key] = RunCost(config, self._sizes_of(config)).total_units
        return self._known[key]

    def _sizes_of(self, config: RunConfig) -> tuple[int, ...] | None:
        key = config.model_dump_json(include={"model", "prompts", "rewards", "evaluation"})
        if key not in self._sizes:
            self._sizes[key] = sizes_on_this_server(on_this_server(config))
        return self._sizes[key]


def num_passes(config: RunConfig) -> float:
    """The passes of one configuration."""
    return PassCount()(config)


def sizes_on_this_server(config: RunConfig) -> tuple[int, ...] | None:
    """Prompts in each evaluation set; None where one is outside what may be read: its length tells something."""
    return None if any(find_outside_paths(config)) else evaluated_sizes(with_files(config))


def _gpu_seconds_of_a_pass(run: Run) -> float | None:
    """None where the run is of a release whose configurations are no longer understood, or stood still."""
    try:
        config = RunConfig.model_validate(_known(run.config))
    except ValidationError:
        return None
    images_per_second = run.summary[SPEED_KEY]
    if not isinstance(images_per_second, int | float) or images_per_second <= 0:
        return None
    seconds = config.rollout.num_images / images_per_second
    return seconds * run.num_gpus / RunCost(config).units_per_iteration


def _known(config: Mapping) -> dict:
    return {key: value for key, value in config.items() if key in RunConfig.model_fields}
