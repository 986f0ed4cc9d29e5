"""The images of an iteration, drawn in groups, against the same images drawn one by one."""

import pytest
import torch

from flowdppo_engine.config import RolloutConfig
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import walk
from flowdppo_engine.training.sampler import Noise, Sampler, StepNoise
from tests.flowdppo_engine.tiny_sd3 import LATENT_SHAPE

NUM_GROUPS, GROUP_SIZE = 3, 4
NUM_IMAGES = NUM_GROUPS * GROUP_SIZE
STEPS = (2, 4)
NOISE = Noise(seed=5, iteration=1, latent_shape=LATENT_SHAPE)
DENOISING = Denoising(make_sigmas("linspace_shift", 6, 1.0), 1.0, make_dynamics("flow_sde", noise_level=0.8))


def draw(model, groups=range(NUM_GROUPS), share_prefix=True, **fields):
    """Latents, records, and how many images went through the network in all."""
    config = RolloutConfig(group_size=GROUP_SIZE, groups_per_iteration=NUM_GROUPS, num_denoising_steps=6, **fields)
    conditions = model.encode_prompts(["a", "b", "c"]).take(torch.tensor(list(groups)))
    drawn, passed = {}, []
    hook = model.transformer.register_forward_pre_hook(
        lambda module, args, kwargs: passed.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    sampler = Sampler(model, config, groups, share_prefix)
    records = sampler.draw(
        DENOISING,
        STEPS,
        NOISE,
        conditions,
        lambda latents, rows: drawn.update(zip(rows.tolist(), latents, strict=True)),
        lambda: None,
    )
    hook.remove()
    assert list(drawn) == list(range(len(groups) * GROUP_SIZE))
    return torch.stack(list(drawn.values())), records, sum(passed)


def draw_one(model, group, image, shared):
    condition = model.encode_prompts(["abc"[group]])
    start = NOISE.initial([group if shared else image])
    step_noise = {step: NOISE.of_step(step, [image]) for step in STEPS}
    return walk(model, DENOISING, start, condition, range(6), step_noise)[0][0]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("batch_size", [3, 4, 9, 256])
def test_batches_draw_what_each_image_draws_alone(tiny_model, shared, batch_size):
    latents, records, _ = draw(tiny_model, shared_initial_noise=shared, batch_size=batch_size)
    alone = [draw_one(tiny_model, image // GROUP_SIZE, image, shared) for image in range(NUM_IMAGES)]
    torch.testing.assert_close(latents, torch.stack(alone), atol=1e-5, rtol=1e-5)
    assert [record.step for record in records] == list(STEPS)
    assert all(len(record.sample) == len(record.velocity) == NUM_IMAGES for record in records)


def test_noise_is_drawn_once_the_pass_of_its_step_is_under_way():
    told = []

    class TellingNoise(Noise):
        def of_step(self, step, rows):
            told.append(step)
            return super().of_step(step, rows)

    step_noise = StepNoise(TellingNoise(NOISE.seed, NOISE.iteration, NOISE.latent_shape), STEPS, [0, 3])
    assert (list(step_noise), len(step_noise)) == ([2, 4], 2)
    assert 2 in step_noise and 3 not in step_noise and told == []
    torch.testing.assert_close(step_noise[4], NOISE.of_step(4, [0, 3]), rtol=0, atol=0)
    assert told == [4]
    with pytest.raises(KeyError):
        step_noise[3]


def test_a_shared_prefix_is_computed_once_a_group(tiny_model):
    shared, _, num_shared = draw(tiny_model, shared_initial_noise=True)
    apart, _, num_apart = draw(tiny_model, shared_initial_noise=True, share_prefix=False)
    torch.testing.assert_close(shared, apart, atol=1e-5, rtol=1e-5)
    assert num_apart == 6 * NUM_IMAGES
    assert num_shared == 2 * NUM_GROUPS + 4 * NUM_IMAGES


def test_images_of_a_group_are_one_until_the_first_stochastic_step(tiny_model):
    _, (record, _), _ = draw(tiny_model, shared_initial_noise=True)
    groups = record.sample.unflatten(0, (NUM_GROUPS, GROUP_SIZE))
    assert torch.equal(groups, groups[:, :1].expand_as(groups))
    assert not torch.equal(record.next_sample[0], record.next_sample[1])


def test_a_process_draws_the_images_that_one_alone_would_have_drawn(tiny_model):
    everything, _, _ = draw(tiny_model)
    share, _, _ = draw(tiny_model, groups=range(1, 3))
    torch.testing.assert_close(share, everything[GROUP_SIZE:], atol=1e-5, rtol=1e-5)


def test_noise_is_the_images_own():
    everything, some = NOISE.of_step(2, range(5)), NOISE.of_step(2, [3, 1])
    assert torch.equal(some, everything[[3, 1]])
    assert not torch.equal(NOISE.of_step(4, [1]), some[1:])
    assert not torch.equal(Noise(5, 2, LATENT_SHAPE).of_step(2, [1]), some[1:])
