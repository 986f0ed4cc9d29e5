"""Solvers of the probability flow ODE, for the denoising steps that draw no noise.

A solver is a pure function ``(velocity, sample, sigma, sigma_next, previous) -> SolverStep``. What a multistep solver
remembers goes in and comes out, and belongs to one trajectory: give None where it starts, which is also after a
stochastic step, whose noise the earlier predictions know nothing of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowdppo_engine.policy.dynamics import ODE

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class DataPrediction:
    """The data that the model saw in a sample: ``sample - sigma * velocity``, ``[B, ...]`` float32, at ``sigma``."""

    data: Tensor
    sigma: float


@dataclass(frozen=True, slots=True, eq=False)
class SolverStep:
    """What a denoising step gave.

    Attributes:
        sample: ``[B, ...]`` float32, at ``sigma_next``.
        history: the next step's ``previous``; None from a solver that has no memory.
    """

    sample: Tensor
    history: DataPrediction | None


Solver = Callable[["Tensor", "Tensor", "Tensor | float", "Tensor | float", DataPrediction | None], SolverStep]


def euler(
    velocity: Tensor,
    sample: Tensor,
    sigma: Tensor | float,
    sigma_next: Tensor | float,
    previous: DataPrediction | None = None,
) -> SolverStep:
    """First order: ``sample + (sigma_next - sigma) * velocity``. Arguments as for ``dpm_solver_2m``."""
    return SolverStep(ODE().transition(velocity, sample, sigma, sigma_next).mean, history=None)


def dpm_solver_2m(
    velocity: Tensor,
    sample: Tensor,
    sigma: Tensor | float,
    sigma_next: Tensor | float,
    previous: DataPrediction | None = None,
) -> SolverStep:
    """Second order: DPM-Solver++(2M), the midpoint form (arXiv 2211.01095, Algorithm 2), for a rectified flow.

    With ``lambda = log((1 - sigma) / sigma)`` the data prediction is taken at the midpoint of the step in lambda, on
    the line through the last two. Lambda is infinite at both ends of the grid: after a step from sigma = 1 the line is
    flat (its limit), and a step to sigma = 0 is the Euler step, since the line has no limit there. On a grid of steps
    h the error is of order h^2 away from the ends, and h^2 log(1 / h) from noise to data.

    Args:
        velocity: ``[B, ...]`` prediction of the model at ``(sample, sigma)``, any floating dtype.
        sample: ``[B, ...]`` current latents.
        sigma, sigma_next: ``1 >= sigma > sigma_next >= 0``; 0-d tensors (keep them on the CPU) or floats.
        previous: ``history`` of the step that led to ``sigma``; None makes this the Euler step.

    Raises:
        ValueError: shapes differ, sigmas are out of order, or ``previous`` is not from a sigma above ``sigma``.
    """
    step = euler(velocity, sample, sigma, sigma_next)
    sigma, sigma_next = float(sigma), float(sigma_next)
    prediction = DataPrediction(sample.float() - sigma * velocity.float(), sigma)
    if previous is None or sigma_next == 0:
        return SolverStep(step.sample, prediction)
    if previous.sigma <= sigma:
        raise ValueError(f"previous.sigma={previous.sigma}: the step before one from sigma={sigma} starts above it")
    on_change = 0.5 * (1 - sigma_next / sigma) * _step_ratio(previous.sigma, sigma, sigma_next)
    return SolverStep(step.sample + on_change * (prediction.data - previous.data), prediction)


def _step_ratio(before: float, sigma: float, after: float) -> float:
    """This step's length in lambda over that of the step before, which is infinite from sigma = 1."""
    if before == 1:
        return 0.0
    earlier, now, later = (math.log((1 - s) / s) for s in (before, sigma, after))
    return (later - now) / (now - earlier)


SOLVERS: dict[str, Solver] = {"euler": euler, "dpm_solver_2m": dpm_solver_2m}
