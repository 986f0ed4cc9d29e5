"""What every trust region is, takes and returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class TrustRegionOutput:
    """The surrogate of one batch of (sample, denoising step) tiles.

    Attributes:
        loss: ``[B]`` float32, to be minimised; average it over all B, kept or not. Carries the gradient of the
            log-ratio.
        keep: ``[B]`` bool, whether the gradient of the tile flows. Where it is False the gradient is exactly 0.
        metrics: name -> 0-d float32, detached; fractions are of all B.
    """

    loss: Tensor
    keep: Tensor
    metrics: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class TrustRegion(ABC):
    """Limits how far one update may move the policy. Call it with keywords; every tensor is ``[B]``.

    Args (of the call):
        log_ratio: log of new over old density averaged over the latent axes (``divergence.log_ratio``).
        divergence: KL(old || new) on the mean scale (``divergence.gaussian_kl``). It gates or is reported, and no
            gradient flows through it. May be left out where ``required_inputs`` does not name it.
        advantages: advantage of the sample; taken as constant.

    Raises (from the call):
        ValueError: a required input is missing, or the shapes are not all the same ``[B]``.
    """

    required_inputs: ClassVar[frozenset[str]]
    """Which arguments of the call must be given."""
    needs_stochastic_dynamics: ClassVar[bool]
    """Whether the log-ratio or the divergence of a transition is needed, which an ODE step does not have."""

    def __call__(
        self, *, log_ratio: Tensor, advantages: Tensor, divergence: Tensor | None = None
    ) -> TrustRegionOutput:
        given = {"log_ratio": log_ratio, "advantages": advantages, "divergence": divergence}
        for name, tensor in given.items():
            if tensor is None:
                if name in self.required_inputs:
                    raise ValueError(f"{name}=None: {type(self).__name__} needs it")
            elif tensor.ndim != 1 or tensor.shape != log_ratio.shape:
                raise ValueError(
                    f"{name} has shape {tuple(tensor.shape)}, log_ratio {tuple(log_ratio.shape)}; "
                    "all must be [B], one value a tile"
                )
        return self._apply(
            log_ratio.float(),
            None if divergence is None else divergence.detach().float(),
            advantages.detach().float(),
        )

    @abstractmethod
    def _apply(self, log_ratio: Tensor, divergence: Tensor | None, advantages: Tensor) -> TrustRegionOutput: ...


def moves_away(log_ratio: Tensor, advantages: Tensor) -> Tensor:
    """``[B]`` bool: sgn(A (r - 1)) > 0: the update would move further away from the old policy (Flow-DPPO Eq. 18)."""
    # Signs of the log-ratio, not of r - 1: ratios within 6e-8 of 1 round to 1, and log-ratios here are of order 1e-6.
    return ((advantages > 0) & (log_ratio > 0)) | ((advantages < 0) & (log_ratio < 0))


def kept_ratio(log_ratio: Tensor, keep: Tensor, otherwise: Tensor | float) -> Tensor:
    """``[B]``: the ratio where ``keep``, the constant ``otherwise`` elsewhere, with a zero gradient there."""
    # The inner where comes before exp: a dropped ratio may overflow, and its backward would be 0 * inf = nan.
    return log_ratio.where(keep, 0.0).exp().where(keep, otherwise)


def summarise(
    log_ratio: Tensor, divergence: Tensor | None, advantages: Tensor, keep: Tensor, over_threshold: Tensor
) -> dict[str, Tensor]:
    """The metrics that all trust regions share, detached; ``over_threshold`` is ``[B]`` bool, in either direction."""
    ratio = log_ratio.detach().exp()
    dropped = ~keep
    metrics = {
        "masked_fraction": dropped.float().mean(),
        "masked_positive_fraction": (dropped & (advantages > 0)).float().mean(),
        "masked_negative_fraction": (dropped & (advantages < 0)).float().mean(),
        "over_threshold_fraction": over_threshold.float().mean(),
        "ratio_mean": ratio.mean(),
        "ratio_std": ratio.std(correction=0),
        "ratio_min": ratio.min(),
        "ratio_max": ratio.max(),
    }
    if divergence is not None:
        metrics |= {"kl_mean": divergence.mean(), "kl_max": divergence.max()}
    return metrics
