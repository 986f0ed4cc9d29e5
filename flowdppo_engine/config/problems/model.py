"""A model family and what it cannot take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowdppo_engine.config.run import RunConfig

# What the families' own pipelines accept, in tokens.
LONGEST_PROMPT = {"sd3": 512, "flux1": 512, "qwen_image": 1024}
FRAMES_A_LATENT = 4


def find_in_model(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.source == "sandbox" and model.family != "sd3":
        yield f"model.family = {model.family!r}: the sandbox's base model is an sd3: choose sd3 or another source."
    yield from _find_in_frames(config)
    yield from _find_in_prompt_length(config)


def _find_in_frames(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.num_frames > 1 and model.family != "wan":
        yield f"model.num_frames = {model.num_frames}: {model.family} draws single images: give 1, or family wan."
    elif model.num_frames % FRAMES_A_LATENT != 1:
        below = (model.num_frames - 1) // FRAMES_A_LATENT * FRAMES_A_LATENT + 1
        yield (
            f"model.num_frames = {model.num_frames}: a video of {model.family} has one frame more than a multiple of "
            f"{FRAMES_A_LATENT}: give {below} or {below + FRAMES_A_LATENT}."
        )


def _find_in_prompt_length(config: RunConfig) -> Iterator[str]:
    model = config.model
    longest = LONGEST_PROMPT.get(model.family)
    if longest and model.max_sequence_length > longest:
        yield (
            f"model.max_sequence_length = {model.max_sequence_length} is more than the {longest} tokens that "
            f"{model.family} reads: give at most {longest}."
        )
    if model.max_sequence_length == 1 and model.family != "sd3":
        yield (
            f"model.max_sequence_length = 1 leaves one token of each prompt, and {model.family} has no other text "
            "encoder to read it: give 256 or more."
        )
