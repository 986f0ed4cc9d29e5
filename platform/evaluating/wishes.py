"""What to evaluate of a run, and the configuration that draws and scores it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from catalog.prompt_files import with_files
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import find_prompt_problems
from flowdppo_engine.recipes import merge
from runs.config_errors import ConfigInvalid, Errors, explain
from runs.models import Checkpoint, Run
from runs.server_paths import find_outside_paths, on_this_server

MAX_PROMPTS = 5000
MAX_IMAGES_PER_PROMPT = 16
MAX_PICTURES = 50_000
LONGEST_SET_NAME = 200
# A set that every reward can ask questions about.
NOTHING_TRAINED = "sandbox:train"
TRAINING_FIELD = "prompts.train"


@dataclass(frozen=True)
class Wish:
    """`rewards` as RunConfig has them, None for the run's own. A prompt is drawn with each of `seeds`."""

    checkpoints: tuple[Checkpoint, ...]
    prompt_sets: tuple[str, ...]
    num_prompts: int
    seeds: tuple[int, ...]
    num_denoising_steps: int
    guidance_scale: float
    rewards: list[dict] | None = None


def config_of(run: Run, wish: Wish) -> RunConfig:
    """The run's configuration with what is wished for. Raises ConfigInvalid, by the fields of RunConfig."""
    changes: dict[str, Any] = {
        "evaluation": {
            "prompt_sets": list(wish.prompt_sets),
            "num_prompts": wish.num_prompts,
            "num_denoising_steps": wish.num_denoising_steps,
            "guidance_scale": wish.guidance_scale,
        },
        # Nothing is trained: the rewards need not fit what the run trains on, nor have what tells its best.
        "prompts": {"train": NOTHING_TRAINED},
        "checkpoint": {"keep_best": 0, "best_score": None},
    }
    data = merge(run.config, changes) | ({} if wish.rewards is None else {"rewards": wish.rewards})
    try:
        config = RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigInvalid(explain(error, data)) from error
    config = on_this_server(config)
    if errors := _problems(config):
        raise ConfigInvalid(errors)
    return config


def _problems(config: RunConfig) -> Errors:
    """What keeps the sets from being read or scored."""
    errors: Errors = {}
    outside = list(find_outside_paths(config))
    for path, text in outside:
        errors.setdefault(path, []).append(text)
    if not outside:
        for problem in find_prompt_problems(with_files(config)):
            if problem.field != TRAINING_FIELD:
                errors.setdefault(problem.field, []).append(problem.message)
    if any(len(name) > LONGEST_SET_NAME for name in config.evaluation.prompt_sets):
        text = f"The name of a prompt set has more than {LONGEST_SET_NAME} characters: give its file a shorter one."
        errors.setdefault("evaluation.prompt_sets", []).append(text)
    return errors


def defaults_of(config: Mapping) -> dict:
    """What a run's own evaluations do, for a form."""
    evaluation = config["evaluation"]
    return {name: evaluation[name] for name in ("num_denoising_steps", "guidance_scale")} | {
        "num_prompts": min(evaluation["num_prompts"], MAX_PROMPTS),
        "prompt_sets": evaluation["prompt_sets"],
    }
