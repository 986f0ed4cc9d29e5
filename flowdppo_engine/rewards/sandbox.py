"""The sandbox's rewards: does the picture show what the prompt asks for, and is it a clean picture."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from flowdppo_engine.config import SandboxPictureQuality, SandboxSoftTifa
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.soft_tifa import PERCENT, SoftTifa, all_right, check_questions
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.quality import picture_quality

AnswerQuestions = Callable[[torch.Tensor, Sequence[Prompt]], list[np.ndarray]]
PictureQuality = Callable[[torch.Tensor], torch.Tensor]

# The checker's certainties are sharper than a language model's: below this, one wrong answer would hide all others.
SMALLEST_PROBABILITY = 1e-6


class SoftTifaReward(Reward):
    """Mean probability of the right answer over a prompt's questions, in 0..1, as GenEval2's Soft-TIFA.

    Of one checker pass it logs, from 0 to 100, the score that it rewards under its own name, and beside it `_am`
    (arithmetic mean), `_gm` (geometric mean) and `_strict` (all or nothing: every right answer more likely than not).
    """

    score_range = (0.0, 1.0)

    def __init__(self, config: SandboxSoftTifa, answer_questions: AnswerQuestions = answer_questions):
        self.name = config.logged_as
        self._soft_tifa = SoftTifa(self.name, config.aggregation, SMALLEST_PROBABILITY)
        self._answer_questions = answer_questions

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        check_questions(self.name, prompts)
        answers = self._answer_questions(images, prompts)
        return self._soft_tifa.measurement(answers, {"strict": all_right(answers)})


class PictureQualityReward(Reward):
    """How clean the picture is, in 0..1, whatever it shows. Logged from 0 to 100."""

    score_range = (0.0, 1.0)

    def __init__(self, config: SandboxPictureQuality, picture_quality: PictureQuality = picture_quality):
        self.name = config.logged_as
        self._picture_quality = picture_quality

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        quality = self._picture_quality(images).float()
        return Measurement(quality, {self.name: PERCENT * quality})
