"""One iteration: a rollout, its rewards and advantages, and the update on it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.events import Sample, Samples
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.training.batch import RecordedStep, UpdateBatch
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.diversity import pixel_spread, thumbnails
from flowdppo_engine.training.grids import Grids
from flowdppo_engine.training.improvement import Improvement
from flowdppo_engine.training.judging import Judged, judge
from flowdppo_engine.training.reporting import Reporter
from flowdppo_engine.training.resources import Stopwatch, peak_memory_gib
from flowdppo_engine.training.sampler import Noise, Sampler
from flowdppo_engine.training.setup import Ingredients
from flowdppo_engine.training.shown_groups import ShownGroups, ShownRollout
from flowdppo_engine.training.state import TrainState

Check = Callable[[], None]


@dataclass(frozen=True)
class Rollout:
    """The N images of an iteration that this process drew, as what is needed of them.

    `latents` `[N, ...]` fp32, `small` their thumbnails `[N, D]`, `prompts` those of the groups.
    """

    denoising: Denoising
    latents: torch.Tensor
    records: tuple[RecordedStep, ...]
    condition_of: Callable[[torch.Tensor], Conditions]
    scored: Scored
    small: torch.Tensor
    prompts: list[Prompt]


class Iteration:
    """Runs iterations on `state`, which changes only where a whole one is done."""

    def __init__(
        self,
        config: RunConfig,
        ingredients: Ingredients,
        state: TrainState,
        reporter: Reporter,
        shown: ShownGroups | None = None,
    ):
        """`shown` are told of as samples, before the metrics of their iteration."""
        self._config = config
        self._ingredients = ingredients
        self._model = ingredients.model
        self._processes = ingredients.processes
        self._state = state
        self._reporter = reporter
        self._shown = shown
        self._groups = ingredients.processes.own_groups(config.rollout.groups_per_iteration)
        self._grids = Grids(config, ingredients.model)
        self._sampler = Sampler(ingredients.model, config.rollout, self._groups)
        self._improvement = Improvement(config, ingredients, state, reporter)

    def run(self, check: Check, waiting: Check = lambda: None) -> dict[str, float]:
        """The next iteration's metrics by name.

        `check` is called before each pass through the network, `waiting` while scores are waited for; both may raise
        Stopped, and the state is then as before.
        """
        watch, iteration = Stopwatch(), self._state.position.iteration
        shown = self._shown.of(iteration + 1) if self._shown else None
        rollout = self._roll_out(iteration, watch, check, waiting, shown)
        judged = self._judge(rollout.scored)
        batch = self._batch(rollout, judged, iteration)
        with watch.of("update"):
            # Of the policy that drew the images, which the update moves away.
            kl = self._improvement.measure_kl(batch, shown.rows, check) if shown else None
            values = self._improvement.run(batch, check)
        if shown:
            self._tell(shown.describe(rollout.prompts, rollout.scored, batch.advantages, kl))
        return judged.metrics() | self._diversity(rollout) | values | self._resources(rollout, watch)

    def _roll_out(
        self, iteration: int, watch: Stopwatch, check: Check, waiting: Check, shown: ShownRollout | None
    ) -> Rollout:
        config, ingredients = self._config.rollout, self._ingredients
        in_order = ingredients.schedule.prompts_of(iteration)
        group_prompts = [ingredients.prompts.train[in_order[group]] for group in self._groups]
        conditions = ingredients.store.get([prompt.text for prompt in group_prompts], self._model.device)
        latents, small, pending = [], [], []

        def take(drawn: torch.Tensor, rows: torch.Tensor) -> None:
            check()
            with watch.of("decode"):
                images = self._model.decode(drawn)
                if shown:
                    shown.take(images, rows)
            latents.append(drawn)
            small.append(thumbnails(images))
            with watch.of("reward"):
                prompts = [group_prompts[row // config.group_size] for row in rows.tolist()]
                pending.append(ingredients.rewards.submit(images, prompts))

        denoising, steps = self._grids.rollout(iteration), self._grids.stochastic_steps(iteration)
        noise = Noise(self._config.seed, iteration, self._model.latent_shape)
        with watch.of("rollout"), self._state.drawing_weights(), self._processes.section():
            records = self._sampler.draw(denoising, steps, noise, conditions, take, check)
        with watch.of("reward"), self._processes.section():
            scored = Scored.cat([ingredients.rewards.collect(batch, waiting) for batch in pending])
        return Rollout(
            denoising,
            torch.cat(latents),
            records,
            lambda rows: conditions.take(rows // config.group_size),
            scored,
            torch.cat(small),
            group_prompts,
        )

    def _tell(self, own: list[Sample]) -> None:
        samples = [sample for part in self._processes.gather(own) for sample in part]
        position = self._state.position
        self._reporter.emit(Samples(iteration=position.iteration, step=position.step, samples=samples))

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

    def _diversity(self, rollout: Rollout) -> dict[str, float]:
        spreads = self._processes.gather(pixel_spread(rollout.small, self._config.rollout.group_size))
        return {"diversity/pixel_rms": float(torch.cat(spreads).double().mean())}

    def _resources(self, rollout: Rollout, watch: Stopwatch) -> dict[str, float]:
        return {
            **{f"time/{name}_seconds": seconds for name, seconds in watch.seconds.items()},
            **rollout.scored.times,
            "time/images_per_second": self._config.rollout.num_images / sum(watch.seconds.values()),
            "memory/peak_gib": max(self._processes.gather(peak_memory_gib(self._model.device))),
        }
