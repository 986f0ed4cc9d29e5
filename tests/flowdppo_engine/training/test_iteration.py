import pytest
import torch

from flowdppo_engine.rewards.base import Measurement
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.iteration import Iteration
from flowdppo_engine.training.state import TrainState
from tests.flowdppo_engine.brightness import Brightness


class Constant(Brightness):
    """Knows no better picture from a worse one."""

    def measure(self, images, prompts):
        return Measurement(torch.full((len(prompts),), 0.3), {})


@pytest.fixture
def make_iteration(make_config, make_ingredients):
    def make(rewards=None, **changes):
        config = make_config(**changes)
        ingredients = make_ingredients(config, rewards)
        state = TrainState(ingredients.model, config)
        return Iteration(config, ingredients, state, reporter=None), state

    return make


def untimed(values):
    return {name: value for name, value in values.items() if not name.startswith(("time/", "memory/"))}


def run(iteration):
    return untimed(iteration.run(check=lambda: None))


def test_rollout_batches_do_not_matter(make_iteration):
    expected = run(make_iteration()[0])
    for name, value in run(make_iteration(rollout={"batch_size": 5})[0]).items():
        if not name.startswith("floor/"):
            assert value == pytest.approx(expected[name], rel=2e-3, abs=1e-6), name


def test_position_moves_by_an_iteration_and_its_steps(make_iteration):
    iteration, state = make_iteration(update={"optimizer_steps_per_rollout": 2, "inner_epochs": 3})
    run(iteration)
    assert (state.position.iteration, state.position.step) == (1, 6)


def test_a_reward_that_is_always_the_same_teaches_nothing(make_iteration):
    iteration, state = make_iteration(RewardSuite({Constant(): 1.0}), optimizer={"weight_decay": 0.0})
    before = state.snapshot()
    values = run(iteration)
    assert values["reward/zero_groups"] == 1 and values["reward/std"] == 0
    assert values["reward/mean"] == values["reward/brightness"] == pytest.approx(0.3)
    assert all(map(torch.equal, before.weights, state.snapshot().weights))


def test_weights_add_the_rewards_up(make_iteration):
    class Halved(Brightness):
        name = "halved"

    iteration, _ = make_iteration(RewardSuite({Brightness(): 1.0, Halved(): -0.5}))
    values = run(iteration)
    assert values["reward/mean"] == pytest.approx(0.5 * values["reward/brightness"], rel=1e-6)


def test_average_follows_once_an_iteration(make_iteration):
    iteration, state = make_iteration(ema={"decay": 0.75})
    start = state.snapshot()
    run(iteration)
    for average, weight, old in zip(state.ema.weights, state.snapshot().weights, start.weights, strict=True):
        torch.testing.assert_close(average, 0.75 * old + 0.25 * weight)
