"""What a run is made of: model with LoRA, rewards, prompts, encoded prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model, silence_libraries
from flowdppo_engine.prompt_checks import find_prompt_problems
from flowdppo_engine.prompts import Prompt, load_prompts
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.joining import NOBODY_ELSE, Joined, make_accelerator
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.prompt_schedule import PromptSchedule
from flowdppo_engine.training.reporting import Progress, Reporter
from flowdppo_engine.training.sharding import shard


@dataclass(frozen=True)
class PromptSets:
    """The training prompts, and the evaluation's by name of their set."""

    train: list[Prompt]
    evaluation: dict[str, list[Prompt]]

    @classmethod
    def load(cls, config: RunConfig) -> "PromptSets":
        """Raises BadConfig for a set that is missing, unreadable, or not what the rewards ask for."""
        for problem in find_prompt_problems(config):
            raise BadConfig(f"{problem.field}: {problem.message}")
        num_prompts = config.evaluation.num_prompts
        return cls(
            load_prompts(config.prompts.train),
            {name: load_prompts(name)[:num_prompts] for name in config.evaluation.prompt_sets},
        )

    @property
    def samples(self) -> list[Prompt]:
        """The set that samples are drawn from."""
        return next(iter(self.evaluation.values()), self.train)


@dataclass(frozen=True)
class Ingredients:
    """Everything that a run works with and does not change, but for the model's LoRA."""

    processes: Processes
    model: FlowModel
    rewards: RewardSuite
    prompts: PromptSets
    schedule: PromptSchedule
    store: ConditionStore


def prepare(
    config: RunConfig,
    folder: Path,
    reporter: Reporter,
    progress: Progress,
    model: FlowModel | None = None,
    rewards: RewardSuite | None = None,
    joined: Joined = NOBODY_ELSE,
) -> Ingredients:
    """Load what the configuration names; `model` (without a LoRA) and `rewards` may be given instead.

    Encoded prompts go to disk beside the run in `folder`, and go with this process.

    Raises BadConfig and ModelNotFound.
    """
    device, processes = make_accelerator().device, joined.processes
    processes.own_groups(config.rollout.groups_per_iteration)
    prompts = PromptSets.load(config)
    silence_libraries()
    progress.tell("load", 0, 1, "models")
    rewards = rewards or make_reward_suite(config, device)
    model = model or load_model(config.model, torch.device("cpu") if joined.sharding else device)
    model.add_lora(config.lora, config.seed)
    if joined.sharding:
        shard(model, joined.sharding, device, processes.count)
    schedule = PromptSchedule(len(prompts.train), config.rollout.groups_per_iteration, config.seed)
    texts = list(dict.fromkeys(_texts_of(config, prompts, schedule)))
    truncated = model.find_truncated(texts)
    if truncated:
        reporter.log(
            "warning",
            f"{len(truncated)} of {len(texts)} prompts are longer than the model reads and lose their end, "
            f"the first: {truncated[0]!r}.",
        )
    with TemporaryDirectory(dir=folder, prefix=".conditions-") as conditions:
        store = ConditionStore.encode(
            model.encode_prompts,
            texts,
            Path(conditions),
            lambda done, total: progress.tell("encode", done, total, "prompts"),
        )
    model.free_encoders()
    return Ingredients(processes, model, rewards, prompts, schedule, store)


def _texts_of(config: RunConfig, prompts: PromptSets, schedule: PromptSchedule) -> list[str]:
    """Every prompt that the run will come across, and no other: a short run on a large set starts at once."""
    used: list[Sequence[Prompt]] = [[prompts.train[i] for i in schedule.used_in(config.iterations)]]
    sets: Mapping[str, Sequence[Prompt]] = prompts.evaluation
    used += [*sets.values(), prompts.samples[: config.samples.num_prompts]]
    return [prompt.text for some in used for prompt in some]
