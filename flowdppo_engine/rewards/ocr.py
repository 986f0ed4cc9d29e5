"""OCR: can the text that a prompt asks for be read in the image (the text-rendering reward of Flow-GRPO)."""

from collections.abc import Sequence

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from rapidocr import RapidOCR

from flowdppo_engine.config import OcrConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.rewards.pixels import to_pixels

# Text stands upright in a picture that a prompt asks for, so nothing looks for turned lines.
READER = {"Global.log_level": "error", "Global.use_cls": False}


class OcrReward(Reward):
    """1 where the quoted text is read, in 0..1: less by each wrong, missing or extra letter, as a share of its length.

    Case and spaces do not count, nor does other text around a complete one.
    """

    score_range = (0.0, 1.0)

    def __init__(self, config: OcrConfig):
        self.name = config.logged_as
        self._reader = RapidOCR(params=READER)

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        wanted = [quoted_text(prompt.text) for prompt in prompts]
        # The reader takes what OpenCV has: blue first.
        read = [self._read(np.ascontiguousarray(pixels[..., ::-1])) for pixels in to_pixels(images)]
        scores = torch.tensor([similarity(*pair) for pair in zip(read, wanted, strict=True)])
        return Measurement(scores, {self.name: scores})

    def _read(self, pixels: np.ndarray) -> str:
        """All text in the image, line after line."""
        return "".join(self._reader(pixels).txts or ())


def quoted_text(prompt: str) -> str:
    """The first text in double quotes, straight or curly. Raises RewardError where there is none."""
    parts = prompt.replace("“", '"').replace("”", '"').split('"')
    if len(parts) < 3 or not _letters(parts[1]):
        raise RewardError(f'ocr reads the text that a prompt has in "quotes", but {prompt!r} has none: add it.')
    return parts[1]


def similarity(read: str, wanted: str) -> float:
    """1 - Levenshtein distance / length of the wanted text, not below 0."""
    read, wanted = _letters(read), _letters(wanted)
    if wanted in read:
        return 1.0
    return 1 - min(Levenshtein.distance(read, wanted), len(wanted)) / len(wanted)


def _letters(text: str) -> str:
    return "".join(text.lower().split())
