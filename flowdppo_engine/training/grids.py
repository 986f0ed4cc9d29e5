"""The sigma grids of rollouts and evaluations."""

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import compress_tail, make_sigmas, select_stochastic_steps, sigmas_from
from flowdppo_engine.policy.solvers import SOLVERS
from flowdppo_engine.training.denoising import Denoising


class Grids:
    """How each iteration of a run denoises, and its evaluations, which lay their grid in the same way."""

    def __init__(self, config: RunConfig, model: FlowModel):
        self._config = config
        self._model = model
        dynamics = config.rollout.dynamics
        self._dynamics = make_dynamics(dynamics.name, noise_level=dynamics.noise_level)
        self._sigmas = self._lay(config.rollout.num_denoising_steps)

    def stochastic_steps(self, iteration: int) -> tuple[int, ...]:
        """The denoising steps that draw noise; none under the ODE."""
        rollout = self._config.rollout
        if not self._dynamics.is_stochastic:
            return ()
        return select_stochastic_steps(
            rollout.stochastic_steps, rollout.num_denoising_steps, self._config.seed, iteration
        )

    def rollout(self, iteration: int) -> Denoising:
        rollout, sigmas = self._config.rollout, self._sigmas
        if steps := self.stochastic_steps(iteration):
            sigmas = compress_tail(sigmas, max(steps), rollout.ode.tail_fraction)
        return Denoising(sigmas, rollout.guidance_scale, self._dynamics, SOLVERS[rollout.ode.solver])

    def evaluation(self) -> Denoising:
        evaluation = self._config.evaluation
        return Denoising(self._lay(evaluation.num_denoising_steps), evaluation.guidance_scale)

    def _lay(self, num_steps: int) -> torch.Tensor:
        rollout = self._config.rollout
        if rollout.schedule == "pipeline":
            return sigmas_from(self._model.sigmas(num_steps))
        return make_sigmas(rollout.schedule, num_steps, rollout.shift)
