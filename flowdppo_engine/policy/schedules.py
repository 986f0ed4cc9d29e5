"""Sigma grids, and which denoising steps are stochastic.

A grid runs from noise, sigma = 1, to data, sigma = 0. Denoising step ``k`` goes from ``sigmas[k]`` to
``sigmas[k + 1]``; a grid of K steps is ``[K + 1]`` float32 on the CPU, strictly descending, its ends exactly 1 and 0.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flowdppo_engine.policy._registry import check_name

if TYPE_CHECKING:
    from torch import Tensor

    from flowdppo_engine.config import SlidingWindow, StochasticStepsConfig

NUM_TRAIN_TIMESTEPS = 1000  # what every FlowMatchEulerDiscreteScheduler config of the supported models says


def make_sigmas(kind: str, num_denoising_steps: int, shift: float) -> Tensor:
    """Sigma grid by its formula.

    Args:
        kind: ``linspace_shift`` (even grid from 1 to 1/N, shifted once; what the Flow-DPPO recipes train on) or
            ``diffusers`` (the default grid of ``FlowMatchEulerDiscreteScheduler(shift=shift).set_timesteps(N)``, which
            shifts twice: once at construction, where sigma_min becomes shift(1/1000), and once more in the call).
        num_denoising_steps: N >= 1.
        shift: time shift s > 0 of ``s * sigma / (1 + (s - 1) * sigma)``; 1 leaves the grid even.

    Returns:
        ``[num_denoising_steps + 1]``, see the module.

    Raises:
        ValueError: unknown kind, value out of bounds, or a shift so far from 1 that neighbours coincide in float32.
    """
    check_name("sigma grid", kind, SIGMA_GRIDS)
    if num_denoising_steps < 1:
        raise ValueError(f"num_denoising_steps={num_denoising_steps}: a grid needs at least 1 denoising step")
    if not (math.isfinite(shift) and shift > 0):
        raise ValueError(f"shift={shift}: must be finite and > 0; 1.0 means no shift")
    sigmas = _as_grid(SIGMA_GRIDS[kind](num_denoising_steps, shift))
    if not bool((sigmas.diff() < 0).all()):
        raise ValueError(f"shift={shift}: {num_denoising_steps} sigmas coincide in float32; bring shift closer to 1")
    return sigmas


def sigmas_from(values: Sequence[float]) -> Tensor:
    """The grid that a model family's own pipeline lays (schedule ``pipeline``), checked.

    Args:
        values: K sigmas, descending from 1, without the last 0.

    Returns:
        ``[K + 1]``, see the module.

    Raises:
        ValueError: no value, one that is not finite, a start other than 1, or values that do not descend towards 0.
    """
    if not values:
        raise ValueError("sigmas is empty: a grid needs at least 1 denoising step")
    # Flow-SDE's rule at sigma = 1 asks for exactly 1: its std at 1 - 1e-7 would be in the thousands.
    if not abs(values[0] - 1) < 1e-5:
        raise ValueError(f"sigmas[0]={values[0]}: a grid starts from pure noise, at 1")
    sigmas = _as_grid([1.0, *values[1:]])
    if not bool((sigmas.diff() < 0).all()):
        raise ValueError(f"sigmas={list(values)}: must descend strictly and stay above 0, without the last 0")
    return sigmas


def compress_tail(sigmas: Tensor, last_stochastic_step: int, fraction: float) -> Tensor:
    """The grid with fewer, larger steps after the last stochastic one (MixGRPO-Flash, arXiv 2507.21802).

    The sigmas that stay are chosen evenly among those of the grid. Denoising steps up to ``last_stochastic_step`` keep
    their index and their sigmas.

    Args:
        sigmas: ``[K + 1]`` a grid.
        last_stochastic_step: index in ``[0, K)``.
        fraction: share of the steps after it that is walked, in (0, 1]; at least one, where there are any.

    Returns:
        ``[K' + 1]`` with K' <= K, see the module.

    Raises:
        ValueError: step or fraction out of bounds.
    """
    num_steps, start = len(sigmas) - 1, last_stochastic_step + 1
    if not 1 <= start <= num_steps:
        raise ValueError(f"last_stochastic_step={last_stochastic_step}: the grid has steps 0..{num_steps - 1}")
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction={fraction}: must lie in (0, 1]; 1 keeps every step")
    remaining = num_steps - start
    kept = num_tail_steps(remaining, fraction)
    # In whole numbers, rounding halves up: the same steps on every machine.
    tail = [start + (2 * i * remaining + kept) // (2 * kept) for i in range(1, kept + 1)]
    return sigmas[[*range(start + 1), *tail]]


def num_tail_steps(remaining: int, fraction: float) -> int:
    """How many of the ``remaining`` steps after the last stochastic one are walked: a share, and at least one."""
    return min(remaining, max(1, math.floor(fraction * remaining + 0.5)))


def _as_grid(values: Sequence[float]) -> Tensor:
    # Imported here, not above: whoever only picks steps or validates a config must not pay for torch.
    import torch

    return torch.tensor([*values, 0.0], dtype=torch.float64).float()


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
            drawn afresh each iteration (Flow-DPPO F.2: three out of the first half); or ``sliding_window`` (MixGRPO):
            ``size`` neighbouring steps of ``first..last`` whose start is a whole number of strides from ``first``. It
            moves after each ``every`` iterations: by one ``stride`` towards the data, and where it would not fit any
            more back to ``first`` (order ``progressive``), or to any of these places (``random``).
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
        case "sliding_window":
            _check_range(config.first, config.last, num_denoising_steps)
            _check_num_chosen(config.size, config.first, config.last, "size")
            start = _window_start(config, seed, iteration // config.every)
            return tuple(range(start, start + config.size))
        case _:
            raise ValueError(f"name={config.name!r}: choose one of all, first_k, random_k_of_range, sliding_window")


def _window_start(config: SlidingWindow, seed: int, num_moves: int) -> int:
    starts = range(config.first, config.last - config.size + 2, config.stride)
    if config.order == "progressive":
        return starts[num_moves % len(starts)]
    # Of 256 bits the remainder is as good as uniform.
    drawn = hashlib.sha256(f"sliding-window:{seed}:{num_moves}".encode()).digest()
    return starts[int.from_bytes(drawn) % len(starts)]


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


def _check_num_chosen(num: int, first: int, last: int, field: str = "k") -> None:
    size = last - first + 1
    if not 1 <= num <= size:
        raise ValueError(f"{field}={num}: denoising steps {first}..{last} are {size}; choose {field} in 1..{size}")
