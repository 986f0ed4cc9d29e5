"""A training loop without a run around it: iterations, one after the other, measured."""

from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from unittest.mock import patch

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import improvement, iteration, resources
from flowdppo_engine.training.sampler import Sampler
from flowdppo_engine.training.setup import prepare
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.update import Update
from tests.benchmarks.engine.clock import Timer, clock_of
from tests.benchmarks.engine.passes import Pass, PassRecorder

PHASES = ("rollout", "decode", "reward", "update")
SILENT = SimpleNamespace(tell=lambda *args: None, log=lambda *args: None)


@dataclass(frozen=True)
class Subject:
    """What is measured: a model, the configuration of its run, and rewards where not those of the configuration."""

    name: str
    config: RunConfig
    make_model: Callable[[RunConfig], PipelineModel]
    make_rewards: Callable[[], RewardSuite] | None = None


@dataclass(frozen=True)
class Ways:
    """How a loop goes about its work where the configuration has no say."""

    shares_prefix: bool = True
    skips_blocked_tiles: bool = True
    encodes_once: bool = True


@dataclass(frozen=True)
class Measured:
    """One iteration: seconds of all and of each phase, the passes that it made (where kept), and its metrics."""

    seconds: float
    phases: dict[str, float]
    passes: list[Pass]
    metrics: dict[str, float]


class EncodesEachTime:
    """In a condition store's place: encodes the prompts whenever they are asked for."""

    def __init__(self, model: PipelineModel):
        self._model = model

    def get(self, texts: list[str], device: torch.device) -> Conditions:
        return self._model.encode_prompts(texts).to(device)


class BenchedLoop:
    """The iterations of a run of `subject`, from its first."""

    def __init__(self, subject: Subject, ways: Ways = Ways()):
        config = subject.config
        self.subject = subject
        self.model = subject.make_model(config)
        self.clock = clock_of(self.model.device)
        with TemporaryDirectory() as folder:
            rewards = subject.make_rewards() if subject.make_rewards else None
            ingredients = prepare(config, Path(folder), SILENT, SILENT, self.model, rewards)
        if not ways.encodes_once:
            ingredients = replace(ingredients, store=EncodesEachTime(subject.make_model(config)))
        with ExitStack() as stack:
            for module, part, options in (
                (iteration, Sampler, {"share_prefix": ways.shares_prefix}),
                (improvement, Update, {"skips_blocked_tiles": ways.skips_blocked_tiles}),
            ):
                stack.enter_context(patch.object(module, part.__name__, partial(part, **options)))
            state = TrainState(self.model, config)
            self._ingredients = ingredients
            self._iteration = iteration.Iteration(config, ingredients, state, SILENT)

    def conditions(self, num_rows: int) -> Conditions:
        """Those of one prompt, `num_rows` times."""
        prompt = self._ingredients.prompts.train[self._ingredients.schedule.prompts_of(0)[0]]
        return self._ingredients.store.get([prompt.text] * num_rows, self.model.device)

    def run(self, keeps_passes: bool = True) -> Measured:
        """The next iteration; what passes are kept takes memory."""
        timer, recorder = Timer(self.clock), PassRecorder(self.model.transformer)
        # The loop's own stopwatch goes by the same clock as everything else here.
        own_clock = patch.object(resources, "time", SimpleNamespace(perf_counter=self.clock))
        with own_clock, recorder if keeps_passes else nullcontext(), timer:
            metrics = self._iteration.run(lambda: None)
        phases = {name: metrics[f"time/{name}_seconds"] for name in PHASES}
        return Measured(timer.seconds, phases, recorder.passes, metrics)
