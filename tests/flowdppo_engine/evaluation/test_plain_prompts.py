"""Evaluations on prompts without questions, where a reward of the run asks some."""

import json
import threading

import numpy as np
import pytest
import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.policy import Policy, score_policy
from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.rewards.soft_tifa import check_questions
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.run import train
from tests.flowdppo_engine.brightness import Brightness
from tests.flowdppo_engine.training.run_folder import read_events

QUESTION = Question("Is there a cat?", "Yes")
ASKED = [Prompt("a red cat", (QUESTION,)), Prompt("a blue dog", (QUESTION, QUESTION))]
PLAIN = [Prompt("a tree"), Prompt("the sea")]
IMAGES = torch.full((2, 3, 8, 8), 0.25)


class NumQuestions(Reward):
    """Counts questions, and fails where a prompt has none."""

    name = "questions"
    score_range = (0.0, 10.0)

    def measure(self, images, prompts):
        check_questions(self.name, prompts)
        counts = torch.tensor([float(len(prompt.questions)) for prompt in prompts])
        return Measurement(counts, {self.name: counts, "questions_half": counts / 2})


def suite(overlapping=()) -> RewardSuite:
    return RewardSuite({NumQuestions(): 1.0, Brightness(): 0.5}, overlapping, asking=["questions"])


@pytest.fixture
def sets(tmp_path) -> dict[str, str]:
    """Prompt files with questions for all, for some and for none."""
    lines = [
        json.dumps({"prompt": one.text, "vqa_list": [[q.text, q.answer] for q in one.questions]})
        for one in (*ASKED, *PLAIN)
    ]
    texts = {"asked.jsonl": lines[:2], "mixed.jsonl": lines[1:3], "plain.txt": [one.text for one in PLAIN]}
    for name, some in texts.items():
        (tmp_path / name).write_text("\n".join(some))
    return {name.split(".")[0]: str(tmp_path / name) for name in texts}


def test_rewards_that_ask_are_out_where_no_prompt_has_a_question():
    scored = suite().applying_to(PLAIN).measure(IMAGES, PLAIN)
    assert scored.rewards.keys() == scored.scores.keys() == {"brightness"}
    assert scored.scores["brightness"].tolist() == [0.25, 0.25]
    whole = suite().applying_to(ASKED).measure(IMAGES, ASKED)
    assert {name: values.tolist() for name, values in whole.scores.items()} == {
        "questions": [1, 2], "questions_half": [0.5, 1], "brightness": [0.25, 0.25],
    }  # fmt: skip


def test_training_and_mixed_prompts_leave_nothing_out():
    with pytest.raises(RewardError, match="'a tree' has none"):
        suite().measure(IMAGES, PLAIN)
    mixed = [ASKED[0], PLAIN[0]]
    with pytest.raises(RewardError, match="'a tree' has none"):
        suite().applying_to(mixed).measure(IMAGES, mixed)


def test_no_further_threads_are_started_for_a_part_of_the_rewards():
    rewards = suite(["questions", "brightness"])
    num_threads = threading.active_count()
    some = rewards.applying_to(PLAIN)
    assert some.measure(IMAGES, PLAIN).busy_seconds.keys() == {"brightness"}
    assert threading.active_count() == num_threads


def test_which_rewards_ask_is_for_the_configuration_to_say():
    rewards = make_reward_suite(RunConfig(), torch.device("cpu"))
    assert rewards.applying_to(PLAIN).names == ("sandbox_picture_quality",)
    assert rewards.applying_to(ASKED).names == ("sandbox_soft_tifa", "sandbox_picture_quality")


@pytest.fixture
def run(make_config, sets, tmp_path):
    """`run(*prompt_sets)`: a short run on questions, and its events."""

    def run(*names):
        config = make_config(
            iterations=2,
            prompts={"train": sets["asked"]},
            optimizer={"lr": 0.1},
            evaluation={"prompt_sets": [sets[name] for name in names], "num_drift_prompts": 0},
            rewards=[{"name": "sandbox_soft_tifa"}, {"name": "sandbox_picture_quality", "weight": 0.5}],
        )
        assert train(config, tmp_path / "run", rewards=suite()) == 0
        return read_events(tmp_path / "run")

    return run


def test_each_set_has_the_scores_that_apply_and_their_difference_to_the_base(run, sets):
    told = [event for event in run("asked", "plain") if event.type == "evaluation"]
    by_set = {name: [one for one in told if one.prompt_set == sets[name]] for name in ("asked", "plain")}
    assert [one.iteration for one in by_set["plain"]] == [0, 2]
    base, last = by_set["plain"]
    assert base.scores.keys() == last.scores.keys() == last.difference.keys() == {"brightness"}
    gaps = np.subtract(last.scores["brightness"].per_prompt, base.scores["brightness"].per_prompt)
    assert last.difference["brightness"].mean == pytest.approx(gaps.mean(), abs=1e-12) and gaps.any()
    asked = by_set["asked"][1]
    assert asked.scores.keys() == asked.difference.keys() == {"questions", "questions_half", "brightness"}
    assert (asked.scores["questions"].mean, asked.difference["questions"].mean) == (1.5, 0.0)


def test_samples_of_plain_prompts_have_the_scores_that_apply(run):
    samples = [event for event in run("plain", "asked") if event.type == "samples" and event.are_fixed]
    assert [list(one.rewards) for event in samples for one in event.samples] == [["brightness"]] * 4


@pytest.mark.parametrize(
    ("name", "rewards", "message"),
    [
        ("mixed", [{"name": "sandbox_soft_tifa"}], "1 of 2 prompts have no question for sandbox_soft_tifa"),
        ("plain", [{"name": "sandbox_soft_tifa"}], "has no questions, and every reward of the run asks some"),
    ],
)
def test_a_set_that_cannot_be_scored_is_refused(make_config, tiny_model, sets, name, rewards, message):
    config = make_config(prompts={"train": sets["asked"]}, rewards=rewards)
    with pytest.raises(ValueError, match=message):
        score_policy(Policy(config, tiny_model, None), sets[name])


def test_a_checkpoint_is_scored_on_plain_prompts_by_the_rest_of_the_rewards(make_config, tiny_model, sets):
    rewards = [{"name": "sandbox_soft_tifa"}, {"name": "jpeg_compressibility", "weight": 0}]
    config = make_config(prompts={"train": sets["asked"]}, rewards=rewards, evaluation={"num_drift_prompts": 0})
    scores = score_policy(Policy(config, tiny_model, None), sets["plain"])
    assert scores.keys() == {"jpeg_compressibility"} and len(scores["jpeg_compressibility"].per_prompt) == 2
