"""The metrics of a table of tiles against loops over the same numbers."""

import math

import pytest
import torch

from flowdppo_engine.policy.movement import Movement
from flowdppo_engine.training.movement_metrics import MovedTiles, movement_metrics

DIMS, NUM_ROWS, NUM_SLOTS = 100, 6, 2


@pytest.fixture
def tiles():
    """Two optimizer steps of three images each, at two slots; the tiles come in any order."""
    num_tiles = NUM_ROWS * NUM_SLOTS
    order = torch.randperm(num_tiles)
    rows, slots = torch.arange(num_tiles) // NUM_SLOTS, torch.arange(num_tiles) % NUM_SLOTS
    kl = torch.rand(num_tiles) * 1e-3
    movement = Movement(
        log_ratio=1e-3 * torch.randn(num_tiles),
        kl=kl,
        total_variation=torch.rand(num_tiles) * 0.1,
        velocity_distance=torch.rand(num_tiles),
        residual=torch.rand(num_tiles),
        std=torch.ones(num_tiles),
        dt=torch.ones(num_tiles),
        num_latent_dims=DIMS,
    )
    return MovedTiles(
        part=(rows >= 3).long(), row=rows[order], slot=slots[order], movement=movement,
        advantages=torch.randn(num_tiles), rewards=(0.1 * (rows + 1))[order],
        trust_region={"masked_fraction": torch.tensor([0.25, 0.75]).repeat(6), "coefficient": torch.full((12,), 3.0)},
    )  # fmt: skip


def in_place(tiles, part_of):
    """The tiles with the optimizer step of each image."""
    from dataclasses import replace

    return replace(tiles, part=part_of(tiles.row))


def by_image(tiles, values):
    table = {}
    for row, slot, value in zip(tiles.row.tolist(), tiles.slot.tolist(), values.tolist(), strict=True):
        table.setdefault(row, {})[slot] = value
    return {row: [slots[slot] for slot in sorted(slots)] for row, slots in sorted(table.items())}


def test_trajectory_kl_adds_an_images_steps_up(tiles):
    tiles = in_place(tiles, lambda row: (row >= 3).long())
    expected = [sum(steps) * DIMS for steps in by_image(tiles, tiles.movement.kl).values()]
    metrics = movement_metrics(tiles, "flow_sde")
    assert metrics["kl/trajectory_nats"] == pytest.approx(sum(expected) / NUM_ROWS, rel=1e-5)
    assert metrics["kl/old_nats"] == pytest.approx(sum(expected) / NUM_ROWS / NUM_SLOTS, rel=1e-5)


def test_an_image_trained_twice_counts_twice(tiles):
    twice = MovedTiles.cat([in_place(tiles, torch.zeros_like), in_place(tiles, torch.ones_like)])
    assert twice.by_image(twice.movement.kl).shape == (2 * NUM_ROWS, NUM_SLOTS)
    once = movement_metrics(in_place(tiles, torch.zeros_like), "flow_sde")["kl/trajectory_nats"]
    assert movement_metrics(twice, "flow_sde")["kl/trajectory_nats"] == pytest.approx(once)


def test_bound_is_theorem_2(tiles):
    tiles = in_place(tiles, torch.zeros_like)
    metrics = movement_metrics(tiles, "flow_sde")
    ratios, variations = by_image(tiles, tiles.movement.log_ratio), by_image(tiles, tiles.movement.total_variation)
    rewards = by_image(tiles, tiles.rewards)
    surrogate = [
        rewards[row][0] * sum(math.expm1(DIMS * log_ratio) for log_ratio in steps) for row, steps in ratios.items()
    ]
    assert metrics["bound/surrogate"] == pytest.approx(sum(surrogate) / NUM_ROWS, rel=1e-4)
    largest = max(max(steps) for steps in variations.values())
    quadratic = 2 * 0.6 * NUM_SLOTS * (NUM_SLOTS - 1) * largest**2
    linear = 4 * 0.6 * sum(map(sum, variations.values())) / NUM_ROWS
    assert metrics["bound/penalty_quadratic"] == pytest.approx(quadratic, rel=1e-5)
    assert metrics["bound/penalty_linear"] == pytest.approx(linear, rel=1e-5)
    assert metrics["bound/improvement"] == pytest.approx(
        sum(surrogate) / NUM_ROWS - min(quadratic, linear), rel=1e-4, abs=1e-6
    )


def test_floor_is_read_before_the_first_optimizer_step(tiles):
    tiles = in_place(tiles, lambda row: (row >= 3).long())
    metrics = movement_metrics(tiles, "flow_sde")
    still = tiles.row < 3
    assert metrics["floor/kl_mean"] == pytest.approx(float(tiles.movement.kl[still].mean()), rel=1e-6)
    deviation = float(tiles.movement.log_ratio[still].double().expm1().abs().max())
    assert metrics["floor/ratio_deviation"] == pytest.approx(deviation)
    moved = movement_metrics(in_place(tiles, torch.ones_like), "flow_sde")
    assert "floor/kl_mean" not in moved


def test_the_trust_regions_own_metrics_are_averaged_over_tiles(tiles):
    metrics = movement_metrics(in_place(tiles, torch.zeros_like), "flow_sde")
    assert metrics["mask/masked_fraction"] == 0.5 and metrics["trust_region/coefficient"] == 3.0
    assert {name for name in metrics if name.startswith("would_block/")} >= {
        "would_block/divergence_mask", "would_block/ratio_clip", "would_block/ratio_norm_clip",
    }  # fmt: skip
