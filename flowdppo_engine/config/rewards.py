"""What a picture is worth: one block a reward."""

import re
from typing import Annotated, Literal

import yaml
from pydantic import Field, field_validator

from flowdppo_engine.config.base import knob
from flowdppo_engine.config.remote_rewards import HttpRewardConfig, VlmJudgeConfig
from flowdppo_engine.config.reward_models import (
    AestheticConfig,
    ClipScoreConfig,
    GenEval2Config,
    Hpsv2Config,
    OcrConfig,
    PickScoreConfig,
)
from flowdppo_engine.config.reward_options import LocalRewardOptions, RewardOptions

OPTION = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)")
PLAIN = (str, int, float, bool, type(None))


class SandboxSoftTifa(RewardOptions):
    name: Literal["sandbox_soft_tifa"] = "sandbox_soft_tifa"
    aggregation: Literal["am", "gm"] = knob("gm", "Over a prompt's questions: arithmetic or geometric mean.")

    @property
    def asks_questions(self) -> bool:
        return True


class SandboxPictureQuality(RewardOptions):
    name: Literal["sandbox_picture_quality"] = "sandbox_picture_quality"
    weight: float = knob(0.0, "Weight in the summed reward; 0 only logs it.")


class JpegCompressibility(LocalRewardOptions):
    name: Literal["jpeg_compressibility"] = "jpeg_compressibility"


class JpegIncompressibility(LocalRewardOptions):
    name: Literal["jpeg_incompressibility"] = "jpeg_incompressibility"


class CustomRewardConfig(LocalRewardOptions):
    """A reward of another Python package, installed on the training machine."""

    name: Literal["custom"] = "custom"
    entry_point: str = knob(
        ..., "Name of its entry point in the group flowdppo.rewards, as its package declares it.", min_length=1
    )
    options: tuple[str, ...] = knob(
        (), "Its own settings, one key=value a line; numbers and true or false as in YAML."
    )

    @field_validator("options")
    @classmethod
    def are_plain(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        parsed = [_parse_option(line) for line in lines]
        if len(dict(parsed)) < len(parsed):
            raise ValueError("a key stands twice: give each key once.")
        return lines

    @property
    def keywords(self) -> dict[str, str | int | float | bool | None]:
        return dict(_parse_option(line) for line in self.options)


def _parse_option(line: str) -> tuple[str, str | int | float | bool | None]:
    match = OPTION.fullmatch(line.strip())
    try:
        value = yaml.safe_load(match[2]) if match else ...
    except yaml.YAMLError:
        value = ...
    if not isinstance(value, PLAIN):
        raise ValueError(f"{line!r} is no key=value with a plain value: write, for instance, threshold=0.5.")
    return match[1], value


RewardConfig = Annotated[
    SandboxSoftTifa
    | SandboxPictureQuality
    | JpegCompressibility
    | JpegIncompressibility
    | ClipScoreConfig
    | PickScoreConfig
    | Hpsv2Config
    | AestheticConfig
    | OcrConfig
    | GenEval2Config
    | HttpRewardConfig
    | VlmJudgeConfig
    | CustomRewardConfig,
    Field(discriminator="name"),
]
