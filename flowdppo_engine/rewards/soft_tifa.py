"""Soft-TIFA (GenEval2, arXiv 2512.16853): one number from the probabilities of a prompt's right answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.base import Measurement, RewardError

# Scores are logged from 0 to 100, as GenEval2 reports them; rewards stay in 0..1.
PERCENT = 100
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class SoftTifa:
    """How a reward of this kind turns the probabilities of right answers into its reward and scores."""

    name: str
    aggregation: Literal["am", "gm"]
    # Takes the place of smaller ones in the geometric mean, which would be 0 whatever the other answers are.
    smallest_probability: float

    def measurement(self, answers: Sequence[np.ndarray], others: Mapping[str, torch.Tensor]) -> Measurement:
        """The reward of B prompts in 0..1, with the scores `name`, `name_am`, `name_gm` and `others` from 0 to 100.

        Args:
            answers: B arrays, one probability a question.
            others: further scores `[B]` in 0..1 by what follows `name_`.
        """
        means = {"am": self.arithmetic_means(answers), "gm": self.geometric_means(answers)}
        reward = means[self.aggregation]
        scores = {self.name: reward} | {f"{self.name}_{kind}": score for kind, score in {**means, **others}.items()}
        return Measurement(reward, {name: PERCENT * score for name, score in scores.items()})

    def arithmetic_means(self, answers: Sequence[np.ndarray]) -> torch.Tensor:
        """`[B]` fp32."""
        return _tensor(p.mean(dtype=np.float64) for p in answers)

    def geometric_means(self, answers: Sequence[np.ndarray]) -> torch.Tensor:
        """`[B]` fp32."""
        floor = self.smallest_probability
        return _tensor(np.exp(np.log(np.maximum(p.astype(np.float64), floor)).mean()) for p in answers)


def answer_forms(question: Question) -> list[str]:
    """The spellings of the right answer: a number in letters and digits, or the word, which mostly is yes."""
    word = question.answer.strip().lower()
    if word.isdecimal() and int(word) < len(NUMBERS):
        word = NUMBERS[int(word)]
    forms = [word, word.capitalize(), f" {word}", f" {word.capitalize()}"]
    if word in NUMBERS:
        digits = str(NUMBERS.index(word))
        forms += [digits, f" {digits}"]
    return forms


def all_right(answers: Sequence[np.ndarray]) -> torch.Tensor:
    """`[B]` fp32: 1 where each right answer is more likely than not, else 0."""
    return _tensor((p > 0.5).all() for p in answers)


def check_questions(name: str, prompts: Sequence[Prompt]) -> None:
    """Raises RewardError where a prompt has none."""
    without = [prompt.text for prompt in prompts if not prompt.questions]
    if without:
        raise RewardError(
            f"{name} needs prompts with questions, but {without[0]!r} has none: use a .jsonl file in GenEval2's "
            "format or a sandbox: prompt set."
        )


def _tensor(values) -> torch.Tensor:
    return torch.tensor([float(value) for value in values], dtype=torch.float32)
