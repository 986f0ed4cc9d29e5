"""Blocks of rewards: what each of them takes, and what it refuses."""

import pytest
from pydantic import ValidationError

from flowdppo_engine.config import CustomRewardConfig, HttpRewardConfig, RewardOptions, RunConfig, VlmJudgeConfig
from flowdppo_engine.config_errors import explain

JUDGE = {"name": "vlm_judge", "url": "http://judge.example.org/v1", "model": "m"}
HTTP = {"name": "http", "url": "https://host:8000/score?version=2"}


def rejected(**reward) -> str:
    with pytest.raises(ValidationError) as caught:
        RunConfig(rewards=[reward])
    (message,) = explain(caught.value)
    return message


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        ({"name": "http"}, "rewards.0.url: it is required."),
        (HTTP | {"url": "ftp://host/"}, "rewards.0.url: this is no address of a server: give one such as https://"),
        (HTTP | {"url": "host:8000"}, "rewards.0.url: this is no address of a server"),
        (HTTP | {"url": "http://host:99999/"}, "rewards.0.url: this is no address: give one such as"),
        (HTTP | {"url": "http://me:secret@host/"}, "rewards.0.url: an address is no place for a password"),
        (HTTP | {"api_key_env": "DATABASE_URL"}, "rewards.0.api_key_env = 'DATABASE_URL': string should match"),
        (HTTP | {"timeout_seconds": 0}, "rewards.0.timeout_seconds = 0: give more than 0.0."),
        (HTTP | {"label": "a/b"}, "rewards.0.label = 'a/b': string should match"),
        (JUDGE | {"answer": {"name": "score", "template": "{promt}"}}, "template has {promt}, which nothing fills in"),
        (JUDGE | {"answer": {"name": "score", "template": "{question} {prompt}"}}, "template has {question}"),
        (JUDGE | {"answer": {"name": "score", "template": "Rate it."}}, "does not say what to look for: put {prompt}"),
        (JUDGE | {"answer": {"name": "yes_probability", "template": "Good?"}}, "put {prompt} or {question} into it"),
        (JUDGE | {"answer": {"name": "score", "lowest": 5, "highest": 5}}, "highest = 5.0 is not above lowest = 5.0"),
        ({"name": "custom", "entry_point": "x", "options": ["threshold"]}, "'threshold' is no key=value"),
        ({"name": "custom", "entry_point": "x", "options": ["a=[1, 2]"]}, "'a=[1, 2]' is no key=value"),
        ({"name": "custom", "entry_point": "x", "options": ["a=1", "a=2"]}, "a key stands twice"),
    ],
)
def test_what_cannot_work_is_told_at_its_field(reward, message):
    told = rejected(**reward)
    assert message in told and "secret" not in told


def test_a_reward_is_logged_under_its_label_or_its_name():
    assert HttpRewardConfig(url="http://host").logged_as == "http"
    assert HttpRewardConfig(url="http://host", label="brightness").logged_as == "brightness"


def test_two_of_a_kind_need_two_labels():
    assert "'vlm_judge' stands twice" in rejected_pair(JUDGE, JUDGE)
    assert "'http' stands twice" in rejected_pair(HTTP, JUDGE | {"label": "http"})
    rewards = RunConfig(rewards=[JUDGE, JUDGE | {"label": "second"}]).rewards
    assert [reward.logged_as for reward in rewards] == ["vlm_judge", "second"]


def rejected_pair(first: dict, second: dict) -> str:
    with pytest.raises(ValidationError) as caught:
        RunConfig(rewards=[first, second])
    return " ".join(explain(caught.value))


def test_a_judge_asks_questions_where_its_template_has_them():
    asking = {"name": "yes_probability", "template": "{question}"}
    assert not VlmJudgeConfig(**JUDGE, answer={"name": "yes_probability"}).asks_questions
    assert VlmJudgeConfig(**JUDGE, answer=asking).asks_questions
    with pytest.raises(ValidationError, match="'mine.txt' has no questions for vlm_judge"):
        RunConfig(prompts={"train": "mine.txt"}, rewards=[JUDGE | {"answer": asking}])


def test_remote_rewards_overlap_and_others_as_they_are_told():
    rewards = [HTTP, {"name": "jpeg_compressibility"}, {"name": "jpeg_incompressibility", "overlap": True}]
    rewards.append({"name": "sandbox_soft_tifa", "weight": 1.0, "aggregation": "gm"})
    assert [one.is_overlapping for one in RunConfig(rewards=rewards).rewards] == [True, False, True, False]


def test_options_of_a_custom_reward_are_read_as_plain_values():
    options = ["threshold = 0.5", "steps=3", "strict=true", "mode=soft", "note=a = b", "nothing="]
    assert CustomRewardConfig(entry_point="x", options=options).keywords == {
        "threshold": 0.5,
        "steps": 3,
        "strict": True,
        "mode": "soft",
        "note": "a = b",
        "nothing": None,
    }


def test_networks_tell_where_they_are_read_from_and_other_rewards_read_nothing():
    rewards = RunConfig(rewards=[{"name": "clip_score"}, HTTP, {"name": "jpeg_compressibility"}]).rewards
    assert [reward.sources for reward in rewards] == [{"source": "openai/clip-vit-large-patch14"}, {}, {}]
    assert all(isinstance(reward, RewardOptions) for reward in rewards)
