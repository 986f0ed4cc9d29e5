"""The base model and the LoRA that is trained on it."""

from typing import Literal

from flowdppo_engine.config.base import Strict, knob

Family = Literal["sd3", "flux1", "flux2", "flux2_klein", "qwen_image", "z_image", "wan"]


class ModelConfig(Strict):
    family: Family = knob("sd3", "Model family; decides the adapter that loads it.")
    source: str = knob(
        "sandbox", "`sandbox` (the bundled base model), a folder in the diffusers format, or a hub id.", min_length=1
    )
    revision: str | None = knob(None, "Branch, tag or commit on the hub; empty for the default branch.")
    dtype: Literal["float32", "bfloat16", "float16"] = knob("float32", "Precision of the frozen weights.")
    resolution: int = knob(
        64, "Height of an image, and its width unless that is given.", unit="pixels", ge=16, le=2048, multiple_of=8
    )
    width: int | None = knob(
        None, "Width of an image where it is not square.", unit="pixels", ge=16, le=2048, multiple_of=8
    )
    num_frames: int = knob(1, "Frames of a video; 1 for images.", unit="frames", ge=1, le=257)
    max_sequence_length: int = knob(
        1,
        "Length of an encoded prompt; of SD3's, the T5 part, zeros where it has no T5.",
        unit="tokens",
        ge=1,
        le=1024,
    )
    distilled_guidance_scale: float = knob(
        3.5, "Guidance told to a guidance-distilled network (FLUX.1-dev, FLUX.2-dev); others have no use for it.", ge=1
    )
    gradient_checkpointing: bool = knob(
        False, "Recompute activations in the backward pass: less memory, one more forward pass a tile."
    )
    compile: Literal["none", "regional"] = knob(
        "none", "`regional` compiles the transformer's repeated blocks: a slow start, then faster steps on a GPU."
    )
    offload_idle: bool = knob(
        False, "Keep text encoders and image decoder in the computer's memory while they have nothing to do."
    )

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.resolution, self.width or self.resolution


class LoraConfig(Strict):
    rank: int = knob(16, "Rank of the LoRA matrices.", essential=True, ge=1, le=512)
    alpha: float = knob(32, "LoRA scale; the update is multiplied by alpha / rank.", gt=0)
    target_modules: tuple[str, ...] = knob(
        (),
        "Names of the linear layers that get a LoRA, matched at their end; empty for the family's attention layers.",
    )
