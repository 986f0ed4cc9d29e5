"""What every trust region is, takes and returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.policy.movement import Movement


@dataclass(frozen=True, slots=True, eq=False)
class TrustRegionOutput:
    """The surrogate of one batch of (sample, denoising step) tiles.

    Attributes:
        loss: ``[B]`` float32, to be minimised; average it over all B, kept or not. Carries a gradient.
        keep: ``[B]`` bool, whether the gradient of the tile flows. Where it is False the gradient is exactly 0.
        metrics: name -> 0-d float32, detached; fractions are of all B.
    """

    loss: Tensor
    keep: Tensor
    metrics: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class TrustRegion(ABC):
    """Limits how far one update may move the policy: ``region(movement, advantages)``.

    Immutable; one that adapts gives its successor. It bounds the surrogate term only: a penalty towards a reference
    model is added outside, and no mask or clip touches it.

    Args (of the call):
        movement: of B tiles; only the fields in ``required_inputs`` are read.
        advantages: ``[B]``, that of the tile's sample; taken as constant.

    Raises (from the call):
        ValueError: a required input or the advantages are not ``[B]``.
    """

    required_inputs: ClassVar[frozenset[str]]
    """The fields of ``Movement`` that are read."""
    acts_without_advantage: ClassVar[bool] = False
    """Whether a sample whose advantage is 0 has a gradient too."""

    def __call__(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput:
        for name in sorted(self.required_inputs):
            shape = getattr(movement, name).shape
            if advantages.ndim != 1 or shape != advantages.shape:
                raise ValueError(
                    f"{name} has shape {tuple(shape)}, advantages {tuple(advantages.shape)}; "
                    "all must be [B], one value a tile"
                )
        return self._apply(movement, advantages.detach().float())

    @abstractmethod
    def _apply(self, movement: Movement, advantages: Tensor) -> TrustRegionOutput: ...

    def adapted(self, kl_mean: float) -> TrustRegion:
        """The trust region of the next iteration; itself where it does not adapt.

        Args:
            kl_mean: KL to the old policy that this iteration's updates reached, mean over tiles and latent dims.
        """
        return self

    def state(self) -> dict[str, float]:
        """The fields that adapt, for a checkpoint; empty where none does."""
        return {}

    def with_state(self, state: Mapping[str, float]) -> Self:
        """This trust region as it was when ``state()`` gave ``state``.

        Raises:
            ValueError: the state of another trust region.
        """
        if state.keys() != self.state().keys():
            raise ValueError(
                f"state has {sorted(state)}, but {type(self).__name__} keeps {sorted(self.state())}: "
                "resume with the trust region of the checkpoint"
            )
        return replace(self, **state)


def moves_away(direction: Tensor, advantages: Tensor) -> Tensor:
    """``[B]`` bool: sgn(A * direction) > 0; with the log-ratio as direction, sgn(A (r - 1)) > 0 (Flow-DPPO Eq. 18).

    An update at such a tile moves further away from the old policy.
    """
    # Signs of the log-ratio, not of r - 1: ratios within 6e-8 of 1 round to 1, and log-ratios here are of order 1e-6.
    return ((advantages > 0) & (direction > 0)) | ((advantages < 0) & (direction < 0))


def kept_ratio(log_ratio: Tensor, keep: Tensor, otherwise: Tensor | float) -> Tensor:
    """``[B]``: the ratio where ``keep``, the constant ``otherwise`` elsewhere, with a zero gradient there."""
    # The inner where comes before exp: a dropped ratio may overflow, and its backward would be 0 * inf = nan.
    return log_ratio.where(keep, 0.0).exp().where(keep, otherwise)


def summarise(advantages: Tensor, keep: Tensor, over_threshold: Tensor) -> dict[str, Tensor]:
    """The metrics that all trust regions share; ``over_threshold`` is ``[B]`` bool, in either direction."""
    dropped = ~keep
    return {
        "masked_fraction": dropped.float().mean(),
        "masked_positive_fraction": (dropped & (advantages > 0)).float().mean(),
        "masked_negative_fraction": (dropped & (advantages < 0)).float().mean(),
        "over_threshold_fraction": over_threshold.float().mean(),
    }
