"""The metrics of how far an iteration's updates moved the policy. M tiles of one image and one slot each."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from flowdppo_engine.policy import divergence
from flowdppo_engine.policy.movement import Movement
from flowdppo_engine.policy.trust_regions.panel import would_block


@dataclass(frozen=True)
class MovedTiles:
    """All that the tiles of an iteration told; every tensor `[M]` on the CPU.

    `part` counts the optimizer steps, `row` the images of all processes, `slot` the recorded denoising steps.
    `trust_region` has the trust region's own metrics, those of a pass through the network at each tile of it.
    """

    part: torch.Tensor
    row: torch.Tensor
    slot: torch.Tensor
    movement: Movement
    advantages: torch.Tensor
    rewards: torch.Tensor
    trust_region: dict[str, torch.Tensor]

    @classmethod
    def cat(cls, tables: "Sequence[MovedTiles]") -> "MovedTiles":
        def joined(name: str) -> torch.Tensor:
            return torch.cat([getattr(table, name) for table in tables])

        return cls(
            *(joined(name) for name in ("part", "row", "slot")),
            movement=Movement.cat([table.movement for table in tables]),
            **{name: joined(name) for name in ("advantages", "rewards")},
            trust_region={
                name: torch.cat([table.trust_region[name] for table in tables]) for name in tables[0].trust_region
            },
        )

    def by_image(self, values: torch.Tensor) -> torch.Tensor:
        """`[M]` values as `[I, T]`: a row for each image in each optimizer step, a column for each slot."""
        num_slots = int(self.slot.max()) + 1
        order = torch.argsort((self.part * (int(self.row.max()) + 1) + self.row) * num_slots + self.slot)
        return values[order].view(-1, num_slots)


def movement_metrics(tiles: MovedTiles, dynamics: str) -> dict[str, float]:
    """Metrics by name; `dynamics` is the name of the stochastic steps' sampler."""
    return (
        _ratio_metrics(tiles)
        | _divergence_metrics(tiles)
        | _mask_metrics(tiles, dynamics)
        | _bound_metrics(tiles)
        | _floor_metrics(tiles)
    )


def _ratio_metrics(tiles: MovedTiles) -> dict[str, float]:
    # In double: a ratio that differs from 1 by 1e-7 has no digits left in fp32.
    ratio = tiles.movement.log_ratio.double().exp()
    return {
        "ratio/mean": float(ratio.mean()),
        "ratio/std": float(ratio.std(correction=0)),
        "ratio/min": float(ratio.min()),
        "ratio/max": float(ratio.max()),
    }


def _divergence_metrics(tiles: MovedTiles) -> dict[str, float]:
    kl, total_variation = tiles.movement.kl.double(), tiles.movement.total_variation.double()
    trajectory_kl = divergence.trajectory_kl(tiles.by_image(tiles.movement.kl_nats))
    return {
        "kl/old_mean": float(kl.mean()),
        "kl/old_max": float(kl.max()),
        "kl/old_nats": float(kl.mean()) * tiles.movement.num_latent_dims,
        "kl/trajectory_nats": float(trajectory_kl.double().mean()),
        "tv/old_mean": float(total_variation.mean()),
        "tv/old_max": float(total_variation.max()),
    }


def _mask_metrics(tiles: MovedTiles, dynamics: str) -> dict[str, float]:
    """What the run's trust region did, as `mask/…` and `trust_region/…`, and what others would have blocked."""
    metrics = {}
    for name, values in tiles.trust_region.items():
        room = "mask" if name.endswith("_fraction") else "trust_region"
        metrics[f"{room}/{name}"] = float(values.double().mean())
    blocked = would_block(dynamics, tiles.movement, tiles.advantages)
    return metrics | {f"would_block/{name}": float(values.double().mean()) for name, values in blocked.items()}


def _bound_metrics(tiles: MovedTiles) -> dict[str, float]:
    """Theorem 1's surrogate and what Theorem 2 takes off it, in units of the reward."""
    rewards = tiles.by_image(tiles.rewards)[:, 0]
    surrogate = divergence.improvement_surrogate(rewards, tiles.by_image(tiles.movement.log_ratio_nats))
    largest, total_variations = float(rewards.abs().max()), tiles.by_image(tiles.movement.total_variation)
    return {
        "bound/surrogate": float(surrogate),
        "bound/penalty_quadratic": float(divergence.improvement_penalty_quadratic(largest, total_variations)),
        "bound/penalty_linear": float(divergence.improvement_penalty_linear(largest, total_variations)),
        "bound/improvement": float(divergence.improvement_lower_bound(surrogate, largest, total_variations)),
    }


def _floor_metrics(tiles: MovedTiles) -> dict[str, float]:
    """Before the first optimizer step the policy is the old one: whatever movement is seen there is rounding."""
    still = tiles.part == 0
    if not bool(still.any()):
        return {}
    return {
        "floor/ratio_deviation": float(tiles.movement.log_ratio[still].double().expm1().abs().max()),
        "floor/kl_mean": float(tiles.movement.kl[still].double().mean()),
    }
