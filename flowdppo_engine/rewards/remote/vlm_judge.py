"""A vision-language model as the judge, over the OpenAI-compatible chat API: what it answers, or how sure it is."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from flowdppo_engine.config import ScoreAnswer, VlmJudgeConfig, YesProbabilityAnswer
from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.pixels import to_pixels, to_png_base64
from flowdppo_engine.rewards.remote import chat
from flowdppo_engine.rewards.remote.client import Exchange, RemoteClient
from flowdppo_engine.rewards.soft_tifa import PERCENT, SoftTifa, answer_forms, check_questions

COMPLETIONS = "/chat/completions"
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
YES = Question("", "Yes")
# As good as none: it only keeps a logarithm finite.
SMALLEST_PROBABILITY = 1e-300


def make_vlm_judge(config: VlmJudgeConfig) -> Reward:
    """Raises BadConfig where the server may not be asked."""
    client = RemoteClient(config, COMPLETIONS)
    if isinstance(config.answer, ScoreAnswer):
        return ScoreJudge(config, config.answer, client)
    return YesProbabilityJudge(config, config.answer, client)


class VlmJudge(Reward):
    """What both kinds of judge do: one request for each thing that is asked of an image."""

    score_range = (0.0, 1.0)

    def __init__(self, config: VlmJudgeConfig, client: RemoteClient):
        self.name = config.logged_as
        self._model = config.model
        self._client = client

    def abandon(self) -> None:
        self._client.abandon()


class ScoreJudge(VlmJudge):
    """The number that the judge gives, brought to 0..1; logged as it was given."""

    def __init__(self, config: VlmJudgeConfig, answer: ScoreAnswer, client: RemoteClient):
        super().__init__(config, client)
        self._answer = answer

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        """Score images `[B, 3, H, W]`. Raises RewardError, also where an answer is not a number of the range."""
        lowest, highest = self._answer.lowest, self._answer.highest
        exchanges = [
            Exchange(partial(self._body, to_png_base64(pixels), prompt), partial(read_score, self._answer))
            for pixels, prompt in zip(to_pixels(images), prompts, strict=True)
        ]
        scores = torch.tensor(self._client.post_all(exchanges))
        return Measurement((scores - lowest) / (highest - lowest), {self.name: scores})

    def _body(self, image: str, prompt: Prompt) -> dict[str, Any]:
        answer = self._answer
        bounds = {"lowest": f"{answer.lowest:g}", "highest": f"{answer.highest:g}"}
        text = chat.fill(answer.template, {"prompt": prompt.text, **bounds})
        return chat.body(self._model, image, text, max_tokens=answer.max_tokens)


class YesProbabilityJudge(VlmJudge):
    """The probability of Yes, or Soft-TIFA over a prompt's questions where the template has {question}.

    In 0..1; logged from 0 to 100, for Soft-TIFA with both its means. An answer that is not among the likeliest that
    the server tells has the probability 0.
    """

    def __init__(self, config: VlmJudgeConfig, answer: YesProbabilityAnswer, client: RemoteClient):
        super().__init__(config, client)
        self._template = answer.template
        self._asks_questions = config.asks_questions
        self._soft_tifa = SoftTifa(self.name, answer.aggregation, SMALLEST_PROBABILITY)

    def measure(self, images: torch.Tensor, prompts: Sequence[Prompt]) -> Measurement:
        """Score images `[B, 3, H, W]`. Raises RewardError, also where a prompt has no questions but needs some."""
        if self._asks_questions:
            check_questions(self.name, prompts)
        asked = [prompt.questions if self._asks_questions else (YES,) for prompt in prompts]
        exchanges = [
            self._exchange(image, prompt, question)
            for image, prompt, questions in zip(map(to_png_base64, to_pixels(images)), prompts, asked, strict=True)
            for question in questions
        ]
        probabilities = np.array(self._client.post_all(exchanges))
        answers = np.split(probabilities, np.cumsum([len(questions) for questions in asked])[:-1])
        if self._asks_questions:
            return self._soft_tifa.measurement(answers, {})
        reward = torch.tensor(probabilities, dtype=torch.float32)
        return Measurement(reward, {self.name: PERCENT * reward})

    def _exchange(self, image: str, prompt: Prompt, question: Question) -> Exchange[float]:
        text = chat.fill(self._template, {"prompt": prompt.text, "question": question.text})
        return Exchange(
            partial(chat.body, self._model, image, text, max_tokens=1, logprobs=True, top_logprobs=chat.MAX_LOGPROBS),
            partial(chat.read_probability, forms=frozenset(answer_forms(question))),
        )


def read_score(answer: ScoreAnswer, completion: Any) -> float:
    """The number that the judge answered with. Raises ValueError unless it is one of the range and nothing else."""
    text = chat.read_text(completion).strip()
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no number")
    if not answer.lowest <= float(text) <= answer.highest:
        raise ValueError(f"{text} is not in the range from {answer.lowest:g} to {answer.highest:g}")
    return float(text)
