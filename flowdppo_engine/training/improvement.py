"""What an iteration does to the policy: the update, what follows the updated weights, and the new position."""

from collections.abc import Callable
from dataclasses import replace

import torch

from flowdppo_engine.config import DiffusionNftConfig, RunConfig
from flowdppo_engine.policy.matching import old_policy_decay
from flowdppo_engine.training.averages import ema_decay
from flowdppo_engine.training.batch import UpdateBatch
from flowdppo_engine.training.diagnostics import UpdateDiagnostics
from flowdppo_engine.training.floor import Floor, explain_high_floor
from flowdppo_engine.training.objectives.build import make_objective
from flowdppo_engine.training.objectives.policy_gradient import PolicyGradient
from flowdppo_engine.training.parts import own_part
from flowdppo_engine.training.reporting import Reporter
from flowdppo_engine.training.setup import Ingredients
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.stopping import Stopped
from flowdppo_engine.training.update import Update


class Improvement:
    """Moves `state` on by one iteration, or not at all."""

    def __init__(self, config: RunConfig, ingredients: Ingredients, state: TrainState, reporter: Reporter):
        self._config = config
        self._model = ingredients.model
        self._processes = ingredients.processes
        self._state = state
        self._reporter = reporter
        self._objective = make_objective(config, ingredients.model, state)
        self._update = Update(config, self._model, self._objective, state.optimizer, self._processes, state.zero2)

    def run(self, batch: UpdateBatch, check: Callable[[], None]) -> dict[str, float]:
        """Update the policy on a rollout; returns metrics. Where `check` raises Stopped the state is as before."""
        before = self._state.snapshot()
        self._update.skipped_in_a_row = before.position.skipped_in_a_row
        try:
            self._choose_old_policy(batch)
            diagnostics = self._update.run(batch, before.position.step, check)
            reference = self._measure_reference(batch)
        except Stopped:
            self._state.restore(before)
            raise
        values = diagnostics.summary() | reference
        self._move_on(diagnostics)
        return values

    def measure_kl(self, batch: UpdateBatch, rows: torch.Tensor, check: Callable[[], None]) -> torch.Tensor | None:
        """KL of the policy as it is to the base model in nats, as `kl/reference_nats`, of each image alone.

        `[len(rows)]` for `rows` of this process; None where the objective has none, or none is logged. A collective.
        """
        if not (isinstance(self._objective, PolicyGradient) and self._config.reference.num_logged):
            return None
        num_slots, update = self._objective.num_slots(batch), self._config.update
        size = max(1, update.tile_samples * update.tile_steps // num_slots)
        num_passes = -(-len(rows) // size)
        if self._processes.passes_together:
            num_passes = self._processes.most(num_passes)
        parts = [torch.empty(0)]
        with self._processes.section():
            for number in range(num_passes):
                check()
                some = rows[number * size : (number + 1) * size]
                measured = self._reference_of(batch, some)["kl/reference_mean"]
                parts.append(measured.view(num_slots, len(some)).mean(dim=0))
        return torch.cat(parts) * self._model.num_latent_dims

    def _choose_old_policy(self, batch: UpdateBatch) -> None:
        """Once a run, in its first iteration: keep the rollout's velocities, or compute them anew each time."""
        if not isinstance(self._objective, PolicyGradient):
            return
        position, update = self._state.position, self._config.update
        if position.recomputes_old_policy is None:
            recomputes = update.old_policy == "recomputed" or self._guidance_differs() or self._floor_is_high(batch)
            self._state.position = replace(position, recomputes_old_policy=recomputes)
        self._objective.recomputes = bool(self._state.position.recomputes_old_policy)

    def _guidance_differs(self) -> bool:
        return self._config.update.guidance_scale not in (None, self._config.rollout.guidance_scale)

    def _floor_is_high(self, batch: UpdateBatch) -> bool:
        if self._config.update.old_policy == "stored":
            return False
        floors = self._processes.gather(Floor.of(self._objective.movement(batch, self._update.probe_tile(batch))))
        explanation = explain_high_floor(Floor.highest(floors), self._config, self._model.num_latent_dims)
        if explanation:
            self._reporter.log("warning", explanation)
        return explanation is not None

    def _measure_reference(self, batch: UpdateBatch) -> dict[str, float]:
        """How far the policy that this iteration made is from the base model, on images from all over the rollout."""
        num_images = self._config.rollout.num_images
        num_logged = min(self._config.reference.num_logged, num_images)
        if not num_logged:
            return {}
        places = torch.arange(num_logged) * num_images // num_logged
        rows = own_part(places, range(batch.first_row, batch.first_row + len(batch.advantages))).rows
        parts = self._processes.gather(self._reference_of(batch, rows))
        values = {name: float(torch.cat([part[name] for part in parts]).double().mean()) for name in parts[0]}
        if "kl/reference_mean" in values:
            values["kl/reference_nats"] = values["kl/reference_mean"] * self._model.num_latent_dims
        return values

    def _reference_of(self, batch: UpdateBatch, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Without rows too a pass is made, since others make theirs."""
        if len(rows):
            return self._objective.measure_reference(batch, rows)
        measured = self._objective.measure_reference(batch, torch.zeros(1, dtype=torch.int64))
        return {name: values[:0] for name, values in measured.items()}

    def _move_on(self, diagnostics: UpdateDiagnostics) -> None:
        """Everything that follows the updated weights, and the position."""
        state, objective = self._state, self._config.objective
        iteration, step = state.position.iteration + 1, state.position.step + self._update.num_steps
        decay = ema_decay(self._config.ema, iteration)
        if state.ema and decay is not None:
            state.ema.update(decay)
        if isinstance(objective, DiffusionNftConfig):
            old = objective.old_policy
            state.old_policy.update(old_policy_decay(step, flat=old.flat, rate=old.rate, hold=old.hold))
        state.position = replace(
            state.position,
            iteration=iteration,
            step=step,
            skipped_in_a_row=self._update.skipped_in_a_row,
            trust_region=self._adapt_trust_region(diagnostics),
        )

    def _adapt_trust_region(self, diagnostics: UpdateDiagnostics) -> dict[str, float]:
        if not isinstance(self._objective, PolicyGradient):
            return {}
        kl_mean = diagnostics.last_kl_mean()
        if kl_mean is not None:
            self._objective.trust_region = self._objective.trust_region.adapted(kl_mean)
        return self._objective.trust_region.state()
