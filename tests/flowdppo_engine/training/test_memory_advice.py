"""Real allocations that no machine can serve, in each phase of a run."""

import re

import pytest
import torch

from flowdppo_engine.events import parse_event
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import run
from tests.flowdppo_engine.brightness import Brightness, brightness_suite

PICK_SCORE = {"name": "pick_score", "batch_size": 8, "dtype": "float32"}


def exhaust(*args, **options):
    torch.empty(2**52)


def when_training(forward):
    return lambda *args, **options: (exhaust() if torch.is_grad_enabled() else None) or forward(*args, **options)


def in_evaluation(model):
    """The base model's evaluation is the first that draws."""
    model.network.forward = exhaust


def in_rollout(model):
    forward, calls = model.network.forward, []

    def fifth(*args, **options):
        calls.append(None)
        return exhaust() if len(calls) > 4 else forward(*args, **options)

    model.network.forward = fifth


def in_update(model):
    model.network.forward = when_training(model.network.forward)


class Large(Brightness):
    def measure(self, images, prompts):
        exhaust()


def hint_of(config, folder, **options):
    assert run.train(config, folder, **options) == 1
    failed = parse_event((folder / "events.jsonl").read_bytes().splitlines()[-1])
    assert not failed.deterministic
    phase, knobs = re.fullmatch(r"Out of memory in (.*)\. What would help, most first: (.*)\.", failed.hint).groups()
    return phase, knobs.split("; ")


@pytest.mark.parametrize(
    ("spoil", "phase", "first_knobs"),
    [
        (in_evaluation, "an evaluation", ["evaluation.batch_size = 128 or less (now 256)", "model.dtype = bfloat16"]),
        (
            in_update,
            "the update",
            [
                "update.tile_samples = 4 or less (now 8)",
                "model.gradient_checkpointing = true (a third slower)",
                "model.dtype = bfloat16",
            ],
        ),
    ],
)
def test_the_phase_is_told_and_what_helps_most_there_comes_first(
    make_config, tiny_model, tmp_path, spoil, phase, first_knobs
):
    spoil(tiny_model)
    told, knobs = hint_of(make_config(), tmp_path / "run", model=tiny_model, rewards=brightness_suite())
    assert told == phase and knobs[: len(first_knobs)] == first_knobs


def test_in_a_rollout_and_its_decoding_the_batch_comes_first(make_config, tiny_model, tmp_path):
    config = make_config(evaluation={"prompt_sets": [], "every": 9}, samples={"every": 9})
    tiny_model.network.forward = exhaust
    with_samples = hint_of(config, tmp_path / "samples", model=tiny_model, rewards=brightness_suite())
    assert with_samples[0] == "an evaluation"


def test_a_reward_is_told_from_the_rollout_that_waits_for_it(make_config, tmp_path):
    phase, knobs = hint_of(make_config(), tmp_path / "run", rewards=RewardSuite({Large(): 1.0}))
    assert phase == "a reward" and knobs[0] == "model.dtype = bfloat16"
