"""What a picture is worth: one block a reward."""

from typing import Annotated, Literal

from pydantic import Field

from flowdppo_engine.config.base import Strict, knob


class SandboxSoftTifa(Strict):
    name: Literal["sandbox_soft_tifa"] = "sandbox_soft_tifa"
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")
    aggregation: Literal["am", "gm"] = knob("gm", "Over a prompt's questions: arithmetic or geometric mean.")


class SandboxPictureQuality(Strict):
    name: Literal["sandbox_picture_quality"] = "sandbox_picture_quality"
    weight: float = knob(0.0, "Weight in the summed reward; 0 only logs it.")


class JpegCompressibility(Strict):
    name: Literal["jpeg_compressibility"] = "jpeg_compressibility"
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")


class JpegIncompressibility(Strict):
    name: Literal["jpeg_incompressibility"] = "jpeg_incompressibility"
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")


RewardConfig = Annotated[
    SandboxSoftTifa | SandboxPictureQuality | JpegCompressibility | JpegIncompressibility, Field(discriminator="name")
]
