"""The evaluation of one policy: fixed prompts, fixed seeds, ODE."""

from collections.abc import Callable, Sequence

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.drawing import score_prompts
from flowdppo_engine.evaluation.drift import measure_drift
from flowdppo_engine.evaluation.statistics import make_score
from flowdppo_engine.events import Score
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import keyed
from flowdppo_engine.training.grids import Grids

DRIFT_DIGITS = 8


class Evaluator:
    """Scores the model as it is: whoever wants the averaged weights applies them around the call."""

    def __init__(self, config: RunConfig, model: FlowModel, rewards: RewardSuite, store: ConditionStore):
        self._config = config.evaluation
        self._denoising = Grids(config, model).evaluation()
        self._model = model
        self._rewards = rewards
        self._store = store

    def score(self, prompts: Sequence[Prompt], check: Callable[[int], None] = lambda done: None) -> dict[str, Score]:
        """Every named score of one image a prompt; the noise of prompt i depends on the evaluation's seed and i.

        A score is over the prompts that it applies to, and left out where there is none.
        """
        noise = keyed.normal((len(prompts), *self._model.latent_shape), self._config.seed, "evaluation")
        scored = score_prompts(
            *(self._model, self._denoising, self._store, self._rewards),
            *(prompts, noise, self._config.batch_size, check),
        )
        applying = {name: values[~values.isnan()].tolist() for name, values in scored.scores.items()}
        scores = {name: make_score(values) for name, values in applying.items() if values}
        return scores | self._drift(prompts, noise, check)

    def _drift(self, prompts: Sequence[Prompt], noise: torch.Tensor, check: Callable[[int], None]) -> dict[str, Score]:
        """How far the policy is from the base model, on the first of the prompts."""
        values: dict[str, list[float]] = {}
        num_prompts = min(self._config.num_drift_prompts, len(prompts))
        for start in range(0, num_prompts, self._config.batch_size):
            rows = slice(start, min(start + self._config.batch_size, num_prompts))
            conditions = self._store.get([prompt.text for prompt in prompts[rows]], self._model.device)
            drift = measure_drift(self._model, self._denoising, noise[rows], conditions, lambda: check(len(prompts)))
            for name, tensor in drift.items():
                values.setdefault(name, []).extend(tensor.tolist())
        return {name: make_score(some, DRIFT_DIGITS) for name, some in values.items()}
