"""One iteration: a rollout, its rewards and advantages, and the update on it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from flowdppo_engine.config import DiffusionNftConfig, RunConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.policy.matching import old_policy_decay
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.training.averages import ema_decay
from flowdppo_engine.training.batch import RecordedStep, UpdateBatch
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.diagnostics import UpdateDiagnostics
from flowdppo_engine.training.diversity import pixel_spread, thumbnails
from flowdppo_engine.training.floor import Floor, explain_high_floor
from flowdppo_engine.training.grids import Grids
from flowdppo_engine.training.judging import Judged, judge
from flowdppo_engine.training.objectives.build import make_objective
from flowdppo_engine.training.objectives.policy_gradient import PolicyGradient
from flowdppo_engine.training.reporting import Reporter
from flowdppo_engine.training.resources import Stopwatch, peak_memory_gib
from flowdppo_engine.training.sampler import Noise, Sampler
from flowdppo_engine.training.setup import Ingredients
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.stopping import Stopped
from flowdppo_engine.training.update import Update

Check = Callable[[], None]


@dataclass(frozen=True)
class Rollout:
    """The N images of an iteration that this process drew, as what is needed of them.

    `latents` `[N, ...]` fp32, `small` their thumbnails `[N, D]`.
    """

    denoising: Denoising
    latents: torch.Tensor
    records: tuple[RecordedStep, ...]
    condition_of: Callable[[torch.Tensor], Conditions]
    scored: Scored
    small: torch.Tensor


class Iteration:
    """Runs iterations on `state`, which changes only where a whole one is done."""

    def __init__(self, config: RunConfig, ingredients: Ingredients, state: TrainState, reporter: Reporter):
        self._config = config
        self._ingredients = ingredients
        self._model = ingredients.model
        self._processes = ingredients.processes
        self._state = state
        self._reporter = reporter
        self._groups = ingredients.processes.own_groups(config.rollout.groups_per_iteration)
        self._grids = Grids(config, ingredients.model)
        self._sampler = Sampler(ingredients.model, config.rollout, self._groups)
        self._objective = make_objective(config, ingredients.model, state)
        self._update = Update(config, self._model, self._objective, state.optimizer, self._processes)

    def run(self, check: Check) -> dict[str, float]:
        """The next iteration's metrics by name. `check` may raise Stopped; the state is then as before."""
        watch, iteration = Stopwatch(), self._state.position.iteration
        rollout = self._roll_out(iteration, watch, check)
        judged = self._judge(rollout.scored)
        with watch.of("update"):
            values = self._improve(self._batch(rollout, judged, iteration), check)
        return judged.metrics() | self._diversity(rollout) | values | self._resources(rollout, watch)

    def _roll_out(self, iteration: int, watch: Stopwatch, check: Check) -> Rollout:
        config, ingredients = self._config.rollout, self._ingredients
        in_order = ingredients.schedule.prompts_of(iteration)
        group_prompts = [ingredients.prompts.train[in_order[group]] for group in self._groups]
        conditions = ingredients.store.get([prompt.text for prompt in group_prompts], self._model.device)
        latents, small, pending = [], [], []

        def take(drawn: torch.Tensor, rows: torch.Tensor) -> None:
            check()
            with watch.of("decode"):
                images = self._model.decode(drawn)
            latents.append(drawn)
            small.append(thumbnails(images))
            with watch.of("reward"):
                prompts = [group_prompts[row // config.group_size] for row in rows.tolist()]
                pending.append(ingredients.rewards.submit(images, prompts))

        denoising, steps = self._grids.rollout(iteration), self._grids.stochastic_steps(iteration)
        noise = Noise(self._config.seed, iteration, self._model.latent_shape)
        with watch.of("rollout"), self._state.drawing_weights():
            records = self._sampler.draw(denoising, steps, noise, conditions, take, check)
        with watch.of("reward"):
            scored = Scored.cat([ingredients.rewards.collect(batch, check) for batch in pending])
        return Rollout(
            denoising,
            torch.cat(latents),
            records,
            lambda rows: conditions.take(rows // config.group_size),
            scored,
            torch.cat(small),
        )

    def _judge(self, scored: Scored) -> Judged:
        weights, group_size = self._ingredients.rewards.weights, self._config.rollout.group_size
        return judge(scored, weights, self._config.advantage, group_size, self._processes)

    def _batch(self, rollout: Rollout, judged: Judged, iteration: int) -> UpdateBatch:
        first = self._groups.start * self._config.rollout.group_size
        own = slice(first, first + len(rollout.latents))
        return UpdateBatch(
            iteration,
            rollout.denoising,
            rollout.latents,
            rollout.records,
            rollout.condition_of,
            judged.advantages[own],
            judged.rewards[own],
            first_row=first,
        )

    def _improve(self, batch: UpdateBatch, check: Check) -> dict[str, float]:
        """Update the policy; stopped in the middle, the state is as before."""
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
        floor = Floor.of(self._objective.movement(batch, self._update.probe_tile(batch)))
        explanation = explain_high_floor(floor, self._config, self._model.num_latent_dims)
        is_high = self._processes.any(explanation is not None)
        if explanation:
            self._reporter.log("warning", explanation)
        return is_high

    def _measure_reference(self, batch: UpdateBatch) -> dict[str, float]:
        """How far the policy that this iteration made is from the base model, on its first images."""
        num_rows = min(-(-self._config.reference.num_logged // self._processes.count), len(batch.advantages))
        if not num_rows:
            return {}
        parts = self._processes.gather(self._objective.measure_reference(batch, torch.arange(num_rows)))
        values = {name: float(torch.cat([part[name] for part in parts]).double().mean()) for name in parts[0]}
        if "kl/reference_mean" in values:
            values["kl/reference_nats"] = values["kl/reference_mean"] * self._model.num_latent_dims
        return values

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

    def _diversity(self, rollout: Rollout) -> dict[str, float]:
        spreads = self._processes.gather(pixel_spread(rollout.small, self._config.rollout.group_size))
        return {"diversity/pixel_rms": float(torch.cat(spreads).double().mean())}

    def _resources(self, rollout: Rollout, watch: Stopwatch) -> dict[str, float]:
        num_images = self._config.rollout.groups_per_iteration * self._config.rollout.group_size
        return {
            **{f"time/{name}_seconds": seconds for name, seconds in watch.seconds.items()},
            **rollout.scored.times,
            "time/images_per_second": num_images / sum(watch.seconds.values()),
            "memory/peak_gib": max(self._processes.gather(peak_memory_gib(self._model.device))),
        }
