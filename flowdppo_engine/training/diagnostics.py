"""What the updates of one iteration looked like, collected without waiting for the device until the end."""

import math
from dataclasses import dataclass, field

import torch

from flowdppo_engine.policy import divergence
from flowdppo_engine.policy.dynamics import Transition


@dataclass(frozen=True)
class Movement:
    """How far the policy has moved from the old one, each `[B]` fp32; `log_ratio` alone carries a gradient."""

    log_ratio: torch.Tensor
    kl: torch.Tensor
    total_variation: torch.Tensor


def measure_movement(old_mean: torch.Tensor, new: Transition, next_sample: torch.Tensor) -> Movement:
    """Compare the policy `new` with the old mean at `next_sample` (both `[B, C, H, W]` fp32)."""
    log_ratio = divergence.log_ratio(next_sample, old_mean, new.mean, new.std)
    with torch.no_grad():
        return Movement(
            log_ratio,
            divergence.gaussian_kl(old_mean, new.mean, new.std),
            divergence.total_variation(old_mean, new.mean, new.std),
        )


@dataclass
class UpdateDiagnostics:
    """Collects tiles and optimizer steps, and sums them up as the metrics of an iteration."""

    num_latent_dims: int
    _movements: list[Movement] = field(default_factory=list)
    _trust_region: list[tuple[int, dict[str, torch.Tensor]]] = field(default_factory=list)
    _losses: list[torch.Tensor] = field(default_factory=list)
    _grad_norms: list[float] = field(default_factory=list)
    _reference_kls: list[torch.Tensor] = field(default_factory=list)
    num_skipped_steps: int = 0

    def add_tile(self, movement: Movement, trust_region: dict[str, torch.Tensor]) -> None:
        log_ratio = movement.log_ratio.detach()
        self._movements.append(Movement(log_ratio, movement.kl, movement.total_variation))
        self._trust_region.append((len(log_ratio), trust_region))

    def add_loss(self, loss: torch.Tensor) -> None:
        """A tile's share of its part's mean loss, 0-d, detached."""
        self._losses.append(loss)

    def add_reference_kl(self, kl: torch.Tensor) -> None:
        """KL to the reference, `[B]`, mean over latent dimensions."""
        self._reference_kls.append(kl)

    def add_step(self, grad_norm: float) -> None:
        self._grad_norms.append(grad_norm)

    def summary(self, num_steps: int) -> dict[str, float]:
        """Metrics by name. Groups without an advantage never became tiles, so they are not counted in them."""
        finite = [norm for norm in self._grad_norms if math.isfinite(norm)]
        values = {
            "loss/policy": float(torch.stack(self._losses).sum()) / num_steps if self._losses else 0.0,
            "optim/skipped_steps": float(self.num_skipped_steps),
        }
        if finite:
            values["optim/grad_norm"] = sum(finite) / len(finite)
        if self._movements:
            values |= self._movement_metrics() | self._trust_region_metrics()
        if self._reference_kls:
            reference_kl = float(torch.cat(self._reference_kls).double().mean())
            values |= {"kl/reference_mean": reference_kl, "kl/reference_nats": reference_kl * self.num_latent_dims}
        return values

    def _movement_metrics(self) -> dict[str, float]:
        # In double: a ratio that differs from 1 by 1e-7 has no digits left in fp32.
        ratio = torch.cat([movement.log_ratio for movement in self._movements]).double().exp()
        kl = torch.cat([movement.kl for movement in self._movements]).double()
        total_variation = torch.cat([movement.total_variation for movement in self._movements]).double()
        return {
            "ratio/mean": float(ratio.mean()),
            "ratio/std": float(ratio.std(correction=0)),
            "ratio/min": float(ratio.min()),
            "ratio/max": float(ratio.max()),
            "kl/old_mean": float(kl.mean()),
            "kl/old_max": float(kl.max()),
            "kl/old_nats": float(kl.mean()) * self.num_latent_dims,
            "tv/old_mean": float(total_variation.mean()),
        }

    def _trust_region_metrics(self) -> dict[str, float]:
        """The trust region's fractions, as `mask/…`; its ratio and KL are told above over the whole iteration."""
        total = sum(size for size, _ in self._trust_region)
        names = [name for name in self._trust_region[0][1] if not name.startswith(("ratio_", "kl_"))]
        return {
            f"mask/{name}": float(sum(size * metrics[name].double() for size, metrics in self._trust_region)) / total
            for name in names
        }
