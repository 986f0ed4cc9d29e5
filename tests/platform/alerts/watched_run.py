"""A run whose engine is the test, with the scores and samples that rules look at."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from flowdppo_engine import events
from runs.models import Sample
from tests.platform.runs.synthetic_run import STEPS_PER_ITERATION, SyntheticRun, metrics

REWARD = "sandbox_soft_tifa"
QUALITY = "sandbox_picture_quality"
PROMPTS = np.linspace(20, 80, 32)


class WatchedRun(SyntheticRun):
    def __init__(self, experiment, name: str = "run"):
        super().__init__(experiment, name)
        self.run.config["rewards"] = [{"name": REWARD, "weight": 1.0}, {"name": QUALITY, "weight": 0.0}]
        self.run.save(update_fields=["config"])

    def measure(self, iterations: Iterable[int], **values) -> None:
        """`values` by metric ("reward/mean"), each a number or a function of the iteration."""
        self.write(
            *(
                metrics(at, {key: value(at) if callable(value) else value for key, value in values.items()})
                for at in iterations
            )
        )

    def score(self, iteration: int, prompt_set: str = "sandbox:in_domain", **scores: Sequence[float]) -> None:
        """By reward each prompt's score."""
        made = {
            name: events.Score(mean=float(np.mean(rows)), low=0.0, high=100.0, per_prompt=list(map(float, rows)))
            for name, rows in scores.items()
        }
        at = {"iteration": iteration, "step": STEPS_PER_ITERATION * iteration}
        self.write(
            events.Evaluation(**at, prompt_set=prompt_set, num_prompts=len(PROMPTS), scores=made, difference={})
        )

    def draw_scored(self, iteration: int, rewards: Mapping[str, Sequence[float]], seeds: int = 2) -> None:
        """Samples of each prompt with so many seeds; `rewards` has by prompt the training reward of each."""
        drawn = [
            events.Sample(
                index=place,
                path=f"samples/step-{iteration:06d}/{place:04d}.png",
                prompt=prompt,
                seed=seed,
                rewards={REWARD: values[seed], QUALITY: 50.0},
            )
            for place, (prompt, seed, values) in enumerate(
                (prompt, seed, values) for prompt, values in rewards.items() for seed in range(seeds)
            )
        ]
        at = {"iteration": iteration, "step": STEPS_PER_ITERATION * iteration}
        self.write(events.Samples(**at, samples=drawn))

    def hack(self, last: int = 60, quality_fall: float = 20.0) -> None:
        """Training reward rises over `last` iterations, while quality falls by so much at each evaluation."""
        for at in range(0, last + 1, 30):
            if at:
                self.measure(range(at - 29, at + 1), **{"reward/mean": lambda i: 0.4 + 0.004 * i, "reward/std": 0.3})
            self.score(at, **{REWARD: PROMPTS, QUALITY: PROMPTS - quality_fall * at / 60})


def samples_of(pairs) -> list[tuple[str, int, int, int | None]]:
    """Prompt, seed, iteration now and then of each evidence."""
    shown: list[tuple[Sample, Sample | None]] = [(pair.now, pair.then) for pair in pairs]
    return [(now.prompt, now.seed, now.iteration, then and then.iteration) for now, then in shown]
