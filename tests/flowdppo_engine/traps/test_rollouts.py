"""What a rollout hands to the update: traps between drawing an image and learning from it."""

import pytest
import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.events import parse_event
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.rewards.base import Measurement
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.iteration import Iteration
from flowdppo_engine.training.rollout import walk
from flowdppo_engine.training.run import train
from flowdppo_engine.training.sampler import Noise
from flowdppo_engine.training.state import TrainState
from tests.flowdppo_engine.brightness import Brightness, brightness_suite
from tests.flowdppo_engine.tiny_sd3 import LATENT_SHAPE

GROUP_SIZE, NUM_IMAGES = 4, 16


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
def test_the_next_step_starts_from_the_very_bits_that_the_ratio_is_of(tiny_folder, name):
    """On a bf16 network: rounded before or after the log-ratio, a sample is one that the policy did not draw."""
    model = load_model(ModelConfig(source=str(tiny_folder), resolution=16, dtype="bfloat16"), torch.device("cpu"))
    denoising = Denoising(make_sigmas("linspace_shift", 4, 3.0), 1.0, make_dynamics(name, noise_level=0.8))
    noise = {step: torch.randn(3, *LATENT_SHAPE) for step in (0, 1, 2)}
    conditions = model.encode_prompts(["a", "b", "c"])
    start = torch.randn(3, *LATENT_SHAPE)
    _, records = walk(model, denoising, start, conditions, range(4), noise)
    assert torch.equal(records[0].sample, start)
    for record, following in zip(records, records[1:], strict=False):
        assert torch.equal(following.sample, record.next_sample)
        assert not torch.equal(record.next_sample, record.next_sample.bfloat16().float())
    for record in records:
        again = denoising.policy(record.step, record.velocity, record.sample).sample(noise[record.step])
        assert torch.equal(again, record.next_sample)


class Remembering(Brightness):
    """Brightness, and which prompts it was asked about with which pictures."""

    def __init__(self):
        self.asked = []

    def measure(self, images, prompts):
        scores = images.flatten(1).mean(dim=1)
        self.asked += [(prompt.text, float(score)) for prompt, score in zip(prompts, scores, strict=True)]
        return Measurement(scores, {self.name: scores})


@pytest.mark.parametrize("batch_size", [3, 16])
def test_every_image_keeps_its_prompt_its_reward_and_its_noise(make_config, make_ingredients, batch_size):
    """UniRL #397 dropped a trajectory and moved those behind it up. With a batch of 3 a group of 4 is drawn in two."""
    reward = Remembering()
    config = make_config(rollout={"batch_size": batch_size}, advantage={"clip": 100.0, "eps": 1e-9})
    ingredients = make_ingredients(config, RewardSuite({reward: 1.0}))
    iteration = Iteration(config, ingredients, TrainState(ingredients.model, config), reporter=None)
    batches, improve = [], iteration._improvement.run
    iteration._improvement.run = lambda batch, check: (batches.append(batch), improve(batch, check))[1]
    for _ in range(2):
        iteration.run(lambda: None)
    model, batch = ingredients.model, batches[1]

    brightness = model.decode(batch.latents).flatten(1).mean(dim=1)
    assert len(brightness.unique()) == len(batch.rewards) == NUM_IMAGES
    torch.testing.assert_close(batch.rewards, brightness)
    by_group = brightness.view(-1, GROUP_SIZE)
    expected = (by_group - by_group.mean(1, keepdim=True)) / by_group.std(1, keepdim=True, correction=0)
    torch.testing.assert_close(batch.advantages.view(-1, GROUP_SIZE), expected, rtol=1e-3, atol=1e-4)

    prompts = [ingredients.prompts.train[index].text for index in ingredients.schedule.prompts_of(1)]
    of_images = [prompt for prompt in prompts for _ in range(GROUP_SIZE)]
    assert [prompt for prompt, _ in reward.asked[NUM_IMAGES:]] == of_images
    told, stored = batch.condition_of(torch.arange(NUM_IMAGES)), ingredients.store.get(of_images, model.device)
    assert all(torch.equal(told[name], stored[name]) for name in ("embeds", "pooled"))

    noise = Noise(config.seed, 1, model.latent_shape)
    assert len({record.step for record in batch.records}) == 2
    for record in batch.records:
        policy = batch.denoising.policy(record.step, record.velocity, record.sample)
        drawn = (record.next_sample - policy.mean) / policy.std
        torch.testing.assert_close(drawn, noise.of_step(record.step, range(NUM_IMAGES)), atol=1e-4, rtol=0)


def test_images_are_drawn_with_the_weights_that_are_trained(make_config, tmp_path):
    """Not with the averaged ones, which the evaluation between two iterations puts in their place."""
    config = make_config(iterations=3, ema={"decay": 0.9}, evaluation={"every": 1}, optimizer={"lr": 1e-2})
    assert train(config, tmp_path / "run", rewards=brightness_suite()) == 0
    events = [parse_event(line) for line in (tmp_path / "run" / "events.jsonl").read_bytes().splitlines()]
    metrics = [event.values for event in events if event.type == "metrics"]
    assert [values["floor/kl_mean"] < 1e-9 for values in metrics] == [True] * 3
    assert metrics[-1]["kl/old_mean"] > 1e-6 and metrics[-1]["kl/reference_mean"] > 1e-6
