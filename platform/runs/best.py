"""The best of an experiment so far: a checkpoint, its score, and its pictures beside the base model's."""

from dataclasses import dataclass

from django.db.models import Max

from runs.evaluated import Measured, Score, best_runs, read_measured
from runs.media import fixed_samples
from runs.models import Checkpoint, Experiment, Run, Sample
from runs.selectors import visible_checkpoints
from teams.models import User

NUM_PICTURES = 4
MOST_LOOKED_AT = 100


@dataclass(frozen=True)
class Pair:
    """The same prompt and noise, drawn by the base model and by the best checkpoint."""

    before: Sample
    after: Sample


@dataclass(frozen=True)
class Best:
    """`base` is the base model's score, `checkpoint` its files where they are still there."""

    measured: Measured
    base: Measured | None
    checkpoint: Checkpoint | None
    pairs: list[Pair]
    drawn_at: int | None

    @property
    def gain(self) -> float | None:
        return self.measured.mean - self.base.mean if self.base else None


def best_so_far(user: User, experiment: Experiment, score: Score | None) -> Best | None:
    """None while no trained checkpoint was scored."""
    run = best_runs(user, experiment, score).first() if score else None
    if run is None:
        return None
    measured = read_measured(user, [run], score)
    trained = [one for one in measured if one.iteration > 0]
    if not trained:
        return None
    best = max(trained, key=lambda one: one.mean)
    base = next((one for one in measured if one.iteration == 0), None)
    checkpoint = visible_checkpoints(user).filter(run=run, iteration=best.iteration, removed=False).first()
    drawn_at = fixed_samples(user).filter(run=run, iteration__range=(1, best.iteration)).aggregate(at=Max("iteration"))
    return Best(best, base, checkpoint, _pairs(user, run, drawn_at["at"]), drawn_at["at"])


def _pairs(user: User, run: Run, iteration: int | None) -> list[Pair]:
    """Of different prompts, as far as there are."""
    if iteration is None:
        return []
    samples = list(fixed_samples(user).filter(run=run, iteration__in=(0, iteration), index__lt=MOST_LOOKED_AT))
    by_place = {(sample.iteration, sample.index): sample for sample in samples}
    after = {sample.prompt: sample for sample in reversed(samples) if sample.iteration == iteration}
    chosen = sorted(after.values(), key=lambda sample: sample.index)
    pairs = [Pair(by_place[0, sample.index], sample) for sample in chosen if (0, sample.index) in by_place]
    return pairs[:NUM_PICTURES]
