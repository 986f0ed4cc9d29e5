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
from flowdppo_engine.rewards.scored import Scored
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import keyed
from flowdppo_engine.training.grids import Grids
from flowdppo_engine.training.processes import ALONE, Processes

DRIFT_DIGITS = 8


class Evaluator:
    """Scores the model as it is: whoever wants the averaged weights applies them around the call.

    Several processes share out the prompts, and all know the scores.
    """

    def __init__(
        self,
        config: RunConfig,
        model: FlowModel,
        rewards: RewardSuite,
        store: ConditionStore,
        processes: Processes = ALONE,
    ):
        self._config = config.evaluation
        self._denoising = Grids(config, model).evaluation()
        self._model = model
        self._rewards = rewards
        self._store = store
        self._processes = processes

    def score(
        self,
        prompts: Sequence[Prompt],
        check: Callable[[int], None] = lambda done: None,
        waiting: Callable[[], None] = lambda: None,
    ) -> dict[str, Score]:
        """Every named score of one image a prompt; the noise of prompt i depends on the evaluation's seed and i.

        A score is over the prompts that it applies to, and left out where there is none; so is a reward that asks
        questions, on prompts without any (RewardSuite.applying_to). `check` is called before each
        pass with how many images are done, `waiting` while scores are waited for; both may raise to stop.
        """
        noise = keyed.normal((len(prompts), *self._model.latent_shape), self._config.seed, "evaluation")
        with self._processes.section():
            own = score_prompts(
                *(self._model, self._denoising, self._store, self._rewards.applying_to(prompts), prompts, noise),
                *(self._batches(len(prompts)), self._over_all(check, len(prompts)), waiting),
            )
        scored = Scored.cat([part for part in self._processes.gather(own) if part])
        applying = {name: values[~values.isnan()].tolist() for name, values in scored.scores.items()}
        scores = {name: make_score(values) for name, values in applying.items() if values}
        return scores | self._drift(prompts, noise, check)

    def _drift(self, prompts: Sequence[Prompt], noise: torch.Tensor, check: Callable[[int], None]) -> dict[str, Score]:
        """How far the policy is from the base model, on the first of the prompts."""
        values: dict[str, list[float]] = {}
        with self._processes.section():
            for batch in self._batches(min(self._config.num_drift_prompts, len(prompts))):
                rows = batch or range(1)
                conditions = self._store.get([prompts[row].text for row in rows], self._model.device)
                drift = measure_drift(
                    self._model, self._denoising, noise[list(rows)], conditions, lambda: check(len(prompts))
                )
                for name, tensor in drift.items():
                    values.setdefault(name, []).extend(tensor[: len(batch)].tolist())
        return {name: make_score(some, DRIFT_DIGITS) for name, some in self._joined(values).items()}

    def _joined(self, own: dict[str, list[float]]) -> dict[str, list[float]]:
        parts = self._processes.gather(own)
        names = dict.fromkeys(name for part in parts for name in part)
        return {name: [value for part in parts for value in part.get(name, [])] for name in names}

    def _batches(self, num_prompts: int) -> list[range]:
        return self._processes.own_batches(num_prompts, self._config.batch_size)

    def _over_all(self, check: Callable[[int], None], num_prompts: int) -> Callable[[int], None]:
        """`check` with an estimate of how many images all processes have done."""
        return lambda done: check(min(done * self._processes.count, num_prompts))
