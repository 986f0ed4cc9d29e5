"""The sandbox's rewards: does the picture show what the prompt asks for, and is it a clean picture."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from flowdppo_engine.config import SandboxPictureQuality, SandboxSoftTifa
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.quality import picture_quality

AnswerQuestions = Callable[[torch.Tensor, Sequence[Prompt]], list[np.ndarray]]
PictureQuality = Callable[[torch.Tensor], torch.Tensor]

# Keeps a geometric mean informative where one answer is certainly wrong, as GenEval2's own scorer does.
SMALLEST_PROBABILITY = 1e-6
# Scores are logged from 0 to 100, as GenEval2 reports them; rewards stay in 0..1.
PERCENT = 100


class SoftTifaReward(Reward):
    """Mean probability of the right answer over a prompt's questions, in 0..1, as GenEval2's Soft-TIFA.

    Of one checker pass it logs, from 0 to 100, the score that it rewards under its own name, and beside it `_am`
    (arithmetic mean), `_gm` (geometric mean) and `_strict` (all or nothing: every right answer more likely than not).
    """

    score_range = (0.0, 1.0)

    def __init__(self, config: SandboxSoftTifa, answer_questions: AnswerQuestions = answer_questions):
        self.name = config.logged_as
        self._aggregation = config.aggregation
        self._answer_questions = answer_questions

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        without = [prompt.text for prompt in prompts if not prompt.questions]
        if without:
            raise RewardError(
                f"{self.name} needs prompts with questions, but {without[0]!r} has none: use a sandbox: prompt set."
            )
        means = torch.from_numpy(np.stack([_aggregate(p) for p in self._answer_questions(images, prompts)]))
        by_kind = dict(zip(("am", "gm", "strict"), means.unbind(1), strict=True))
        reward = by_kind[self._aggregation]
        scores = {self.name: reward} | {f"{self.name}_{kind}": score for kind, score in by_kind.items()}
        return Measurement(reward, {name: PERCENT * score for name, score in scores.items()})


class PictureQualityReward(Reward):
    """How clean the picture is, in 0..1, whatever it shows. Logged from 0 to 100."""

    score_range = (0.0, 1.0)

    def __init__(self, config: SandboxPictureQuality, picture_quality: PictureQuality = picture_quality):
        self.name = config.logged_as
        self._picture_quality = picture_quality

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        quality = self._picture_quality(images).float()
        return Measurement(quality, {self.name: PERCENT * quality})


def _aggregate(probabilities: np.ndarray) -> np.ndarray:
    """`[3]` fp32: arithmetic mean, geometric mean, all right."""
    logs = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY), dtype=np.float64)
    return np.array(
        [probabilities.mean(dtype=np.float64), np.exp(logs.mean()), (probabilities > 0.5).all()], dtype=np.float32
    )
