"""The checkpoints of a run: written where one is due, and the last and the best of them kept."""

from pathlib import Path

from flowdppo_engine.config import CheckpointConfig
from flowdppo_engine.events import Best, Checkpoint, Evaluation, RankedCheckpoint
from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.best import BestScore
from flowdppo_engine.training.reporting import Reporter
from flowdppo_engine.training.state import TrainState


class CheckpointKeeper:
    """Writes the checkpoint of `state`'s position, and deletes those that are neither among the last nor the best.

    A checkpoint is written before it is evaluated; it is among the last until it can be among the best. Everything
    follows from the live line of events, so that a run killed between two of these acts does the rest when resumed.
    """

    def __init__(
        self,
        config: CheckpointConfig,
        folder: Path,
        state: TrainState,
        reporter: Reporter,
        best_score: BestScore | None,
    ):
        self._config = config
        self._folder = folder
        self._state = state
        self._reporter = reporter
        self._best_score = best_score

    def write(self) -> None:
        """Write and announce the checkpoint of this position; the base model needs none."""
        position, announced = self._state.position, self._reporter.history.checkpoints
        if position.iteration == 0:
            return
        path = _path(position.step)
        folder = self._folder / path
        if folder.exists() and path in announced:
            return
        if not folder.exists():
            # A run is taken up from here: what it told until here must outlast a loss of power as the checkpoint does.
            self._reporter.sync()
            checkpoints.write(folder, self._state.save)
        self._prune(self._ranked())
        self._reporter.emit(
            Checkpoint(
                iteration=position.iteration,
                step=position.step,
                path=path,
                num_bytes=checkpoints.num_bytes(folder),
                removed=self._removed(),
            )
        )

    def rank(self) -> None:
        """Tell which checkpoints are the best, once that of this position has been evaluated.

        Raises BadConfig where evaluations do not have the score that tells them.
        """
        position, history = self._state.position, self._reporter.history
        ranked = self._ranked()
        if position.iteration in history.best or all(past.iteration != position.iteration for past in ranked):
            return
        self._prune(ranked)
        self._reporter.emit(
            Best(
                iteration=position.iteration,
                step=position.step,
                prompt_set=self._best_score.prompt_set,
                score=self._best_score.name,
                checkpoints=[
                    RankedCheckpoint(
                        iteration=past.iteration,
                        step=past.step,
                        path=_path(past.step),
                        mean=self._best_score.mean(past),
                    )
                    for past in ranked[: self._config.keep_best]
                ],
                removed=self._removed(),
            )
        )

    def _ranked(self) -> list[Evaluation]:
        """The evaluations of the checkpoints that are there, best first."""
        if self._best_score is None:
            return []
        ranked = self._best_score.ranked(self._reporter.history.evaluations)
        return [evaluation for evaluation in ranked if (self._folder / _path(evaluation.step)).exists()]

    def _prune(self, ranked: list[Evaluation]) -> None:
        best = {self._folder / _path(evaluation.step) for evaluation in ranked[: self._config.keep_best]}
        checkpoints.prune(self._folder, self._config.keep_last, best)

    def _removed(self) -> list[str]:
        """Checkpoints that were announced and are gone; those of an earlier process that was killed too."""
        return sorted(path for path in self._reporter.history.checkpoints if not (self._folder / path).exists())


def _path(step: int) -> str:
    """Of a checkpoint, relative to the run folder."""
    return f"{checkpoints.CHECKPOINTS}/{checkpoints.folder_name(step)}"
