"""A run folder's life: begin or take up a run, and end it with an exit code and a last event.

Of several processes each goes this way; the main one alone writes into the folder.
"""

from collections.abc import Iterable
from pathlib import Path

from flowdppo_engine import __version__, launched
from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.events import EventWriter, Finished, Resumed, Started
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.policy.divergence import Threshold
from flowdppo_engine.recipes import read_config, write_config
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import checkpoints, departure, failures
from flowdppo_engine.training.history import History
from flowdppo_engine.training.joining import join
from flowdppo_engine.training.loop import Loop
from flowdppo_engine.training.peers import Ending, Peers
from flowdppo_engine.training.processes import Processes
from flowdppo_engine.training.reporting import Listener, Progress, Reporter, TimeLeft
from flowdppo_engine.training.setup import Ingredients, prepare
from flowdppo_engine.training.state import TrainState
from flowdppo_engine.training.stopping import Stopped, StopRequest
from flowdppo_engine.training.trackers import check_packages
from flowdppo_engine.training.tracking import Tracking

CONFIG_FILE = "config.yaml"
EXIT_OK, EXIT_FAILED, EXIT_BAD_CONFIG, EXIT_STOPPED_EARLY = 0, 1, 2, 143


class Run:
    """One process's work on a run folder.

    `stop` ends the run early; without one, nothing does. `listeners` are handed each event. `model` (without a LoRA)
    and `rewards` may be given instead of loaded.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        *,
        stop: StopRequest | None = None,
        listeners: Iterable[Listener] = (),
        model: FlowModel | None = None,
        rewards: RewardSuite | None = None,
    ):
        self._config = config
        self._folder = folder
        self._stop = stop or StopRequest()
        self._listeners = tuple(listeners)
        self._given = {"model": model, "rewards": rewards}

    def go(self) -> int:
        """Train from the latest whole checkpoint, else from another run's or the base model; returns the exit code."""
        writer = self._open() if launched.is_main() else None
        history = History.read(self._folder) if writer else History()
        tracking = Tracking(self._config, self._folder, lambda message: reporter.log("warning", message))
        reporter = Reporter(writer, history, (*self._listeners, tracking), self._stop.shielded)
        peers = Peers(lambda ending: self._conclude(ending, reporter), self._explain, self._stop)
        try:
            self._train(reporter, peers)
        except Stopped:
            return peers.end(Ending(exit_code=EXIT_STOPPED_EARLY))
        except Exception as error:
            return peers.end(self._explain(error))
        finally:
            tracking.close()
            if writer:
                writer.close()
        return EXIT_OK

    def _explain(self, error: Exception) -> Ending:
        failed = failures.describe(error, self._config)
        if launched.num_processes() > 1:
            which = f"process {launched.rank()} of {launched.num_processes()} (counted from 0)"
            failed = failed.model_copy(update={"error": f"{which}: {failed.error}"})
        return Ending(exit_code=EXIT_BAD_CONFIG if isinstance(error, BadConfig) else EXIT_FAILED, failed=failed)

    def _open(self) -> EventWriter:
        checkpoints.remove_leftovers(self._folder)
        return EventWriter(self._folder)

    def _train(self, reporter: Reporter, peers: Peers) -> None:
        self._stop.interrupts = True
        if launched.is_main():
            check_packages(self._config.tracking)
        joined = join()
        processes = joined.processes
        peers.meet(processes)
        start = processes.from_main(departure.find(self._config, self._folder) if processes.is_main else None)
        reporter.history = processes.from_main(reporter.history)
        progress = Progress(reporter, TimeLeft(self._config.iterations, self._config.evaluation.every))
        ingredients = prepare(self._config, self._folder, reporter, progress, joined=joined, **self._given)
        state = TrainState(ingredients.model, self._config, processes if joined.shares_optimizer else None)
        self._stop.interrupts = False
        if reporter.history.has_started:
            self._take_up(state, reporter, processes)
        else:
            self._begin(reporter, ingredients)
        parts = (self._config, self._folder, ingredients, state, reporter, progress, self._stop)
        if start and state.position.iteration == 0:
            # What training is compared with is the base model, wherever it starts from.
            if not Loop(*parts).measure_base():
                return peers.leave()
            self._depart(start, state, ingredients, reporter)
        progress.iteration = state.position.iteration
        Loop(*parts).run()
        peers.leave()

    def _conclude(self, ending: Ending, reporter: Reporter) -> int:
        """Tell how the run ended; returns the exit code. Nothing is lost of a run stopped while it was loading."""
        self._stop.interrupts = False
        if ending.failed:
            reporter.emit(ending.failed)
            return ending.exit_code
        if not reporter.history.has_started:
            return EXIT_STOPPED_EARLY
        iteration, step = reporter.history.position
        reporter.emit(Finished(iteration=iteration, step=step, stopped=True))
        return EXIT_OK

    def _begin(self, reporter: Reporter, ingredients: Ingredients) -> None:
        num_latent_dims = ingredients.model.num_latent_dims
        reporter.emit(
            Started(
                total_iterations=self._config.iterations,
                num_latent_dims=num_latent_dims,
                num_trainable_parameters=sum(p.numel() for p in ingredients.model.trainable_parameters().values()),
                engine_version=__version__,
            )
        )
        _log_threshold(self._config, num_latent_dims, reporter)

    def _take_up(self, state: TrainState, reporter: Reporter, processes: Processes) -> None:
        """Restore the latest whole checkpoint, and delete the damaged ones, whose steps will be done again."""
        folder = processes.from_main(self._find_checkpoint(reporter) if processes.is_main else None)
        if folder:
            state.load(folder)
        position = state.position
        path = folder.relative_to(self._folder).as_posix() if folder else None
        reporter.emit(Resumed(iteration=position.iteration, step=position.step, checkpoint=path))

    def _depart(self, start: Path, state: TrainState, ingredients: Ingredients, reporter: Reporter) -> None:
        departure.restore(state, start, self._config, ingredients.model.num_latent_dims)
        position = state.position
        reporter.log("info", f"Starts from another run's checkpoint, after its iteration {position.iteration}.")
        reporter.emit(Resumed(iteration=position.iteration, step=position.step, checkpoint=checkpoints.START_FOLDER))

    def _find_checkpoint(self, reporter: Reporter) -> Path | None:
        found = checkpoints.find_latest_valid(self._folder)
        for folder, damage in found.damaged.items():
            reporter.log("warning", f"Checkpoint {folder.name} is damaged and was deleted: {damage}.")
            checkpoints.remove(folder)
        return found.folder


def train(config: RunConfig, folder: Path, start_from: Path | None = None, **options) -> int:
    """Begin a run in `folder`, which must be empty or missing. Options as for Run; returns the exit code.

    Given a checkpoint folder of another run as `start_from`, this one goes on from there. Raises BadConfig where the
    folder has something in it, or the checkpoint is damaged.
    """
    if launched.is_main():
        if folder.exists() and any(folder.iterdir()):
            raise BadConfig(f"--output {folder} is not empty: give a new folder, or take the run up with `resume`.")
        folder.mkdir(parents=True, exist_ok=True)
        write_config(config, folder / CONFIG_FILE)
        if start_from:
            departure.lay(start_from, folder)
    return Run(config, folder, **options).go()


def resume(folder: Path, **options) -> int:
    """Take up the run in `folder` after its latest whole checkpoint. Options as for Run; returns the exit code."""
    return Run(read_config(folder / CONFIG_FILE), folder, **options).go()


def _log_threshold(config: RunConfig, num_latent_dims: int, reporter: Reporter) -> None:
    """A threshold means nothing without its scale, so the log has it in all three."""
    region = config.trust_region
    bound = getattr(region, "threshold", None) or getattr(region, "target", None)
    if bound is None or getattr(region, "measured_on", "transition") != "transition":
        return
    threshold = Threshold(bound.value, bound.scale)
    reporter.log(
        "info",
        f"Trust region {region.name}: {threshold.in_mean(num_latent_dims):.3g} KL as a mean over {num_latent_dims} "
        f"latent dimensions = {threshold.in_nats(num_latent_dims):.3g} nats = total variation "
        f"{threshold.in_tv(num_latent_dims):.3g}.",
    )
