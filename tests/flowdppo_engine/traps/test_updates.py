"""What an update makes of a rollout: traps of the trust region's inputs, of staleness, of memory."""

import math
from dataclasses import replace

import pytest
import torch

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.recipes import merge
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.objectives.build import make_objective
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import Update
from tests.flowdppo_engine.training.small_world import NOISE_LEVEL, NUM_IMAGES, SIGMAS, STEPS


def on_velocity_and_std(name, sigma, sigma_next):
    """How much of a change of velocity reaches the mean, and the std: method.md 1.2 and 1.3, written out again."""
    dt = sigma - sigma_next
    if name == "cps":
        angle = NOISE_LEVEL * math.pi / 2
        return sigma_next * math.cos(angle) * (1 - sigma) - (1 - sigma_next) * sigma, sigma_next * math.sin(angle)
    diffusion = NOISE_LEVEL
    if name == "flow_sde":
        diffusion *= math.sqrt(sigma / (1 - (SIGMAS[1] if sigma == 1 else sigma)))
    return -dt * (1 + diffusion**2 * (1 - sigma) / (2 * sigma)), diffusion * math.sqrt(dt)


@pytest.mark.parametrize("name", ["flow_sde", "dance_sde", "cps"])
def test_the_trust_region_divides_by_the_std_of_the_dynamics_that_drew(world, name):
    """UniRL #38 always took Flow-SDE's; verl-omni multiplies CPS's by sqrt(dt). Steps 0 (sigma 1) and 2."""
    here = world(
        rollout={"dynamics": {"name": name}},
        update={"optimizer_steps_per_rollout": 1, "tile_samples": 5, "tile_steps": 2},
    )
    here.denoising = Denoising(here.denoising.sigmas, 1.0, make_dynamics(name, noise_level=NOISE_LEVEL))
    rows, kls = torch.arange(NUM_IMAGES), []
    for record, step in zip(here.records, STEPS, strict=True):
        velocity = here.model.velocity(record.sample, torch.tensor(SIGMAS[step]), here.condition_of(rows))
        distance = (velocity.detach().double() - record.velocity.double()).square().mean(dim=(1, 2, 3))
        on_velocity, std = on_velocity_and_std(name, SIGMAS[step], SIGMAS[step + 1])
        kls.append(on_velocity**2 * distance / (2 * std**2))
    kl = torch.stack(kls)
    threshold = float(kl.median())
    here.config = here.config.model_validate(
        merge(here.config.model_dump(), {"trust_region": {"threshold": {"value": threshold}}})
    )
    metrics = here.run()
    assert metrics["kl/old_mean"] == pytest.approx(float(kl.mean()), rel=1e-3)
    assert metrics["kl/old_max"] == pytest.approx(float(kl.max()), rel=1e-3)
    assert metrics["mask/over_threshold_fraction"] == pytest.approx(float((kl >= threshold).double().mean()), abs=0.05)


@pytest.mark.parametrize("recomputes", [False, True])
def test_the_old_policy_is_that_of_the_rollout_at_every_optimizer_step(world, recomputes):
    """Frozen once a rollout: renewed before each step, every ratio would be 1 and no trust region could ever act."""
    here = world(
        update={"optimizer_steps_per_rollout": 1, "inner_epochs": 3, "tile_samples": 5},
        trust_region={"name": "none"},
        optimizer={"lr": 1e-2},
    )
    state = TrainState(here.model, here.config)
    objective = make_objective(here.config, here.model, state)
    objective.recomputes = recomputes
    history, step = [], state.optimizer.step

    def remembered_step():
        history.append([parameter.detach().clone() for parameter in here.parameters])
        step()

    state.optimizer.step = remembered_step
    diagnostics = Update(here.config, here.model, objective, state.optimizer, Processes()).run(here.batch, step=0)
    first, _, last = history
    if recomputes:
        pairs = zip(here.records, velocities_of(here, first), strict=True)
        here.records = [replace(record, velocity=velocity) for record, velocity in pairs]
    set_weights(here, last)
    kl = float(here.movement()[1].detach().mean())
    assert kl > 1e-7
    assert diagnostics.last_kl_mean() == pytest.approx(kl, rel=1e-3)


def set_weights(here, weights):
    for parameter, weight in zip(here.parameters, weights, strict=True):
        parameter.data.copy_(weight)


@torch.no_grad()
def velocities_of(here, weights):
    set_weights(here, weights)
    condition = here.condition_of(torch.arange(NUM_IMAGES))
    return [here.model.velocity(r.sample, torch.tensor(SIGMAS[r.step]), condition) for r in here.records]


class Activations:
    """Bytes that autograd keeps for backward passes to come: at the moment, and at most."""

    def __init__(self):
        self.now = self.most = 0

    def hooks(self):
        return torch.autograd.graph.saved_tensors_hooks(lambda tensor: _Kept(tensor, self), lambda kept: kept.tensor)


class _Kept:
    def __init__(self, tensor, activations):
        # Detached: an output that its own graph keeps would keep the graph.
        self.tensor, self._activations = tensor.detach(), activations
        activations.now += tensor.nbytes
        activations.most = max(activations.most, activations.now)

    def __del__(self):
        self._activations.now -= self.tensor.nbytes


def most_activations(here):
    """Bytes at most during an update, which must leave none."""
    activations = Activations()
    with activations.hooks():
        metrics = here.run()
    assert activations.now == 0
    return activations.most, metrics


def test_no_more_than_one_tile_keeps_its_activations(world):
    """UniRL #465: the graphs of all denoising steps waited for one backward pass."""
    most = {}
    for tile_samples in (12, 3):
        update = {"optimizer_steps_per_rollout": 1, "tile_samples": tile_samples}
        most[tile_samples], _ = most_activations(world(update=update, trust_region={"name": "none"}))
    assert most[3] < 0.6 * most[12]


def test_a_masked_tile_lets_its_activations_go(world):
    """It has no backward pass that would free them: whoever keeps its loss for the log keeps them all."""
    update = {"optimizer_steps_per_rollout": 1, "tile_samples": 3}
    mask = {"name": "divergence_mask", "threshold": {"value": 1e-30}, "asymmetric": False}
    kept, _ = most_activations(world(update=update, trust_region={"name": "none"}))
    masked, metrics = most_activations(world(update=update, trust_region=mask))
    assert metrics["mask/masked_fraction"] == 1
    assert masked < 1.5 * kept


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_no_group_is_split_between_processes(count):
    """Its mean and deviation would be those of a part of it."""
    shares = [Processes(rank, count).own_groups(6) for rank in range(count)]
    assert [group for share in shares for group in share] == list(range(6))


def test_groups_that_do_not_share_out_evenly_are_refused():
    with pytest.raises(BadConfig, match="groups_per_iteration = 6 cannot be shared evenly by 4 processes: give a mul"):
        Processes(0, 4).own_groups(6)
