"""The tiled update against one big batch, computed here in plain torch from the published formulas."""

import math

import pytest
import torch

from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.training import keyed
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.objectives.build import make_objective
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.rollout import walk
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import TrainingDiverged, Update

NUM_GROUPS, GROUP_SIZE, NOISE_LEVEL = 3, 4, 0.8
NUM_IMAGES = NUM_GROUPS * GROUP_SIZE
SIGMAS = [1.0, 0.75, 0.5, 0.25, 0.0]
STEPS = (0, 2)


class GradientCatcher:
    """Takes the optimizer's place: keeps the gradient of each step and changes nothing."""

    def __init__(self, parameters):
        self._parameters = list(parameters)
        self.gradients = []
        self.zero_grad()

    param_groups = ()

    def step(self):
        self.gradients.append([parameter.grad.clone() for parameter in self._parameters])

    def zero_grad(self, set_to_none=False):
        for parameter in self._parameters:
            parameter.grad = torch.zeros_like(parameter)


@pytest.fixture
def num_backwards(monkeypatch):
    """How many backward passes there were, as a list of one count."""
    count, backward = [0], torch.Tensor.backward

    def counted(tensor, *args, **options):
        count[0] += 1
        backward(tensor, *args, **options)

    monkeypatch.setattr(torch.Tensor, "backward", counted)
    return count


@pytest.fixture
def world(tiny_model, make_config):
    return lambda **changes: World(tiny_model, make_config, **changes)


class World:
    """A rollout of the fresh LoRA, after which the LoRA has moved a little, as between two optimizer steps."""

    def __init__(self, model, make_config, *, moved=True, advantages=None, **changes):
        self.config = make_config(
            rollout={"group_size": GROUP_SIZE, "groups_per_iteration": NUM_GROUPS}, optimizer={"max_grad_norm": 1e9}
        )
        self.config = self.config.model_validate(_merged(self.config.model_dump(), changes))
        self.model = model
        model.add_lora(self.config.lora, seed=0)
        self.parameters = list(model.trainable_parameters().values())
        self.denoising = Denoising(
            make_sigmas("linspace_shift", 4, 1.0), 1.0, make_dynamics("flow_sde", noise_level=NOISE_LEVEL)
        )
        conditions = model.encode_prompts(["a", "b", "c"])
        self.condition_of = lambda rows: conditions.take(rows // GROUP_SIZE)
        shape = (NUM_IMAGES, *model.latent_shape)
        step_noise = {step: keyed.normal(shape, 1, step) for step in STEPS}
        condition = self.condition_of(torch.arange(NUM_IMAGES))
        self.latents, self.records = walk(
            model, self.denoising, keyed.normal(shape, 0), condition, range(4), step_noise
        )
        if moved:
            for parameter in self.parameters:
                parameter.data += 0.02 * torch.randn_like(parameter)
        self.advantages = torch.randn(NUM_IMAGES) if advantages is None else advantages
        self.catcher = GradientCatcher(self.parameters)

    @property
    def batch(self):
        return UpdateBatch(
            0, self.denoising, self.latents, tuple(self.records), self.condition_of, self.advantages,
            rewards=torch.linspace(-1, 1, NUM_IMAGES),
        )  # fmt: skip

    @property
    def objective(self):
        state = TrainState(self.model, self.config)
        self.catcher.zero_grad()
        return make_objective(self.config, self.model, state)

    def run(self):
        update = Update(self.config, self.model, self.objective, self.catcher, Processes())
        return update.run(self.batch, step=0).summary()

    def reference(self, num_rows=NUM_IMAGES):
        return self.objective.measure_reference(self.batch, torch.arange(num_rows))

    def movement(self):
        """Log-ratio (mean over latents) and KL (mean), `[N, T]`, of the published formulas; with gradient."""
        rows, log_ratios, kls = torch.arange(NUM_IMAGES), [], []
        for record, step in zip(self.records, STEPS, strict=True):
            velocity = self.model.velocity(record.sample, torch.tensor(SIGMAS[step]), self.condition_of(rows))
            mean, std = _flow_sde(record.sample, velocity, SIGMAS[step], SIGMAS[step + 1])
            old_mean, _ = _flow_sde(record.sample, record.velocity, SIGMAS[step], SIGMAS[step + 1])
            taken = record.next_sample.double()
            new_log_density = -((taken - mean) ** 2) / (2 * std**2)
            old_log_density = -((taken - old_mean) ** 2) / (2 * std**2)
            log_ratios.append((new_log_density - old_log_density).mean(dim=(1, 2, 3)))
            kls.append(((mean - old_mean) ** 2 / (2 * std**2)).mean(dim=(1, 2, 3)))
        return torch.stack(log_ratios, dim=1), torch.stack(kls, dim=1)

    def expected_gradient(self, keep):
        """Of the mean over all images and steps of `-A r` where kept."""
        log_ratio, _ = self.movement()
        loss = torch.where(keep, -self.advantages.double()[:, None] * log_ratio.exp(), 0.0).mean()
        return torch.autograd.grad(loss, self.parameters)


def _flow_sde(sample, velocity, sigma, sigma_next):
    sample, velocity, dt = sample.double(), velocity.double(), sigma_next - sigma
    diffusion = NOISE_LEVEL * math.sqrt(sigma / (1 - (SIGMAS[1] if sigma == 1 else sigma)))
    mean = sample * (1 + diffusion**2 / (2 * sigma) * dt)
    mean = mean + velocity * (1 + diffusion**2 * (1 - sigma) / (2 * sigma)) * dt
    return mean, diffusion * math.sqrt(-dt)


def _merged(fields, changes):
    from flowdppo_engine.recipes import merge

    return merge(fields, changes)


def _away(log_ratio, advantages):
    return advantages[:, None] * log_ratio > 0


def assert_same_gradient(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other.float(), rtol=2e-3, atol=2e-3 * float(other.abs().max()) + 1e-12)


@pytest.mark.parametrize(("tile_samples", "tile_steps"), [(12, 1), (5, 1), (4, 2), (12, 2)])
def test_tiled_gradient_is_that_of_one_big_batch(world, tile_samples, tile_steps):
    update = {"optimizer_steps_per_rollout": 1, "tile_samples": tile_samples, "tile_steps": tile_steps}
    here = world(update=update, trust_region={"name": "none"})
    here.run()
    everything = torch.ones(NUM_IMAGES, len(STEPS), dtype=torch.bool)
    assert_same_gradient(here.catcher.gradients[0], here.expected_gradient(everything))


def test_masked_gradient_is_that_of_the_kept_tiles_over_all_of_them(world):
    here = world(update={"optimizer_steps_per_rollout": 1, "tile_samples": 5})
    log_ratio, kl = (tensor.detach() for tensor in here.movement())
    threshold = float(kl.median())
    here.config = here.config.model_validate(
        _merged(here.config.model_dump(), {"trust_region": {"threshold": {"value": threshold}}})
    )
    dropped = _away(log_ratio, here.advantages) & (kl >= threshold)
    assert 0 < dropped.sum() < dropped.numel()
    metrics = here.run()
    assert_same_gradient(here.catcher.gradients[0], here.expected_gradient(~dropped))
    assert metrics["mask/masked_fraction"] == pytest.approx(float(dropped.double().mean()))
    positive = dropped & (here.advantages > 0)[:, None]
    assert metrics["mask/masked_positive_fraction"] == pytest.approx(float(positive.double().mean()))


def test_wholly_masked_tiles_have_no_gradient_and_skip_their_backward(world, num_backwards):
    here = world(trust_region={"name": "divergence_mask", "threshold": {"value": 1e-30}})
    log_ratio, _ = here.movement()
    here.records = here.records[:1]
    here.advantages = log_ratio[:, 0].detach().sign().float()
    metrics = here.run()
    assert metrics["mask/masked_fraction"] == 1
    assert num_backwards == [0]
    assert all((gradient == 0).all() for step in here.catcher.gradients for gradient in step)


def test_groups_without_advantage_cost_nothing_and_stay_in_the_mean(world, num_backwards):
    advantages = torch.randn(NUM_IMAGES)
    advantages[:GROUP_SIZE] = 0
    update = {"optimizer_steps_per_rollout": 1, "tile_samples": 4}
    here = world(advantages=advantages, update=update, trust_region={"name": "none"})
    here.run()
    assert num_backwards == [2 * len(STEPS)]
    everything = torch.ones(NUM_IMAGES, len(STEPS), dtype=torch.bool)
    assert_same_gradient(here.catcher.gradients[0], here.expected_gradient(everything))


def test_a_rollout_without_any_advantage_makes_steps_without_a_gradient(world, num_backwards):
    here = world(advantages=torch.zeros(NUM_IMAGES))
    metrics = here.run()
    assert num_backwards == [0] and len(here.catcher.gradients) == 2
    assert metrics["loss/policy"] == 0
    assert "ratio/mean" not in metrics


def test_metrics_are_those_of_the_published_formulas(world):
    here = world(update={"optimizer_steps_per_rollout": 1, "tile_samples": 5}, trust_region={"name": "none"})
    log_ratio, kl = (tensor.detach() for tensor in here.movement())
    metrics = here.run()
    ratio, dims = log_ratio.exp(), here.model.num_latent_dims
    assert metrics["ratio/mean"] - 1 == pytest.approx(float(ratio.mean() - 1), rel=1e-3, abs=1e-9)
    assert metrics["ratio/std"] == pytest.approx(float(ratio.std(correction=0)), rel=1e-3)
    assert metrics["ratio/max"] - 1 == pytest.approx(float(ratio.max() - 1), rel=1e-3)
    assert metrics["kl/old_mean"] == pytest.approx(float(kl.mean()), rel=1e-3)
    assert metrics["kl/old_max"] == pytest.approx(float(kl.max()), rel=1e-3)
    assert metrics["kl/old_nats"] == pytest.approx(float(kl.mean()) * dims, rel=1e-3)
    total_variation = torch.erf((2 * kl * dims).sqrt() / (2 * math.sqrt(2)))
    assert metrics["tv/old_mean"] == pytest.approx(float(total_variation.mean()), rel=1e-3)
    assert metrics["tv/old_max"] == pytest.approx(float(total_variation.max()), rel=1e-3)
    assert metrics["kl/trajectory_nats"] == pytest.approx(float(kl.sum(dim=1).mean()) * dims, rel=1e-3)
    loss = (-here.advantages[:, None] * ratio).mean()
    assert metrics["loss/policy"] == pytest.approx(float(loss), rel=1e-3, abs=1e-6)
    norm = torch.stack([gradient.norm() for gradient in here.catcher.gradients[0]]).norm()
    assert metrics["optim/grad_norm"] == pytest.approx(float(norm), rel=1e-4)


def test_distance_to_the_reference_is_that_to_the_fresh_lora(world):
    here = world()
    _, kl = here.movement()
    measured = here.reference()["kl/reference_mean"].view(len(STEPS), NUM_IMAGES).T
    torch.testing.assert_close(measured, kl.detach().float(), rtol=1e-3, atol=1e-9)


def test_a_policy_that_has_not_moved_has_ratio_one_and_no_divergence(world):
    update = {"optimizer_steps_per_rollout": 1, "tile_samples": NUM_IMAGES}
    here = world(moved=False, update=update)
    metrics = here.run()
    assert metrics["ratio/min"] == metrics["ratio/max"] == 1
    assert metrics["kl/old_max"] == metrics["mask/masked_fraction"] == metrics["floor/kl_mean"] == 0
    assert here.reference()["kl/reference_mean"].max() == 0


def test_steps_are_parts_times_epochs(world):
    here = world(update={"optimizer_steps_per_rollout": 3, "inner_epochs": 2, "tile_samples": 100})
    here.run()
    assert len(here.catcher.gradients) == 6


def test_part_gradients_average_to_that_of_the_whole(world):
    here = world(update={"optimizer_steps_per_rollout": 3, "tile_samples": 100}, trust_region={"name": "none"})
    here.run()
    parts = [torch.stack(step).mean(0) for step in zip(*here.catcher.gradients, strict=True)]
    everything = torch.ones(NUM_IMAGES, len(STEPS), dtype=torch.bool)
    assert_same_gradient(parts, here.expected_gradient(everything))


def test_gradient_is_clipped_to_the_norm(world):
    here = world(optimizer={"max_grad_norm": 1e-4}, trust_region={"name": "none"})
    metrics = here.run()
    norm = torch.stack([gradient.norm() for gradient in here.catcher.gradients[0]]).norm()
    assert float(norm) == pytest.approx(1e-4, rel=1e-2)
    assert metrics["optim/grad_norm"] > 1e-4


def test_fp16s_loss_scale_does_not_change_the_gradient(world):
    plain = world(trust_region={"name": "none"})
    update = Update(
        plain.config.model_validate(_merged(plain.config.model_dump(), {"model": {"dtype": "float16"}})),
        *(plain.model, plain.objective, plain.catcher, Processes()),
    )
    assert update._loss_scale > 1 and math.log2(update._loss_scale).is_integer()
    plain.run()
    update.run(plain.batch, step=0)
    without, scaled = plain.catcher.gradients[:2], plain.catcher.gradients[2:]
    for one, other in zip(without, scaled, strict=True):
        assert all(map(torch.equal, one, other))


def test_a_gradient_that_is_not_finite_skips_its_step(world):
    here = world(advantages=torch.full((NUM_IMAGES,), math.inf), trust_region={"name": "none"})
    metrics = here.run()
    assert here.catcher.gradients == [] and metrics["optim/skipped_steps"] == 2
    assert "optim/grad_norm" not in metrics
    assert all((parameter.grad == 0).all() for parameter in here.parameters)


def test_too_many_skips_in_a_row_end_the_run(world):
    here = world(
        advantages=torch.full((NUM_IMAGES,), math.nan),
        trust_region={"name": "none"},
        update={"inner_epochs": 3},
        optimizer={"max_skipped_steps": 3},
    )
    with pytest.raises(TrainingDiverged, match="not finite in 3 optimizer steps in a row"):
        here.run()
