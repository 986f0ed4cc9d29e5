"""Rewards beside the rollout: what works when, what waits for whom, and what a failure does to the rest."""

import threading

import pytest
import torch

from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.rewards.suite import RewardSuite, Scored
from flowdppo_engine.training.stopping import Stopped

IMAGES = torch.zeros(2, 3, 8, 8)
PROMPTS = [Prompt("one"), Prompt("two")]


class Scripted(Reward):
    """Scores each image with its mean, after `gate`; keeps a diary of its own and of others."""

    score_range = (0.0, 1.0)

    def __init__(self, name, diary=None, gate=None, failures=()):
        self.name = name
        self.diary = [] if diary is None else diary
        self.abandoned = threading.Event()
        self._gate = gate
        self._failures = list(failures)

    def measure(self, images, prompts):
        self.diary.append(f"{self.name} begins")
        if self._gate:
            assert self._gate.wait(30)
        if self.abandoned.is_set():
            raise RewardError("given up")
        if self._failures and (failure := self._failures.pop(0)):
            raise failure
        self.diary.append(f"{self.name} ends")
        values = images.flatten(1).mean(1)
        return Measurement(values, {self.name: values})

    def abandon(self):
        self.abandoned.set()
        if self._gate:
            self._gate.set()


def test_an_overlapping_reward_works_while_the_rollout_goes_on():
    """It is let through only once another batch has been handed in: were it waited for before, this would hang."""
    gate, diary = threading.Event(), []
    suite = RewardSuite({Scripted("slow", diary, gate): 1.0, Scripted("quick", diary): 1.0}, ["slow"])
    first = suite.submit(IMAGES, PROMPTS)
    second = suite.submit(IMAGES + 0.5, PROMPTS)
    diary.append("drawn")
    assert diary.index("quick ends") < diary.index("drawn") and "slow ends" not in diary
    gate.set()
    scored = Scored.cat([suite.collect(first), suite.collect(second)])
    assert scored.rewards["slow"].tolist() == scored.rewards["quick"].tolist() == [0, 0, 0.5, 0.5]
    assert list(scored.rewards) == ["slow", "quick"]


def test_an_overlapping_reward_is_at_work_before_the_others_begin():
    diary = []
    gate = threading.Event()

    class AfterTheOther(Scripted):
        def measure(self, images, prompts):
            gate.set()
            assert slow_has_begun.wait(30)
            return super().measure(images, prompts)

    slow_has_begun = threading.Event()

    class Slow(Scripted):
        def measure(self, images, prompts):
            slow_has_begun.set()
            return super().measure(images, prompts)

    suite = RewardSuite({AfterTheOther("local", diary): 1.0, Slow("slow", diary, gate): 1.0}, ["slow"])
    assert set(suite.measure(IMAGES, PROMPTS).rewards) == {"local", "slow"}


def test_a_reward_gets_one_batch_at_a_time_in_order():
    diary, suite = [], None
    suite = RewardSuite({Scripted("slow", diary): 1.0}, ["slow"])
    pending = [suite.submit(IMAGES + i / 8, PROMPTS) for i in range(4)]
    assert [suite.collect(one).rewards["slow"][0].item() for one in pending] == [0, 0.125, 0.25, 0.375]
    assert diary == ["slow begins", "slow ends"] * 4


def test_the_tail_is_how_long_the_rollout_had_to_wait():
    gate, checks = threading.Event(), []

    def check():
        checks.append(1)
        if len(checks) == 2:
            gate.set()

    suite = RewardSuite({Scripted("slow", gate=gate): 1.0, Scripted("quick"): 0.0}, ["slow"])
    scored = suite.collect(suite.submit(IMAGES, PROMPTS), check)
    # Two checks, a tenth of a second apart, had passed when it was let through.
    assert scored.tail_seconds > 0.15 and scored.busy_seconds["slow"] > 0.15
    assert scored.times == {
        "time/reward_tail_seconds": scored.tail_seconds,
        "time/reward/slow_seconds": scored.busy_seconds["slow"],
        "time/reward/quick_seconds": scored.busy_seconds["quick"],
    }


def test_rewards_that_do_not_overlap_have_no_tail():
    scored = RewardSuite({Scripted("quick"): 1.0}).measure(IMAGES, PROMPTS)
    assert scored.tail_seconds == 0 and scored.busy_seconds["quick"] > 0


def test_seconds_of_batches_add_up():
    parts = [Scored({"r": torch.zeros(1)}, {}, {"r": 1.5}, 0.25), Scored({"r": torch.zeros(1)}, {}, {"r": 2.0}, 0.5)]
    joined = Scored.cat(parts)
    assert (joined.busy_seconds, joined.tail_seconds) == ({"r": 3.5}, 0.75)


def test_a_stop_request_ends_the_waiting_and_what_is_waited_for():
    slow = Scripted("slow", gate=threading.Event())
    suite = RewardSuite({slow: 1.0}, ["slow"])
    pending = [suite.submit(IMAGES, PROMPTS) for _ in range(3)]

    def check():
        raise Stopped

    with pytest.raises(Stopped):
        suite.collect(pending[0], check)
    assert slow.abandoned.is_set()
    assert pending[1].futures["slow"].cancelled() and pending[2].futures["slow"].cancelled()


def test_a_failure_in_the_background_is_raised_where_scores_are_collected():
    hanging = Scripted("hanging", gate=threading.Event())
    suite = RewardSuite(
        {hanging: 1.0, Scripted("broken", failures=[RewardError("it is down")]): 1.0}, ["hanging", "broken"]
    )
    pending = suite.submit(IMAGES, PROMPTS)
    with pytest.raises(RewardError, match="it is down"):
        suite.collect(pending)
    assert hanging.abandoned.is_set()


def test_a_failure_at_once_gives_up_what_is_under_way():
    hanging = Scripted("hanging", gate=threading.Event())
    suite = RewardSuite({hanging: 1.0, Scripted("broken", failures=[RewardError("no")]): 1.0}, ["hanging"])
    with pytest.raises(RewardError, match="no"):
        suite.submit(IMAGES, PROMPTS)
    assert hanging.abandoned.is_set()


def test_a_local_failure_is_tried_once_more():
    reward = Scripted("flaky", failures=[RuntimeError("cudnn"), None])
    assert RewardSuite({reward: 1.0}).measure(IMAGES, PROMPTS).rewards["flaky"].tolist() == [0, 0]
    assert reward.diary == ["flaky begins", "flaky begins", "flaky ends"]


@pytest.mark.parametrize(
    ("failure", "num_attempts", "message"),
    [
        (OSError("disk"), 2, "reward flaky failed on 2 images: OSError: disk"),
        (
            torch.OutOfMemoryError("CUDA out of memory"),
            1,
            "reward flaky failed on 2 images: OutOfMemoryError: CUDA out of",
        ),
        (MemoryError("no more"), 1, "MemoryError: no more"),
        (RewardError("final"), 1, "final"),
    ],
)
def test_what_fails_twice_or_for_good_fails_the_run(failure, num_attempts, message):
    reward = Scripted("flaky", failures=[failure] * 2)
    with pytest.raises(RewardError, match=message):
        RewardSuite({reward: 1.0}).measure(IMAGES, PROMPTS)
    assert reward.diary == ["flaky begins"] * num_attempts


def test_no_gradient_is_kept_in_either_thread():
    class Learned(Scripted):
        weight = torch.ones((), requires_grad=True)

        def measure(self, images, prompts):
            values = self.weight * images.flatten(1).mean(1)
            return Measurement(values, {self.name: values})

    scored = RewardSuite({Learned("here"): 1.0, Learned("beside"): 1.0}, ["beside"]).measure(IMAGES, PROMPTS)
    assert not any(values.requires_grad for values in scored.rewards.values())


def test_two_rewards_cannot_log_one_score():
    class Copy(Scripted):
        def measure(self, images, prompts):
            measured = super().measure(images, prompts)
            return Measurement(measured.reward, measured.scores | {"quick": measured.reward})

    with pytest.raises(RewardError, match=r"reward copy logs \['quick'\] as another does"):
        RewardSuite({Scripted("quick"): 1.0, Copy("copy"): 1.0}).measure(IMAGES, PROMPTS)


def test_batches_with_other_scores_cannot_be_joined():
    parts = [Scored({"r": torch.zeros(1)}, {"r": torch.zeros(1)}), Scored({"r": torch.zeros(1)}, {})]
    with pytest.raises(RewardError, match=r"the scores \['r'\] are there for some batches only"):
        Scored.cat(parts)


def test_a_further_score_may_say_nothing_of_an_image_but_the_reward_may_not():
    class WithSkill(Scripted):
        def measure(self, images, prompts):
            return Measurement(torch.zeros(2), {self.name: torch.zeros(2), f"{self.name}_skill": self.skill})

    reward = WithSkill("judge")
    reward.skill = torch.tensor([torch.nan, 1.0])
    assert RewardSuite({reward: 1.0}).measure(IMAGES, PROMPTS).scores["judge_skill"].isnan().tolist() == [True, False]
    reward.skill = torch.tensor([torch.inf, 1.0])
    with pytest.raises(RewardError, match="reward judge_skill gave inf for 1 of 2 images"):
        RewardSuite({reward: 1.0}).measure(IMAGES, PROMPTS)
