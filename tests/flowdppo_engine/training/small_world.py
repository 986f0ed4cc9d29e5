"""A rollout of the tiny model with everything known about it, for tests of objectives and updates."""

import math

import torch

from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.recipes import merge
from flowdppo_engine.training import keyed
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.objectives.build import make_objective
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.rollout import walk
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import Update

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


class World:
    """A rollout of the fresh LoRA, after which the LoRA has moved a little, as between two optimizer steps."""

    def __init__(self, model, make_config, *, moved=True, advantages=None, **changes):
        self.config = make_config(
            rollout={"group_size": GROUP_SIZE, "groups_per_iteration": NUM_GROUPS}, optimizer={"max_grad_norm": 1e9}
        )
        self.config = self.config.model_validate(merge(self.config.model_dump(), changes))
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
            mean, std = flow_sde(record.sample, velocity, SIGMAS[step], SIGMAS[step + 1])
            old_mean, _ = flow_sde(record.sample, record.velocity, SIGMAS[step], SIGMAS[step + 1])
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


def flow_sde(sample, velocity, sigma, sigma_next):
    sample, velocity, dt = sample.double(), velocity.double(), sigma_next - sigma
    diffusion = NOISE_LEVEL * math.sqrt(sigma / (1 - (SIGMAS[1] if sigma == 1 else sigma)))
    mean = sample * (1 + diffusion**2 / (2 * sigma) * dt)
    mean = mean + velocity * (1 + diffusion**2 * (1 - sigma) / (2 * sigma)) * dt
    return mean, diffusion * math.sqrt(-dt)


def assert_same_gradient(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other.float(), rtol=2e-3, atol=2e-3 * float(other.abs().max()) + 1e-12)
