"""Which checkpoints are the best, by the evaluations that a run has told."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.events import Evaluation
from flowdppo_engine.rewards.suite import RewardSuite


@dataclass(frozen=True)
class BestScore:
    """The score that tells the best: `name` on `prompt_set`."""

    name: str
    prompt_set: str
    higher_is_better: bool

    @classmethod
    def of(cls, config: RunConfig, rewards: RewardSuite) -> "BestScore":
        """`checkpoint.best_score` on the first prompt set, or the score of the first reward that has a weight."""
        weighted = (name for name, weight in rewards.weights.items() if weight)
        name = config.checkpoint.best_score or next(weighted, next(iter(rewards.weights)))
        return cls(name, config.evaluation.prompt_sets[0], _is_better_high(name, rewards))

    def ranked(self, evaluations: Mapping[tuple[int, str], Evaluation]) -> list[Evaluation]:
        """The evaluations on the prompt set, best first, of equals the earlier first; those without a number are out.

        Raises BadConfig where an evaluation does not have the score.
        """
        own = [evaluation for (_, prompt_set), evaluation in evaluations.items() if prompt_set == self.prompt_set]
        for evaluation in own:
            if self.name not in evaluation.scores:
                raise BadConfig(
                    f"checkpoint.best_score = {self.name!r} is no score of this run: give one of "
                    f"{', '.join(evaluation.scores)}."
                )
        numbers = [evaluation for evaluation in own if math.isfinite(self.mean(evaluation))]
        sign = -1 if self.higher_is_better else 1
        return sorted(numbers, key=lambda evaluation: (sign * self.mean(evaluation), evaluation.iteration))

    def mean(self, evaluation: Evaluation) -> float:
        return evaluation.scores[self.name].mean


def _is_better_high(score: str, rewards: RewardSuite) -> bool:
    """The direction that training moves the score's reward in: a negative weight turns it around."""
    owners = [name for name in rewards.weights if score == name or score.startswith(f"{name}_")]
    if not owners:
        return True
    owner = max(owners, key=len)
    return rewards.higher_is_better[owner] != (rewards.weights[owner] < 0)
