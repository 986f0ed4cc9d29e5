import pytest
import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.policy.solvers import dpm_solver_2m
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import denoise, walk
from tests.flowdppo_engine.tiny_sd3 import LATENT_SHAPE

TEXTS = ["a", "b", "c"]


@pytest.fixture
def conditions(tiny_model):
    return tiny_model.encode_prompts(TEXTS)


def start_of(num_images=12):
    return torch.randn(num_images, *LATENT_SHAPE, generator=torch.Generator().manual_seed(0))


def roll(model, conditions, name, num_images=12):
    start = start_of(num_images)
    noise = {
        step: torch.randn(num_images, *LATENT_SHAPE, generator=torch.Generator().manual_seed(step)) for step in (1, 2)
    }
    denoising = Denoising(make_sigmas("linspace_shift", 4, 1.0), 1.0, make_dynamics(name, noise_level=0.8))
    condition = conditions.take(torch.arange(num_images) // 4)
    return start, noise, walk(model, denoising, start, condition, range(4), noise)


@pytest.mark.parametrize("name", ["flow_sde", "cps"])
def test_steps_follow_the_published_formulas(tiny_model, conditions, name):
    start, noise, (latents, records) = roll(tiny_model, conditions, name)
    rows = torch.arange(12)
    sigmas, sample = [1.0, 0.75, 0.5, 0.25, 0.0], start
    for step in range(4):
        sigma, sigma_next = sigmas[step], sigmas[step + 1]
        with torch.no_grad():
            velocity = tiny_model.velocity(sample, torch.tensor(sigma), conditions.take(rows // 4))
        following = sample + (sigma_next - sigma) * velocity
        if step in noise and name == "flow_sde":
            deviation, dt = 0.8 * (sigma / (1 - sigma)) ** 0.5, sigma_next - sigma
            drift = velocity + deviation**2 / (2 * sigma) * (sample + (1 - sigma) * velocity)
            following = sample + drift * dt + deviation * (-dt) ** 0.5 * noise[step]
        elif step in noise:
            angle = torch.tensor(0.8 * torch.pi / 2)
            data, end = sample - sigma * velocity, sample + (1 - sigma) * velocity
            following = (1 - sigma_next) * data + sigma_next * (angle.cos() * end + angle.sin() * noise[step])
        if step in noise:
            record = records[step - 1]
            assert record.step == step
            torch.testing.assert_close(record.sample, sample, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(record.velocity, velocity, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(record.next_sample, following, atol=1e-5, rtol=1e-5)
        sample = following
    torch.testing.assert_close(latents, sample, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_batching_does_not_matter(tiny_model, conditions, batch_size):
    denoising = Denoising(make_sigmas("linspace_shift", 4, 1.0))
    drawn = [
        denoise(tiny_model, denoising, start_of(), lambda rows: conditions.take(rows // 4), batch_size=size)
        for size in (12, batch_size)
    ]
    torch.testing.assert_close(drawn[1], drawn[0], atol=1e-5, rtol=1e-5)


def test_second_order_solver_forgets_what_was_before_a_stochastic_step(tiny_model, conditions):
    """The noise of a stochastic step throws the sample onto another trajectory."""
    sigmas = make_sigmas("linspace_shift", 6, 1.0)
    denoising = Denoising(sigmas, 1.0, make_dynamics("flow_sde", noise_level=0.8), dpm_solver_2m)
    noise, condition = {2: torch.ones(3, *LATENT_SHAPE)}, conditions.take(torch.arange(3))
    latents, (record,) = walk(tiny_model, denoising, start_of(3), condition, range(6), noise)

    sample, history = start_of(3), None
    for step in range(6):
        with torch.no_grad():
            velocity = tiny_model.velocity(sample, sigmas[step], condition)
        if step == 2:
            sample, history = record.next_sample, None
        else:
            solved = dpm_solver_2m(velocity, sample, sigmas[step], sigmas[step + 1], history)
            sample, history = solved.sample, solved.history
    torch.testing.assert_close(latents, sample)


def test_latents_stay_fp32_on_a_bf16_network(tiny_folder):
    model = load_model(ModelConfig(source=str(tiny_folder), resolution=16, dtype="bfloat16"), torch.device("cpu"))
    _, _, (latents, records) = roll(model, model.encode_prompts(TEXTS), "flow_sde")
    assert [record.step for record in records] == [1, 2]
    assert {tensor.dtype for record in records for tensor in (record.sample, record.next_sample)} == {torch.float32}
    assert {record.velocity.dtype for record in records} == {torch.bfloat16}
    assert latents.dtype == torch.float32 and not latents.requires_grad


def test_check_may_stop_it(tiny_model, conditions):
    class Enough(Exception):
        pass

    seen = []

    def check(done):
        seen.append(done)
        if len(seen) == 6:
            raise Enough

    with pytest.raises(Enough):
        denoise(
            tiny_model, Denoising(make_sigmas("linspace_shift", 4, 1.0)), torch.randn(12, *LATENT_SHAPE),
            lambda rows: conditions.take(rows // 4), batch_size=4, check=check,
        )  # fmt: skip
    assert seen == [0, 0, 0, 0, 4, 4]
