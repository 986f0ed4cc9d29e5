"""Rewards that load a published network on the training machine."""

from typing import Literal

from flowdppo_engine.config.base import knob
from flowdppo_engine.config.reward_options import LocalRewardOptions, RewardModelOptions

CLIP_L = "openai/clip-vit-large-patch14"
CLIP_H = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"


class ClipScoreConfig(RewardModelOptions):
    """How well image and prompt agree: the cosine of their CLIP embeddings."""

    name: Literal["clip_score"] = "clip_score"
    source: str = knob(CLIP_L, "CLIP: hub id or local folder in the transformers format.", min_length=1)


class PickScoreConfig(RewardModelOptions):
    """Which image people would pick for the prompt (arXiv 2305.01569)."""

    name: Literal["pick_score"] = "pick_score"
    source: str = knob(
        "yuvalkirstain/PickScore_v1", "PickScore: hub id or local folder in the transformers format.", min_length=1
    )
    processor_source: str = knob(
        CLIP_H, "Hub id or local folder of the CLIP whose preprocessing PickScore was trained with.", min_length=1
    )
    divisor: float = knob(
        1.0,
        "The reward is the score divided by this: 1 as published (about 20 to 23), 26 for about 0 to 1 as Flow-GRPO "
        "does. What is logged stays as published.",
        gt=0,
    )

    @property
    def sources(self) -> dict[str, str]:
        return {"source": self.source, "processor_source": self.processor_source}


class Hpsv2Config(RewardModelOptions):
    """Human Preference Score v2.1 (arXiv 2306.09341)."""

    name: Literal["hpsv2"] = "hpsv2"
    source: str = knob(
        "RE-N-Y/hpsv21",
        "HPSv2.1: hub id or local folder with a model.safetensors of OpenCLIP's ViT-H-14 layout.",
        min_length=1,
    )
    clip_source: str = knob(
        CLIP_H,
        "Hub id or local folder of the same CLIP in the transformers format, for its shape and preprocessing.",
        min_length=1,
    )

    @property
    def sources(self) -> dict[str, str]:
        return {"source": self.source, "clip_source": self.clip_source}


class AestheticConfig(RewardModelOptions):
    """LAION's aesthetic predictor v2: how good an image looks, whatever the prompt."""

    name: Literal["aesthetic"] = "aesthetic"
    source: str = knob(
        "ttj/sac-logos-ava1-l14-linearMSE",
        "The predictor: hub id or local folder with a model.safetensors of its five linear layers.",
        min_length=1,
    )
    clip_source: str = knob(
        CLIP_L, "Hub id or local folder of the CLIP ViT-L/14 whose embeddings it reads.", min_length=1
    )

    @property
    def sources(self) -> dict[str, str]:
        return {"source": self.source, "clip_source": self.clip_source}


class OcrConfig(LocalRewardOptions):
    """Whether the text that the prompt quotes can be read in the image. Its small networks come with RapidOCR."""

    name: Literal["ocr"] = "ocr"


class GenEval2Config(RewardModelOptions):
    """Soft-TIFA of GenEval2 (arXiv 2512.16853): a vision-language model answers each question of the prompt."""

    name: Literal["geneval2"] = "geneval2"
    source: str = knob(
        "Qwen/Qwen3-VL-8B-Instruct", "Qwen3-VL: hub id or local folder in the transformers format.", min_length=1
    )
    dtype: Literal["float32", "bfloat16", "float16"] = knob("bfloat16", "Precision of its weights.")
    batch_size: int = knob(16, "Questions answered together; each comes with its image.", unit="questions", ge=1)
    aggregation: Literal["am", "gm"] = knob("gm", "Over a prompt's questions: arithmetic or geometric mean.")

    @property
    def asks_questions(self) -> bool:
        return True
