"""One iteration: a rollout, its rewards and advantages, and the update on it."""

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.policy.advantages import Advantages, group_advantages, weighted_sum
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import make_sigmas, select_stochastic_steps
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.suite import Scored
from flowdppo_engine.training import keyed
from flowdppo_engine.training.floor import measure_floor, warning_of
from flowdppo_engine.training.reporting import Reporter
from flowdppo_engine.training.rollout import Denoising, RecordedStep, denoise
from flowdppo_engine.training.setup import Ingredients, trust_region_of
from flowdppo_engine.training.state import Position, TrainState
from flowdppo_engine.training.stopping import Stopped
from flowdppo_engine.training.update import PolicyUpdate, UpdateBatch

Check = Callable[[], None]


class Stopwatch:
    """Seconds by name, added up."""

    def __init__(self):
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str):
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


@dataclass(frozen=True)
class Rollout:
    """The images of one iteration, as what is needed of them: `[N]` scores and the recorded steps."""

    records: tuple[RecordedStep, ...]
    condition_of: Callable[[torch.Tensor], Conditions]
    scored: Scored


class Iteration:
    """Runs iterations on `state`, which changes only where a whole one is done."""

    def __init__(self, config: RunConfig, ingredients: Ingredients, state: TrainState, reporter: Reporter):
        rollout = config.rollout
        self._config = config
        self._ingredients = ingredients
        self._model = ingredients.model
        self._state = state
        self._reporter = reporter
        self._denoising = Denoising(
            make_sigmas(rollout.schedule, rollout.num_denoising_steps, rollout.shift),
            rollout.guidance_scale,
            make_dynamics(rollout.dynamics.name, noise_level=rollout.dynamics.noise_level),
        )
        trust_region = trust_region_of(config, self._model.num_latent_dims)
        optimizer = ingredients.accelerator.prepare(state.optimizer)
        self._update = PolicyUpdate(
            config, self._model, self._denoising, trust_region, optimizer, ingredients.accelerator
        )
        self._floor_is_known = False

    def run(self, check: Check) -> dict[str, float]:
        """The next iteration's metrics by name. `check` may raise Stopped; the state is then as before."""
        watch = Stopwatch()
        iteration = self._state.position.iteration
        rollout = self._roll_out(iteration, watch, check)
        rewards = weighted_sum(rollout.scored.rewards, self._ingredients.rewards.weights)
        advantages = self._advantages(rewards)
        batch = UpdateBatch(rollout.records, rollout.condition_of, advantages.advantages.flatten())
        with watch.of("update"):
            floor = self._floor(batch, iteration)
            values = self._improve(batch, iteration, check)
        return _reward_metrics(rollout.scored, rewards, advantages) | values | floor | self._times(watch)

    def _roll_out(self, iteration: int, watch: Stopwatch, check: Check) -> Rollout:
        config = self._config.rollout
        group_prompts = [self._ingredients.prompts.train[i] for i in self._ingredients.schedule.prompts_of(iteration)]
        conditions = self._ingredients.store.get([prompt.text for prompt in group_prompts], self._model.device)

        def condition_of(rows: torch.Tensor) -> Conditions:
            return conditions.take(rows // config.group_size)

        with watch.of("rollout"):
            latents, records = denoise(
                self._model,
                self._denoising,
                self._initial_noise(iteration),
                condition_of,
                batch_size=config.batch_size,
                step_noise=self._step_noise(iteration),
                check=lambda done: check(),
            )
        prompts = [prompt for prompt in group_prompts for _ in range(config.group_size)]
        return Rollout(records, condition_of, self._score(latents, prompts, watch, check))

    def _score(self, latents: torch.Tensor, prompts: list[Prompt], watch: Stopwatch, check: Check) -> Scored:
        batch_size, parts = self._config.rollout.batch_size, []
        for start, some in zip(range(0, len(latents), batch_size), latents.split(batch_size), strict=True):
            check()
            with watch.of("rollout"):
                images = self._model.decode(some)
            with watch.of("reward"):
                parts.append(self._ingredients.rewards.measure(images, prompts[start : start + batch_size]))
        return Scored.cat(parts)

    def _initial_noise(self, iteration: int) -> torch.Tensor:
        rollout, key = self._config.rollout, (self._config.seed, "initial", iteration)
        if rollout.shared_initial_noise:
            noise = keyed.normal((rollout.groups_per_iteration, *self._model.latent_shape), *key)
            return noise.repeat_interleave(rollout.group_size, dim=0)
        return keyed.normal(self._noise_shape(), *key)

    def _step_noise(self, iteration: int) -> dict[int, torch.Tensor]:
        """The SDE noise of each stochastic step, for the whole iteration at once: no batching can change it."""
        config = self._config
        steps = select_stochastic_steps(
            config.rollout.stochastic_steps, config.rollout.num_denoising_steps, config.seed, iteration
        )
        return {step: keyed.normal(self._noise_shape(), config.seed, "step", iteration, step) for step in steps}

    def _noise_shape(self) -> tuple[int, ...]:
        rollout = self._config.rollout
        return (rollout.groups_per_iteration * rollout.group_size, *self._model.latent_shape)

    def _advantages(self, rewards: torch.Tensor) -> Advantages:
        config = self._config.advantage
        grouped = rewards.unflatten(0, (-1, self._config.rollout.group_size))
        return group_advantages(grouped, std=config.std, clip=config.clip, eps=config.eps)

    def _floor(self, batch: UpdateBatch, iteration: int) -> dict[str, float]:
        """Once a process: what a policy that has not moved looks like. Metrics in a run's first iteration only."""
        if self._floor_is_known:
            return {}
        self._floor_is_known = True
        floor = measure_floor(self._update, batch, self._config.update.tile_samples)
        warning = warning_of(floor, self._config.trust_region, self._model.num_latent_dims)
        if warning:
            self._reporter.log("warning", warning)
        return floor if iteration == 0 else {}

    def _improve(self, batch: UpdateBatch, iteration: int, check: Check) -> dict[str, float]:
        position, before = self._state.position, self._state.snapshot()
        self._update.skipped_in_a_row = position.skipped_in_a_row
        try:
            values = self._update.run(batch, iteration, check)
        except Stopped:
            self._state.restore(before)
            raise
        self._state.ema.update()
        step = position.step + self._update.num_steps
        self._state.position = Position(iteration + 1, step, self._update.skipped_in_a_row)
        return values

    def _times(self, watch: Stopwatch) -> dict[str, float]:
        per_second = self._noise_shape()[0] / sum(watch.seconds.values())
        return {f"time/{name}_seconds": seconds for name, seconds in watch.seconds.items()} | {
            "time/images_per_second": per_second
        }


def _reward_metrics(scored: Scored, rewards: torch.Tensor, advantages: Advantages) -> dict[str, float]:
    return {
        "reward/mean": float(rewards.mean()),
        "reward/std": float(rewards.std(correction=0)),
        "reward/zero_groups": float(advantages.zero_groups.double().mean()),
        **{f"reward/{name}": float(values.double().mean()) for name, values in scored.rewards.items()},
    }
