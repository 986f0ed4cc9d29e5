"""A run's evaluations as a table: before and after training, by prompt set and reward."""

from collections.abc import Iterable
from dataclasses import dataclass

from runs.models import Evaluation

DRIFT = "drift/"


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class ScoreRow:
    """One reward on one prompt set. `after` and `difference` are None until a trained checkpoint was scored."""

    prompt_set: str
    reward: str
    num_prompts: int
    iteration: int
    before: Estimate | None
    after: Estimate | None
    difference: Estimate | None

    @property
    def is_drift(self) -> bool:
        """Whether it tells how far the policy has moved, which is neither good nor bad."""
        return self.reward.startswith(DRIFT)


def score_rows(evaluations: Iterable[Evaluation]) -> list[ScoreRow]:
    """Base model against the newest checkpoint that was scored. `evaluations` in the order of their iterations."""
    by_set: dict[str, list[Evaluation]] = {}
    for evaluation in evaluations:
        by_set.setdefault(evaluation.prompt_set, []).append(evaluation)
    return [row for found in by_set.values() for row in _rows_of_set(found)]


def _rows_of_set(evaluations: list[Evaluation]) -> Iterable[ScoreRow]:
    base = next((one for one in evaluations if one.iteration == 0), None)
    newest = evaluations[-1]
    trained = newest if newest.iteration > 0 else None
    for reward in sorted(newest.scores, key=lambda name: name.startswith(DRIFT)):
        yield ScoreRow(
            prompt_set=newest.prompt_set,
            reward=reward,
            num_prompts=len(newest.scores[reward]["per_prompt"]) or newest.num_prompts,
            iteration=newest.iteration,
            before=_estimate(base and base.scores.get(reward)),
            after=_estimate(trained and trained.scores.get(reward)),
            difference=_estimate(trained and trained.difference.get(reward)),
        )


def _estimate(values: dict | None) -> Estimate | None:
    return Estimate(values["mean"], values["low"], values["high"]) if values else None
