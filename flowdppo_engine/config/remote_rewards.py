"""Rewards that a server answers for: a protocol of our own, and any vision-language model as a judge."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from flowdppo_engine.config.base import Strict, knob
from flowdppo_engine.config.reward_options import ImageRewardOptions

PLACEHOLDER = re.compile(r"\{(\w*)\}")


def _check_template(template: str, known: set[str], one_of: set[str]) -> None:
    named = set(PLACEHOLDER.findall(template))
    choices = " or ".join(f"{{{name}}}" for name in sorted(one_of))
    if unknown := sorted(named - known):
        raise ValueError(f"template has {{{unknown[0]}}}, which nothing fills in: use {choices}.")
    if not named & one_of:
        raise ValueError(f"template = {template!r} does not say what to look for: put {choices} into it.")


class RemoteRewardOptions(ImageRewardOptions):
    """A reward behind HTTP. It is asked while the next images are drawn."""

    url: str = knob(..., "Address of the server; the operator lists the hosts that may be asked.", min_length=1)
    api_key_env: str | None = knob(
        None,
        "Environment variable of the training machine that holds the API key, such as JUDGE_API_KEY; empty for none.",
        pattern=r"^[A-Z][A-Z0-9_]*_API_KEY$",
    )
    timeout_seconds: float = knob(60.0, "A request that takes longer has failed.", unit="seconds", gt=0, le=3600)
    attempts: int = knob(5, "Times that a request is tried before the run fails.", ge=1, le=20)
    backoff_seconds: float = knob(
        1.0, "Wait before the second try; it doubles each time, up to a minute.", unit="seconds", gt=0, le=60
    )
    parallel_requests: int = knob(4, "Requests under way at a time.", ge=1, le=256)

    @property
    def is_overlapping(self) -> bool:
        return True

    @field_validator("url")
    @classmethod
    def can_be_asked(cls, url: str) -> str:
        """Whoever sees a configuration sees its addresses, so a password has no place there."""
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 (raises where it is no port)
        except ValueError as error:
            raise ValueError("this is no address: give one such as https://host:8000/score.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError("this is no address of a server: give one such as https://host:8000/score.")
        if "@" in parts.netloc:
            raise ValueError("an address is no place for a password: name a variable in api_key_env.")
        return url


class HttpRewardConfig(RemoteRewardOptions):
    """Any reward server that speaks the protocol of docs/reward-server.md."""

    name: Literal["http"] = "http"
    batch_size: int = knob(16, "Images or videos in one request.", ge=1)
    score: str = knob(
        "reward", "Which score is the reward, where the server answers with several; all are logged.", min_length=1
    )
    whole_videos: bool = knob(False, "Send every frame of a video, for a server that judges motion.")


class ScoreAnswer(Strict):
    """The judge answers with a number."""

    name: Literal["score"] = "score"
    template: str = knob(
        "Rate from {lowest} to {highest} how well this image shows the following, and how good it looks. Answer with "
        "the number only. {prompt}",
        "What the judge is asked; {prompt}, {lowest} and {highest} are filled in.",
        min_length=1,
    )
    lowest: float = knob(0.0, "The worst score; the reward is 0 there.")
    highest: float = knob(10.0, "The best score; the reward is 1 there.")
    max_tokens: int = knob(16, "Longest answer.", unit="tokens", ge=1)

    @model_validator(mode="after")
    def can_be_asked(self):
        _check_template(self.template, {"prompt", "lowest", "highest"}, {"prompt"})
        if self.lowest >= self.highest:
            raise ValueError(f"highest = {self.highest} is not above lowest = {self.lowest}: raise it.")
        return self


class YesProbabilityAnswer(Strict):
    """The judge's probability of the right first word: Yes, or with {question} the answer that a question expects."""

    name: Literal["yes_probability"] = "yes_probability"
    template: str = knob(
        'Does this image show "{prompt}"? Answer the question with Yes or No.',
        "What the judge is asked. With {question} it is asked each question of a prompt, as in GenEval2's Soft-TIFA; "
        "{prompt} is filled in too.",
        min_length=1,
    )
    aggregation: Literal["am", "gm"] = knob("gm", "Over a prompt's questions: arithmetic or geometric mean.")

    @model_validator(mode="after")
    def can_be_asked(self):
        _check_template(self.template, {"prompt", "question"}, {"prompt", "question"})
        return self


class VlmJudgeConfig(RemoteRewardOptions):
    """A vision-language model behind an OpenAI-compatible API."""

    name: Literal["vlm_judge"] = "vlm_judge"
    url: str = knob(..., "Address of the API up to its version, such as http://host:8000/v1.", min_length=1)
    model: str = knob(..., "Name of the model at that server.", min_length=1)
    answer: Annotated[ScoreAnswer | YesProbabilityAnswer, Field(discriminator="name")] = ScoreAnswer()
    parallel_requests: int = knob(16, "Requests under way at a time; each asks one thing of one image.", ge=1, le=256)

    @property
    def asks_questions(self) -> bool:
        return "{question}" in self.answer.template
