"""DiffusionNFT in tiles against one big batch, computed here from the published formulas."""

import pytest
import torch

from flowdppo_engine.training import keyed
from flowdppo_engine.training.objectives.forward_process import ForwardProcess
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import Update
from tests.flowdppo_engine.training.small_world import NUM_IMAGES, SIGMAS, assert_same_gradient

NUM_TIMES, SPREAD, LARGEST, BETA = 3, 0.6, 2.0, 0.1
FIELDS = {
    "objective": {"name": "diffusion_nft", "beta": SPREAD, "advantage_max": LARGEST, "num_times": NUM_TIMES},
    "rollout": {"dynamics": {"name": "ode"}},
    "trust_region": {"name": "none"},
    "reference": {"measure": "velocity"},
    "update": {"optimizer_steps_per_rollout": 1, "tile_samples": 5, "tile_steps": 2},
}


@pytest.fixture
def moved(world):
    """`moved(**changes)`: a world, and a state whose old policy has other weights than the policy."""

    def make(**changes):
        here = world(**{**FIELDS, **changes})
        state = TrainState(here.model, here.config)
        for weight in state.old_policy.weights:
            weight += 0.05 * torch.randn_like(weight)
        here.catcher.zero_grad()
        return here, state

    return make


def make(here, state):
    from flowdppo_engine.training.objectives.build import make_objective

    return make_objective(here.config, here.model, state)


def run(here, state):
    update = Update(here.config, here.model, make(here, state), here.catcher, Processes())
    return update.run(here.batch, step=0).summary()


def losses(here, state):
    """`[N * NUM_TIMES]` of the published loss without the reference term, and with it at beta 1; with gradient."""
    for row in range(NUM_IMAGES):
        levels = keyed.permutation(4, here.config.seed, "levels", 0, row)[:NUM_TIMES]
        for slot, level in enumerate(levels):
            sigma = SIGMAS[level]
            noise = keyed.normal(here.model.latent_shape, here.config.seed, "forward", 0, slot, row)
            clean = here.latents[row]
            noised = (1 - sigma) * clean + sigma * noise
            inputs = noised[None], torch.tensor([sigma]), here.condition_of(torch.tensor([row]))
            velocity = here.model.velocity(*inputs)[0].double()
            with torch.no_grad(), state.old_policy.applied():
                old = here.model.velocity(*inputs)[0].double()
            with torch.no_grad(), here.model.reference():
                reference = here.model.velocity(*inputs)[0].double()
            quality = float((here.advantages[row] / LARGEST).clamp(-1, 1) / 2 + 0.5)
            total = 0.0
            for share, implicit in (
                (quality, (1 - SPREAD) * old + SPREAD * velocity),
                (1 - quality, (1 + SPREAD) * old - SPREAD * velocity),
            ):
                error = noised.double() - sigma * implicit - clean.double()
                total = total + share * error.square().mean() / error.abs().mean().detach()
            yield total / SPREAD * LARGEST, (velocity - reference).square().mean()


def test_tiled_gradient_is_that_of_the_published_loss(moved):
    here, state = moved()
    metrics = run(here, state)
    expected = torch.stack([loss for loss, _ in losses(here, state)]).mean()
    assert metrics["loss/policy"] == pytest.approx(float(expected.detach()), rel=1e-4)
    assert_same_gradient(here.catcher.gradients[0], torch.autograd.grad(expected, here.parameters))


def test_the_reference_term_is_added(moved):
    here, state = moved(reference={"measure": "velocity", "beta": BETA})
    metrics = run(here, state)
    terms = list(losses(here, state))
    expected = torch.stack([loss + BETA * penalty for loss, penalty in terms]).mean()
    assert_same_gradient(here.catcher.gradients[0], torch.autograd.grad(expected, here.parameters))
    penalty = float(torch.stack([penalty for _, penalty in terms]).mean())
    assert metrics["reference/loss"] == pytest.approx(penalty, rel=1e-3)


def test_levels_of_an_image_differ_and_are_never_zero(moved):
    here, state = moved()
    objective = make(here, state)
    levels = torch.tensor(
        [[float(objective._sigma(here.batch, slot, row)) for slot in range(NUM_TIMES)] for row in range(NUM_IMAGES)]
    )
    assert all(len(set(row)) == NUM_TIMES for row in levels.tolist())
    assert set(levels.flatten().tolist()) == {1.0, 0.75, 0.5, 0.25}


def test_an_image_without_advantage_still_teaches(moved):
    """Its optimality is one half, which pulls both implicit policies towards it."""
    here, state = moved(advantages=torch.zeros(NUM_IMAGES))
    run(here, state)
    assert max(float(gradient.abs().max()) for gradient in here.catcher.gradients[0]) > 0


def test_objective_is_the_configs(moved):
    here, state = moved()
    assert isinstance(make(here, state), ForwardProcess)
