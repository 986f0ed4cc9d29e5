"""Where memory ran out, and what of this configuration would need less there: what helps most comes first."""

import traceback
from collections.abc import Iterator
from pathlib import Path

import torch

from flowdppo_engine.config import RewardModelOptions, RunConfig

ENGINE = Path(__file__).parents[1]
MEMORY_SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")

# A phase by the engine's files (or a function in them) that a traceback passes through; of several the first.
PHASES = (
    ("a reward", "rewards/", None),
    ("the encoding of prompts", "models/conditions.py", "encode"),
    ("loading", "models/registry.py", "load_model"),
    ("an evaluation", "evaluation/", None),
    ("decoding", "models/", "decode"),
    ("the update", "training/update.py", None),
    ("the rollout", "training/sampler.py", None),
)


def ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that it comes from, is of a device or of this machine that has no memory left."""
    if error is None:
        return False
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    told = isinstance(error, RuntimeError) and any(sign in str(error) for sign in MEMORY_SIGNS)
    return told or ran_out_of_memory(error.__cause__)


def advise(error: BaseException, config: RunConfig) -> str:
    """A sentence with the knobs to turn, as far as they can be turned further."""
    phase = find_phase(error)
    return f"Out of memory in {phase}. What would help, most first: {'; '.join(knobs_of(phase, config))}."


def knobs_of(phase: str, config: RunConfig) -> list[str]:
    """Each begins with the field; there always is one, since a picture can be smaller."""
    return list(KNOBS.get(phase, _of_everything)(config))


def find_phase(error: BaseException) -> str:
    frames = [
        (Path(frame.filename).relative_to(ENGINE).as_posix(), frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(ENGINE)
    ]
    for phase, place, function in PHASES:
        if any(file.startswith(place) and function in (None, name) for file, name in frames):
            return phase
    return "training"


def _of_update(config: RunConfig) -> Iterator[str]:
    update = config.update
    yield from _halved("update.tile_samples", update.tile_samples)
    yield from _halved("update.tile_steps", update.tile_steps)
    if not config.model.gradient_checkpointing:
        yield "model.gradient_checkpointing = true (a third slower)"
    guidance = config.rollout.guidance_scale if update.guidance_scale is None else update.guidance_scale
    if guidance > 1 and update.guidance_gradient == "both":
        yield "update.guidance_gradient = conditional"
    yield from _of_everything(config)
    yield from _halved("lora.rank", config.lora.rank)


def _of_rollout(config: RunConfig) -> Iterator[str]:
    yield from _halved("rollout.batch_size", config.rollout.batch_size)
    yield from _of_everything(config)
    yield from _halved("rollout.groups_per_iteration", config.rollout.groups_per_iteration)


def _of_decoding(config: RunConfig) -> Iterator[str]:
    yield from _halved("rollout.batch_size", config.rollout.batch_size)
    yield from _of_everything(config)


def _of_reward(config: RunConfig) -> Iterator[str]:
    """Only rewards whose network is here; whichever of them it was, the others share the device with it."""
    networks = _networks(config)
    for name, reward in networks:
        yield from _halved(f"{name}.batch_size", reward.batch_size)
    yield from _of_everything(config)
    yield from (f"{name}.dtype = bfloat16" for name, reward in networks if reward.dtype == "float32")


def _of_evaluation(config: RunConfig) -> Iterator[str]:
    yield from _halved("evaluation.batch_size", config.evaluation.batch_size)
    yield from _of_everything(config)


def _of_encoding(config: RunConfig) -> Iterator[str]:
    yield from _halved("model.max_sequence_length", config.model.max_sequence_length)
    yield from _of_everything(config)


def _of_everything(config: RunConfig) -> Iterator[str]:
    """What lies on the device all the time, and what everything grows with."""
    model = config.model
    if model.dtype == "float32":
        yield "model.dtype = bfloat16"
    if not model.offload_idle:
        yield "model.offload_idle = true"
    yield from (f"{name}.device = cpu or another" for name, reward in _networks(config) if reward.device == "training")
    if model.num_frames > 1:
        yield f"model.num_frames below {model.num_frames}"
    yield f"model.resolution below {model.resolution}"


def _networks(config: RunConfig) -> list[tuple[str, RewardModelOptions]]:
    """Rewards that load a network, by how a person finds them in the configuration."""
    rewards = [reward for reward in config.rewards if isinstance(reward, RewardModelOptions)]
    return [(f"rewards.{reward.logged_as}", reward) for reward in rewards]


def _halved(field: str, value: int) -> Iterator[str]:
    if value > 1:
        yield f"{field} = {value // 2} or less (now {value})"


KNOBS = {
    "a reward": _of_reward,
    "the encoding of prompts": _of_encoding,
    "an evaluation": _of_evaluation,
    "decoding": _of_decoding,
    "the update": _of_update,
    "the rollout": _of_rollout,
}
