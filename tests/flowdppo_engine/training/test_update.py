"""The tiled update against one big batch, computed here in plain torch from the published formulas."""

import math

import pytest
import torch

from flowdppo_engine.recipes import merge
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.update import TrainingDiverged, Update
from tests.flowdppo_engine.training.small_world import GROUP_SIZE, NUM_IMAGES, STEPS, assert_same_gradient


@pytest.fixture
def num_backwards(monkeypatch):
    """How many backward passes there were, as a list of one count."""
    count, backward = [0], torch.Tensor.backward

    def counted(tensor, *args, **options):
        count[0] += 1
        backward(tensor, *args, **options)

    monkeypatch.setattr(torch.Tensor, "backward", counted)
    return count


def _away(log_ratio, advantages):
    return advantages[:, None] * log_ratio > 0


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
        merge(here.config.model_dump(), {"trust_region": {"threshold": {"value": threshold}}})
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
        plain.config.model_validate(merge(plain.config.model_dump(), {"model": {"dtype": "float16"}})),
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
