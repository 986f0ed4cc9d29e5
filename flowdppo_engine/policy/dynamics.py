"""One denoising step as a Gaussian: (velocity, sample, sigma, sigma_next) -> mean and std.

Every dynamics here is linear in the sample and the velocity, so each class states three coefficients and the base
class does the rest. The coefficients are computed in double precision from the two sigmas; means and stds are always
float32.

Noise is at sigma = 1, data at sigma = 0, and a rectified flow predicts ``velocity = noise - data``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from flowdppo_engine.policy._registry import build

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Transition:
    """The policy at one denoising step: ``N(mean, std^2 I)`` over the next sample (Flow-DPPO Eq. 4).

    Attributes:
        mean: ``[B, ...]`` float32, with the gradient of the velocity.
        std: float32 on the device of ``mean``, the standard deviation of the whole transition, 0 for a deterministic
            step: 0-d, or ``[B]`` where samples of several denoising steps were put behind one another.
    """

    mean: Tensor
    std: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Next sample ``mean + std * noise``, ``[B, ...]`` float32.

        Args:
            noise: standard normal, the shape of ``mean``.

        Raises:
            ValueError: ``noise`` has another shape (broadcast noise would be shared between samples).
        """
        if noise.shape != self.mean.shape:
            raise ValueError(f"noise has shape {tuple(noise.shape)}, the mean {tuple(self.mean.shape)}; draw it alike")
        # By the rank of the mean: left to broadcasting, [B] would meet the last latent axis.
        std = self.std if self.std.ndim == 0 else self.std.reshape(-1, *[1] * (self.mean.ndim - 1))
        return self.mean + std * noise.float()


class Coefficients(NamedTuple):
    """``mean = sample * on_sample + velocity * on_velocity``, with transition standard deviation ``std``."""

    on_sample: float
    on_velocity: float
    std: float


@dataclass(frozen=True, slots=True)
class Dynamics(ABC):
    """A sampler. Sigmas are 0-d tensors or floats with ``1 >= sigma > sigma_next >= 0``; keep them on the CPU.

    (A sigma on an accelerator works too, and costs a synchronisation.)

    ``sigma_max`` is the second entry of the grid, ``sigmas[1]``. Flow-SDE needs it at sigma = 1, the others ignore it.
    """

    is_stochastic: ClassVar[bool]
    """Whether transitions of this kind have a density, that is, a log-ratio and a KL."""

    @abstractmethod
    def _coefficients(self, sigma: float, sigma_next: float, sigma_max: float | None) -> Coefficients: ...

    def coefficients(
        self, sigma: Tensor | float, sigma_next: Tensor | float, sigma_max: Tensor | float | None = None
    ) -> Coefficients:
        """What the step does to sample and velocity, and its std, in double precision.

        Raises:
            ValueError: the sigmas are out of order, or sigma is 1 and Flow-SDE was not given ``sigma_max``.
        """
        sigma, sigma_next = float(sigma), float(sigma_next)
        if not 0 <= sigma_next < sigma <= 1:
            raise ValueError(f"sigma={sigma}, sigma_next={sigma_next}: a step needs 1 >= sigma > sigma_next >= 0")
        return self._coefficients(sigma, sigma_next, None if sigma_max is None else float(sigma_max))

    def transition(
        self,
        velocity: Tensor,
        sample: Tensor,
        sigma: Tensor | float,
        sigma_next: Tensor | float,
        sigma_max: Tensor | float | None = None,
    ) -> Transition:
        """The Gaussian over the next sample, in float32 whatever the dtype of the arguments.

        Args:
            velocity: ``[B, ...]`` prediction of the model at ``(sample, sigma)``, any floating dtype.
            sample: ``[B, ...]`` current latents, same shape, any floating dtype.
            sigma, sigma_next, sigma_max: see the class.

        Raises:
            ValueError: shapes differ, or as ``coefficients``.
        """
        if velocity.shape != sample.shape:
            raise ValueError(f"velocity {tuple(velocity.shape)} and sample {tuple(sample.shape)} must have one shape")
        on_sample, on_velocity, std = self.coefficients(sigma, sigma_next, sigma_max)
        # One rounding of a bf16 mean is as large as the change of mean that the trust region has to see.
        mean = sample.float() * on_sample + velocity.float() * on_velocity
        return Transition(mean=mean, std=mean.new_full((), std))

    def transition_std(
        self, sigma: Tensor | float, sigma_next: Tensor | float, sigma_max: Tensor | float | None = None
    ) -> float:
        """Std of the transition without any tensor: 0 marks a step that cannot be trained by its ratio or KL."""
        return self.coefficients(sigma, sigma_next, sigma_max).std

    def velocity_kl_coefficient(
        self, sigma: Tensor | float, sigma_next: Tensor | float, sigma_max: Tensor | float | None = None
    ) -> float:
        """``c`` such that ``KL = c * ||v_new - v_old||^2`` in nats (Flow-DPPO Eq. 15 and 16); inf where std is 0."""
        _, on_velocity, std = self.coefficients(sigma, sigma_next, sigma_max)
        return math.inf if std == 0 else 0.5 * (on_velocity / std) ** 2


@dataclass(frozen=True, slots=True)
class FlowSDE(Dynamics):
    """Flow-GRPO's SDE (Flow-DPPO Eq. 2): diffusion ``noise_level * sqrt(sigma / (1 - sigma))``.

    The diffusion is infinite at sigma = 1; there, and only there, ``sigma_max`` replaces sigma in the denominator.
    """

    is_stochastic: ClassVar[bool] = True
    noise_level: float

    def __post_init__(self) -> None:
        _check_non_negative("flow_sde", self.noise_level)

    def _coefficients(self, sigma: float, sigma_next: float, sigma_max: float | None) -> Coefficients:
        clamped = sigma
        if sigma == 1:
            if sigma_max is None:
                raise ValueError("sigma_max=None: flow_sde needs it at sigma=1; pass the second sigma of the grid")
            if not 0 <= sigma_max < 1:
                raise ValueError(f"sigma_max={sigma_max}: must lie in [0, 1); pass the second sigma of the grid")
            clamped = sigma_max
        return _sde_coefficients(self.noise_level * math.sqrt(sigma / (1 - clamped)), sigma, sigma_next)


@dataclass(frozen=True, slots=True)
class DanceSDE(Dynamics):
    """DanceGRPO's SDE: the mean of Flow-SDE with the constant diffusion ``noise_level``."""

    is_stochastic: ClassVar[bool] = True
    noise_level: float

    def __post_init__(self) -> None:
        _check_non_negative("dance_sde", self.noise_level)

    def _coefficients(self, sigma: float, sigma_next: float, sigma_max: float | None) -> Coefficients:
        return _sde_coefficients(self.noise_level, sigma, sigma_next)


@dataclass(frozen=True, slots=True)
class CPS(Dynamics):
    """Coefficients-preserving sampling (Flow-DPPO Eq. 3): std ``sigma_next * sin(noise_level * pi / 2)``.

    The std carries no sqrt(dt): it does not shrink as the grid is refined, and it is 0 on the last step. So what is
    preserved is the amount of noise at each sigma, not the distribution: at a fixed noise level the final samples keep
    the mean of the ODE's but not their variance, even on an endless grid (for a Gaussian target it comes out smaller).
    """

    is_stochastic: ClassVar[bool] = True
    noise_level: float

    def __post_init__(self) -> None:
        if not 0 <= self.noise_level <= 1:
            raise ValueError(f"noise_level={self.noise_level}: cps takes a fraction of the noise, in [0, 1]")

    def _coefficients(self, sigma: float, sigma_next: float, sigma_max: float | None) -> Coefficients:
        angle = self.noise_level * math.pi / 2
        on_data, on_noise = 1 - sigma_next, sigma_next * math.cos(angle)
        # The predictions are data = x - sigma v and noise = x + (1 - sigma) v.
        return Coefficients(
            on_sample=on_data + on_noise,
            on_velocity=on_noise * (1 - sigma) - on_data * sigma,
            std=sigma_next * math.sin(angle),
        )


@dataclass(frozen=True, slots=True)
class ODE(Dynamics):
    """Euler step of the probability flow ODE: no noise at whatever level it is given, hence no ratio and no KL."""

    is_stochastic: ClassVar[bool] = False
    noise_level: float = 0.0

    def __post_init__(self) -> None:
        _check_non_negative("ode", self.noise_level)

    def _coefficients(self, sigma: float, sigma_next: float, sigma_max: float | None) -> Coefficients:
        return Coefficients(on_sample=1.0, on_velocity=sigma_next - sigma, std=0.0)


def _sde_coefficients(diffusion: float, sigma: float, sigma_next: float) -> Coefficients:
    """Euler-Maruyama backwards in time (dt < 0), with the score written through the velocity."""
    dt = sigma_next - sigma
    correction = diffusion**2 / (2 * sigma)
    return Coefficients(
        on_sample=1 + correction * dt,
        on_velocity=(1 + correction * (1 - sigma)) * dt,
        std=diffusion * math.sqrt(-dt),
    )


def _check_non_negative(name: str, noise_level: float) -> None:
    if not (math.isfinite(noise_level) and noise_level >= 0):
        raise ValueError(f"noise_level={noise_level}: {name} takes a finite value >= 0, for instance 0.7")


DYNAMICS: dict[str, type[Dynamics]] = {"flow_sde": FlowSDE, "dance_sde": DanceSDE, "cps": CPS, "ode": ODE}


def make_dynamics(name: str, **options: float) -> Dynamics:
    """Dynamics by name: ``flow_sde``, ``dance_sde``, ``cps`` or ``ode``, with ``noise_level`` (of no use to ``ode``).

    Raises:
        ValueError: unknown name or option, or a noise level that the dynamics cannot take.
    """
    return build("dynamics", DYNAMICS, name, options)
