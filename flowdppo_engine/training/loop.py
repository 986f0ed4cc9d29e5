"""A run from where it stands to its end: iterations, and what is due between them."""

import math
import time
from pathlib import Path

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.evaluator import Evaluator
from flowdppo_engine.evaluation.pictures import draw_pictures, save_samples
from flowdppo_engine.evaluation.statistics import paired_difference
from flowdppo_engine.events import Evaluation, Finished, Metrics, Samples
from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.best import BestScore
from flowdppo_engine.training.iteration import Iteration
from flowdppo_engine.training.keeper import CheckpointKeeper
from flowdppo_engine.training.reporting import Progress, Reporter
from flowdppo_engine.training.setup import Ingredients
from flowdppo_engine.training.shown_groups import ShownGroups
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.stopping import StopFile, Stopped, StopRequest


class Loop:
    """Drives a run. All that it changes is in `state`, the run folder and the event stream."""

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        ingredients: Ingredients,
        state: TrainState,
        reporter: Reporter,
        progress: Progress,
        stop: StopRequest,
    ):
        self._config = config
        self._folder = folder
        self._ingredients = ingredients
        self._state = state
        self._reporter = reporter
        self._progress = progress
        self._stop = stop
        self._stop_file = StopFile(folder)
        self._processes = ingredients.processes
        self._evaluator = Evaluator(
            config, ingredients.model, ingredients.rewards, ingredients.store, ingredients.processes
        )
        shown = ShownGroups(config, folder, ingredients.processes)
        self._iteration = Iteration(config, ingredients, state, reporter, shown)
        best_score = BestScore.of(config, ingredients.rewards) if config.checkpoint.keep_best else None
        self._keeper = CheckpointKeeper(config.checkpoint, folder, state, reporter, best_score)

    def run(self) -> None:
        """To the last iteration, or to a stop request; both end with a checkpoint and `finished`.

        The stop file is heeded between iterations and in evaluations, where a checkpoint loses nothing.
        """
        try:
            self._run_to_the_end()
        except Stopped:
            self._write_checkpoint()
            self._finish(stopped=True)
        else:
            self._finish(stopped=False)

    def measure_base(self) -> bool:
        """What is due before the first iteration; whether the run goes on, having got no stop request meanwhile."""
        try:
            self._do_what_is_due()
        except Stopped:
            self._finish(stopped=True)
            return False
        return True

    def _run_to_the_end(self) -> None:
        self._do_what_is_due()
        while self._state.position.iteration < self._config.iterations:
            with self._processes.section():
                self._check(self._stop_file.is_there)
                self._tell_training()
            started = time.perf_counter()
            values = self._iteration.run(self._tell_training, self._stop.check)
            self._progress.time_left.add_iteration(time.perf_counter() - started)
            position = self._state.position
            self._progress.iteration = position.iteration
            self._reporter.emit(Metrics(iteration=position.iteration, step=position.step, values=self._finite(values)))
            self._do_what_is_due()

    def _finite(self, values: dict[str, float]) -> dict[str, float]:
        """Without the values that are no number, which JSON cannot hold; the log names them."""
        strange = [name for name, value in values.items() if not math.isfinite(value)]
        if strange:
            iteration = self._state.position.iteration
            self._reporter.log("warning", f"Not finite in iteration {iteration}: {', '.join(strange)}.")
        return {name: value for name, value in values.items() if name not in strange}

    def _do_what_is_due(self) -> None:
        """Checkpoint, evaluation and samples of the iteration just done, each unless it was told before.

        The checkpoint comes first: a run killed in a long evaluation takes up the evaluation, not the iterations.
        """
        if self._is_due(self._config.checkpoint.every):
            self._write_checkpoint()
        if self._is_due(self._config.evaluation.every):
            started = time.perf_counter()
            for name in self._ingredients.prompts.evaluation:
                self._evaluate(name)
            self._progress.time_left.add_evaluation(time.perf_counter() - started)
            if self._processes.is_main:
                self._keeper.rank()
        if self._is_due(self._config.samples.every):
            self._draw_samples()

    def _is_due(self, every: int) -> bool:
        iteration = self._state.position.iteration
        return iteration % every == 0 or iteration == self._config.iterations

    def _write_checkpoint(self) -> None:
        """By the main process: all hold the same state, but for moments that are shared out."""
        with self._state.gathered():
            if self._processes.is_main:
                self._keeper.write()

    def _evaluate(self, prompt_set: str) -> None:
        position, evaluations = self._state.position, self._reporter.history.evaluations
        if (position.iteration, prompt_set) in evaluations:
            return
        prompts = self._ingredients.prompts.evaluation[prompt_set]
        with self._state.evaluated_weights():
            scores = self._evaluator.score(
                prompts, lambda done: self._tell_evaluation(done, len(prompts)), self._stop.check
            )
        base = evaluations.get((0, prompt_set))
        difference = (
            {name: paired_difference(score, base.scores[name]) for name, score in scores.items()} if base else {}
        )
        self._reporter.emit(
            Evaluation(
                iteration=position.iteration,
                step=position.step,
                prompt_set=prompt_set,
                num_prompts=len(prompts),
                scores=scores,
                difference=difference,
            )
        )

    def _draw_samples(self) -> None:
        position, config = self._state.position, self._config
        if position.iteration in self._reporter.history.sample_iterations:
            return
        prompts = self._ingredients.prompts.samples[: config.samples.num_prompts]
        seeds = range(config.samples.seeds_per_prompt)
        model, store, rewards = self._ingredients.model, self._ingredients.store, self._ingredients.rewards
        total, processes = len(prompts) * len(seeds), self._processes
        with self._state.evaluated_weights(), processes.section():
            images = draw_pictures(
                *(config, model, store, prompts, seeds),
                *(lambda done: self._tell_evaluation(min(done * processes.count, total), total), processes),
            )
        name = checkpoints.folder_name(position.step)
        with processes.section():
            own = save_samples(self._folder, name, images, rewards, prompts, seeds, self._stop.check, processes)
        samples = [sample for part in processes.gather(own) for sample in part]
        self._reporter.emit(Samples(iteration=position.iteration, step=position.step, samples=samples))

    def _finish(self, stopped: bool) -> None:
        position = self._state.position
        if self._processes.is_main:
            self._stop_file.take_away()
        self._reporter.emit(Finished(iteration=position.iteration, step=position.step, stopped=stopped))

    def _tell_training(self) -> None:
        self._check(self._stop.is_set)
        self._progress.tell("train", self._state.position.iteration, self._config.iterations, "iterations")

    def _tell_evaluation(self, done: int, total: int) -> None:
        self._check(self._stop.is_set or self._stop_file.is_there)
        self._progress.tell("evaluate", done, total, "images")

    def _check(self, is_asked: bool) -> None:
        """Raises Stopped before a pass through the network; where processes pass together, in all before the same."""
        if self._processes.passes_together:
            is_asked = self._processes.any(is_asked)
        if is_asked:
            raise Stopped
