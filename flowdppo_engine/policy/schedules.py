"""Sigma grids, and which denoising steps are stochastic.

A grid runs from noise, sigma = 1, to data, sigma = 0. Denoising step ``k`` goes from ``sigmas[k]`` to
``sigmas[k + 1]``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from flowdppo_engine.policy._registry import check_name

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.config import StochasticStepsConfig

NUM_TRAIN_TIMESTEPS = 1000  # what every FlowMatchEulerDiscreteScheduler config of the supported models says


def make_sigmas(kind: str, num_denoising_steps: int, shift: float) -> Tensor:
    """Sigma grid, descending from 1 to 0.

    Args:
        kind: ``linspace_shift`` (even grid from 1 to 1/N, shifted once; what the Flow-DPPO recipes train on) or
            ``diffusers`` (the default grid of ``FlowMatchEulerDiscreteScheduler(shift=shift).set_timesteps(N)``, which
            shifts twice: once at construction, where sigma_min becomes shift(1/1000), and once more in the call).
        num_denoising_steps: N >= 1.
        shift: time shift s > 0 of ``s * sigma / (1 + (s - 1) * sigma)``; 1 leaves the grid even.

    Returns:
        ``[num_denoising_steps + 1]`` float32, strictly descending, first entry exactly 1 and last exactly 0.

    Raises:
        ValueError: unknown kind, value out of bounds, or a shift so far from 1 that neighbours coincide in float32.
    """
    # Imported here, not above: whoever only picks steps or validates a config must not pay for torch.
    import torch

    check_name("sigma grid", kind, SIGMA_GRIDS)
    if num_denoising_steps < 1:
        raise ValueError(f"num_denoising_steps={num_denoising_steps}: a grid needs at least 1 denoising step")
    if not (math.isfinite(shift) and shift > 0):
        raise ValueError(f"shift={shift}: must be finite and > 0; 1.0 means no shift")
    sigmas = torch.tensor([*SIGMA_GRIDS[kind](num_denoising_steps, shift), 0.0], dtype=torch.float64).float()
    if not bool((sigmas[1:] < sigmas[:-1]).all()):
        raise ValueError(f"shift={shift}: {num_denoising_steps} sigmas coincide in float32; bring shift closer to 1")
    return sigmas


def _shifted(sigma: float, shift: float) -> float:
    return shift * sigma / (1 + (shift - 1) * sigma)


def _linspace(first: float, last: float, num: int) -> list[float]:
    return [first + (last - first) * i / max(num - 1, 1) for i in range(num)]


def _linspace_shift(num_denoising_steps: int, shift: float) -> list[float]:
    return [_shifted(sigma, shift) for sigma in _linspace(1.0, 1 / num_denoising_steps, num_denoising_steps)]


def _diffusers(num_denoising_steps: int, shift: float) -> list[float]:
    sigma_min = _shifted(1 / NUM_TRAIN_TIMESTEPS, shift)
    return [_shifted(sigma, shift) for sigma in _linspace(1.0, sigma_min, num_denoising_steps)]


SIGMA_GRIDS: dict[str, Callable[[int, float], list[float]]] = {
    "linspace_shift": _linspace_shift,
    "diffusers": _diffusers,
}


def select_stochastic_steps(
    config: StochasticStepsConfig, num_denoising_steps: int, seed: int, iteration: int
) -> tuple[int, ...]:
    """Denoising steps of one iteration that draw noise, and can be trained; the others follow the ODE.

    A pure function: the same arguments give the same steps in every process and on every machine.

    Args:
        config: ``name`` is ``all`` (Flow-GRPO), ``first_k`` (the ``k`` steps with the most noise) or
            ``random_k_of_range``: ``k`` distinct steps of ``first..last``, both included, all subsets equally likely,
            drawn afresh each iteration (Flow-DPPO F.2: three out of the first half).
        num_denoising_steps: steps of the grid.
        seed: seed of the run.
        iteration: index of the rollout.

    Returns:
        Indices in ``[0, num_denoising_steps)``, ascending.

    Raises:
        ValueError: unknown kind, or a choice that does not fit the range or the grid.
    """
    match config.name:
        case "all":
            return tuple(range(num_denoising_steps))
        case "first_k":
            _check_num_chosen(config.k, 0, num_denoising_steps - 1)
            return tuple(range(config.k))
        case "random_k_of_range":
            _check_range(config.first, config.last, num_denoising_steps)
            _check_num_chosen(config.k, config.first, config.last)
            # Ranking by a hash gives a uniform subset that no library version, global state or platform can change.
            ranked = sorted(range(config.first, config.last + 1), key=lambda step: _rank(seed, iteration, step))
            return tuple(sorted(ranked[: config.k]))
        case _:
            raise ValueError(f"name={config.name!r}: choose one of all, first_k, random_k_of_range, sliding_window")


def _rank(seed: int, iteration: int, denoising_step: int) -> bytes:
    return hashlib.sha256(f"stochastic-steps:{seed}:{iteration}:{denoising_step}".encode()).digest()


def _check_range(first: int, last: int, num_denoising_steps: int) -> None:
    if first < 0:
        raise ValueError(f"first={first}: denoising steps count from 0")
    if last < first:
        raise ValueError(f"last={last}: lies before first={first}; the range includes both")
    if last >= num_denoising_steps:
        end = num_denoising_steps - 1
        raise ValueError(f"last={last}: the grid ends at denoising step {end}; lower last or lengthen the grid")


def _check_num_chosen(k: int, first: int, last: int) -> None:
    size = last - first + 1
    if not 1 <= k <= size:
        raise ValueError(f"k={k}: denoising steps {first}..{last} are {size}; choose k in 1..{size}")
