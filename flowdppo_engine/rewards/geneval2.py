"""GenEval2's Soft-TIFA (arXiv 2512.16853) with Qwen3-VL as the one who answers."""

from collections.abc import Sequence

import numpy as np
import torch

from flowdppo_engine.config import GenEval2Config
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.pictures import to_pictures
from flowdppo_engine.rewards.qwen3_vl import Inquiry, Qwen3VL
from flowdppo_engine.rewards.soft_tifa import SoftTifa, answer_forms, check_questions

TEMPLATE = "{question} Answer in one word."
# What the benchmark reports besides the whole: each skill's answers, and prompts by their number of atoms.
SKILLS = ("object", "count", "attribute", "position", "verb")
ATOM_COUNTS = range(3, 11)
# As good as none: it only keeps a logarithm finite.
SMALLEST_PROBABILITY = 1e-300


class GenEval2Reward(Reward):
    """Mean probability of the right answer over a prompt's questions, in 0..1.

    Logged from 0 to 100: what it rewards under its own name, `_am` and `_gm` (arithmetic and geometric mean over the
    questions), `_skill_…` (arithmetic mean over those of one skill) and `_atoms_…` (geometric mean, for prompts of
    that many atoms). The last two are NaN for a prompt that they do not apply to.
    """

    score_range = (0.0, 1.0)

    def __init__(self, config: GenEval2Config, model: Qwen3VL):
        self.name = config.logged_as
        self._soft_tifa = SoftTifa(self.name, config.aggregation, SMALLEST_PROBABILITY)
        self._model = model

    @classmethod
    def load(cls, config: GenEval2Config, device: torch.device) -> "GenEval2Reward":
        """Raises ModelNotFound."""
        return cls(config, Qwen3VL.load(config, device))

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        check_questions(self.name, prompts)
        answers = self._answer(images, prompts)
        by_skill = {f"skill_{skill}": _of_skill(skill, answers, prompts) for skill in SKILLS}
        means = self._soft_tifa.geometric_means(answers)
        counts = torch.tensor([prompt.atom_count for prompt in prompts])
        by_count = {f"atoms_{count}": torch.where(counts == count, means, torch.nan) for count in ATOM_COUNTS}
        return self._soft_tifa.measurement(answers, by_skill | by_count)

    def _answer(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> list[np.ndarray]:
        """For each picture the probability of the right answer to each of its prompt's questions."""
        inquiries = [
            [
                Inquiry(TEMPLATE.format(question=question.text), tuple(answer_forms(question)))
                for question in prompt.questions
            ]
            for prompt in prompts
        ]
        return [right.numpy() for right in self._model.answer_probabilities(to_pictures(images), inquiries)]


def _of_skill(skill: str, answers: Sequence[np.ndarray], prompts: Sequence[Prompt]) -> torch.Tensor:
    """`[B]` fp32: mean over a prompt's questions of that skill, NaN where it has none."""
    means = []
    for prompt, probabilities in zip(prompts, answers, strict=True):
        chosen = [p for p, tested in zip(probabilities, prompt.skills, strict=False) if tested == skill]
        means.append(np.mean(chosen) if chosen else np.nan)
    return torch.tensor(means, dtype=torch.float32)
