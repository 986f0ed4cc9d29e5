from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from flowdppo_engine.training.floor import Floor, explain_high_floor
from flowdppo_engine.training.parts import Tile
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.update import Update

MASK = {"name": "divergence_mask", "threshold": {"value": 1e-6}}
MASK_IN_NATS = {"name": "divergence_mask", "threshold": {"value": 1e-3, "scale": "nats"}}
MASK_ON_VELOCITIES = {"name": "divergence_mask", "threshold": {"value": 1e-6}, "measured_on": "velocity"}
MASK_ON_MEANS = {"name": "divergence_mask", "threshold": {"value": 1e-6}, "measured_on": "mean"}
PENALTY = {"name": "kl_penalty", "target": {"value": 1e-6}}
CLIP = {"name": "ratio_clip", "clip_range": 1e-4}


@pytest.mark.parametrize(
    ("floor", "trust_region", "is_high"),
    [
        (Floor(0.9e-7, 0.0, 0.0, 0.0), MASK, False),
        (Floor(1.1e-7, 0.0, 0.0, 0.0), MASK, True),
        (Floor(0.9e-7, 0.0, 0.0, 0.0), MASK_IN_NATS, False),
        (Floor(1.1e-7, 0.0, 0.0, 0.0), MASK_IN_NATS, True),
        (Floor(1.1e-7, 0.0, 0.0, 0.0), PENALTY, True),
        (Floor(0.0, 1.1e-5, 0.0, 0.0), CLIP, True),
        (Floor(1.0, 0.9e-5, 0.0, 0.0), CLIP, False),
        (Floor(1.0, 1.0, 0.0, 0.9e-7), MASK_ON_VELOCITIES, False),
        (Floor(0.0, 0.0, 0.0, 1.1e-7), MASK_ON_VELOCITIES, True),
        (Floor(1.0, 1.0, 0.9e-7, 1.0), MASK_ON_MEANS, False),
        (Floor(0.0, 0.0, 1.1e-7, 0.0), MASK_ON_MEANS, True),
        (Floor(1.0, 1.0, 1.0, 1.0), {"name": "none"}, False),
    ],
)
def test_floor_above_a_tenth_of_what_the_trust_region_looks_for(make_config, floor, trust_region, is_high):
    explanation = explain_high_floor(floor, make_config(trust_region=trust_region), num_latent_dims=1000)
    assert (explanation is not None) is is_high
    if is_high:
        assert "update.tile_samples" in explanation and "anew" in explanation


def test_floor_is_read_off_a_policy_that_has_not_moved():
    movement = SimpleNamespace(
        kl=torch.tensor([1e-8, 3e-8]),
        log_ratio=torch.tensor([-2e-7, 1e-7]),
        mean_distance=torch.tensor([3e-9, 5e-9]),
        velocity_distance=torch.tensor([2e-6, 4e-6]),
    )
    floor = Floor.of(movement)
    assert floor.kl_mean == pytest.approx(2e-8) and floor.ratio_deviation == pytest.approx(2e-7, rel=1e-5)
    assert floor.mean_distance == pytest.approx(4e-9) and floor.velocity_distance == pytest.approx(3e-6)


@pytest.mark.parametrize(("tile_steps", "slots"), [(1, (1,)), (2, (0, 1)), (9, (0, 1))])
def test_floor_is_looked_for_where_it_is_highest(world, tile_steps, slots):
    """The same rounding of a velocity is many times the KL at the last trained step that it is at the first."""
    here = world(moved=False, update={"tile_samples": 5, "tile_steps": tile_steps})
    here.records = [replace(record, velocity=record.velocity.bfloat16()) for record in here.records]
    objective = here.objective
    tile = Update(here.config, here.model, objective, here.catcher, Processes()).probe_tile(here.batch)
    assert tile.slots == slots and tile.rows.tolist() == [11, 10, 9, 8, 7]
    first, last = (Floor.of(objective.movement(here.batch, Tile(tile.rows, (slot,)))).kl_mean for slot in (0, 1))
    assert last > 3 * first > 0
