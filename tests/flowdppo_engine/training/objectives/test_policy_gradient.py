"""The reference term, guidance and the old policy of the policy gradient, against the formulas written out here."""

import pytest
import torch

from flowdppo_engine.training.objectives.policy_gradient import PolicyGradient
from flowdppo_engine.training.parts import Tile
from tests.flowdppo_engine.training.small_world import NUM_IMAGES, SIGMAS, STEPS, assert_same_gradient, flow_sde

ONE_STEP = {"optimizer_steps_per_rollout": 1, "tile_samples": 5}
BETA = 0.3


def velocities(here, guidance_scale=1.0):
    """The policy's velocity at each recorded step, `[N, ...]` each, with a gradient; then the reference's."""
    rows = torch.arange(NUM_IMAGES)
    for record, step in zip(here.records, STEPS, strict=True):
        inputs = record.sample, torch.tensor(SIGMAS[step]), here.condition_of(rows), guidance_scale
        with torch.no_grad(), here.model.reference():
            reference = here.model.velocity(*inputs)
        yield step, record.sample, here.model.velocity(*inputs), reference


def mean_square(difference):
    return difference.square().flatten(1).mean(1)


def penalty(measure, step, sample, velocity, reference):
    if measure == "velocity":
        return mean_square(velocity.double() - reference.double())
    (mean, std), (reference_mean, _) = (
        flow_sde(sample, some, SIGMAS[step], SIGMAS[step + 1]) for some in (velocity, reference)
    )
    squared = mean_square(mean - reference_mean)
    return squared if measure == "mean" else squared / (2 * std**2)


@pytest.mark.parametrize("measure", ["transition", "mean", "velocity"])
def test_the_reference_term_is_added_to_every_tile_and_never_masked(world, measure):
    """The trust region blocks all that moves away, here everything: what is left is the reference term alone."""
    here = world(advantages=torch.zeros(NUM_IMAGES), update=ONE_STEP, reference={"beta": BETA, "measure": measure})
    metrics = here.run()
    terms = torch.stack([penalty(measure, *values) for values in velocities(here)])
    assert_same_gradient(here.catcher.gradients[0], torch.autograd.grad(BETA * terms.mean(), here.parameters))
    assert metrics["reference/loss"] == pytest.approx(float(terms.mean()), rel=1e-3)
    assert metrics["loss/policy"] == pytest.approx(BETA * float(terms.mean()), rel=1e-3)


def test_without_beta_the_reference_never_runs(world, monkeypatch):
    here = world(update=ONE_STEP)
    monkeypatch.setattr(type(here.model), "reference", None)
    assert "reference/loss" not in here.run()


def test_a_kl_penalty_reaches_images_without_an_advantage(world):
    region = {"name": "kl_penalty", "target": {"value": 1e-3}, "coefficient": 2.0, "adaptive": False}
    here = world(advantages=torch.zeros(NUM_IMAGES), update=ONE_STEP, trust_region=region)
    metrics = here.run()
    _, kl = here.movement()
    assert_same_gradient(here.catcher.gradients[0], torch.autograd.grad(2.0 * kl.mean(), here.parameters))
    assert metrics["trust_region/coefficient"] == 2.0


def test_recomputing_gives_the_old_policy_of_the_updates_own_batches(world):
    """After the policy has moved, the policy computed anew is the moved one: no ratio, no KL before the first step."""
    here = world(update=ONE_STEP)
    objective = here.objective
    objective.recomputes = True
    tiles = [Tile(torch.arange(5), (0, 1)), Tile(torch.arange(5, NUM_IMAGES), (0, 1))]
    batch = objective.prepared(here.batch, tiles, lambda: None)
    movement = objective.movement(batch, Tile(torch.arange(NUM_IMAGES), (0,)))
    assert movement.kl.max() < 1e-12
    assert objective.movement(here.batch, Tile(torch.arange(NUM_IMAGES), (0,))).kl.min() > 1e-9
    assert [record.step for record in batch.records] == list(STEPS)
    assert here.records[0].velocity is not batch.records[0].velocity


@pytest.mark.parametrize("both", [False, True])
def test_update_has_its_own_guidance(world, both):
    """Guided at 2.5, with the gradient through both passes or through the conditional one alone."""
    gradient = "both" if both else "conditional"
    update = ONE_STEP | {"guidance_scale": 2.5, "guidance_gradient": gradient}
    here = world(update=update, trust_region={"name": "none"})
    here.run()
    rows, terms = torch.arange(NUM_IMAGES), []
    for record, step in zip(here.records, STEPS, strict=True):
        velocity = here.model.velocity(
            record.sample, torch.tensor(SIGMAS[step]), here.condition_of(rows), 2.5, unconditional_gradient=both
        )
        mean, std = flow_sde(record.sample, velocity, SIGMAS[step], SIGMAS[step + 1])
        old_mean, _ = flow_sde(record.sample, record.velocity, SIGMAS[step], SIGMAS[step + 1])
        taken = record.next_sample.double()
        log_ratio = (((taken - old_mean) ** 2 - (taken - mean) ** 2) / (2 * std**2)).flatten(1).mean(1)
        terms.append(-here.advantages.double() * log_ratio.exp())
    expected = torch.autograd.grad(torch.stack(terms).mean(), here.parameters)
    assert_same_gradient(here.catcher.gradients[0], expected)


def test_reference_has_its_own_guidance(world):
    """A policy at guidance 1 is pulled towards the guided base model."""
    here = world(
        advantages=torch.zeros(NUM_IMAGES), update=ONE_STEP,
        reference={"beta": BETA, "measure": "velocity", "guidance_scale": 3.0},
    )  # fmt: skip
    metrics = here.run()
    guided = [reference for _, _, _, reference in velocities(here, 3.0)]
    terms = [
        mean_square(velocity.double() - reference.double())
        for (_, _, velocity, _), reference in zip(velocities(here), guided, strict=True)
    ]
    assert metrics["reference/loss"] == pytest.approx(float(torch.stack(terms).mean()), rel=1e-3)


def test_objective_is_the_configs(world):
    assert isinstance(world().objective, PolicyGradient)
