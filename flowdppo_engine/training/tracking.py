"""What a run tells its trackers: every metric, the scores of evaluations, and the samples as images.

The event stream is the truth, the trackers get a copy. What an attempt told past the point where the next one goes on
cannot be unsaid there; when it comes again it is left out, so that nothing stands there twice. A tracker that fails
gets nothing more in this attempt, and never ends the run.
"""

import math
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from flowdppo_engine.config import RunConfig
from flowdppo_engine.events import (
    EVENTS_FILE,
    Evaluation,
    Event,
    Failed,
    Metrics,
    Resumed,
    Sample,
    Samples,
    Started,
    parse_event,
)
from flowdppo_engine.training.trackers import ITERATION, TRACKERS, Picture, TrackedRun, Tracker

TRACKING_FOLDER = "tracking"
ID_FILE = "run_id"
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")

Place = tuple[str, int, str]


class Tracking:
    """A listener that hands events on to the trackers of `config`. `warn` is told of each that fails, once."""

    def __init__(self, config: RunConfig, folder: Path, warn: Callable[[str], None]):
        self._config = config
        self._folder = folder
        self._warn = warn
        self._trackers: list[Tracker] = []
        self._told_before: set[Place] = set()
        self._failed = False

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._start()
            case Resumed():
                self._told_before = read_places(self._folder)
                self._start()
            case Samples() if not event.are_fixed:
                pass
            case Metrics() | Evaluation() | Samples():
                if self._trackers and _place(event) not in self._told_before:
                    self._hand_on(event)
            case Failed():
                self._failed = True

    def close(self) -> None:
        """End the attempt at every tracker, which may wait for what is still on its way."""
        self._with_each(lambda tracker: tracker.close(self._failed))
        self._trackers = []

    def _start(self) -> None:
        if not self._config.tracking.trackers:
            return
        own = self._folder / TRACKING_FOLDER
        own.mkdir(exist_ok=True)
        run = TrackedRun(
            self._config.tracking.project,
            self._folder.resolve().name,
            _read_or_make_id(own / ID_FILE),
            own,
            self._config.model_dump(mode="json"),
        )
        self._trackers = [TRACKERS[name](run) for name in self._config.tracking.trackers]
        self._with_each(lambda tracker: tracker.start())

    def _hand_on(self, event: Metrics | Evaluation | Samples) -> None:
        match event:
            case Metrics():
                values = {**event.values, ITERATION: event.iteration}
                self._with_each(lambda tracker: tracker.log_values(values, event.step))
            case Evaluation():
                values = scores_by_name(event)
                self._with_each(lambda tracker: tracker.log_values(values, event.step))
            case Samples():
                self._with_each(lambda tracker: tracker.log_pictures(_open_all(self._folder, event), event.step))

    def _with_each(self, act: Callable[[Tracker], None]) -> None:
        for tracker in tuple(self._trackers):
            try:
                act(tracker)
            except Exception as error:
                self._trackers.remove(tracker)
                self._warn(
                    f"Tracker {tracker.name} failed and gets nothing more in this attempt; the run goes on. "
                    f"{type(error).__name__}: {without_secrets(str(error), os.environ)}"
                )


def scores_by_name(event: Evaluation) -> dict[str, float]:
    """Means as `evaluation/SET/SCORE`, differences to the base model as `evaluation_difference/SET/SCORE`."""
    prompt_set = event.prompt_set.strip("/").replace("/", ".")
    means = {f"evaluation/{prompt_set}/{name}": score.mean for name, score in event.scores.items()}
    gains = {f"evaluation_difference/{prompt_set}/{name}": gain.mean for name, gain in event.difference.items()}
    return {name: value for name, value in (means | gains).items() if math.isfinite(value)}


def read_places(run_folder: Path) -> set[Place]:
    """What the attempts so far told, as far as trackers are concerned, void or not."""
    events = map(parse_event, (run_folder / EVENTS_FILE).read_bytes().splitlines())
    told = (event for event in events if not isinstance(event, Samples) or event.are_fixed)
    return {_place(event) for event in told if isinstance(event, Metrics | Evaluation | Samples)}


def without_secrets(text: str, environment: Mapping[str, str]) -> str:
    """`text` without the values of variables that are called a key, a token or a password."""
    for name, value in environment.items():
        if SECRET.search(name) and len(value) >= 8:
            text = text.replace(value, "…")
    return text


def _place(event: Metrics | Evaluation | Samples) -> Place:
    return event.type, event.step, event.prompt_set if isinstance(event, Evaluation) else ""


def _open_all(run_folder: Path, event: Samples) -> list[Picture]:
    return [_open(run_folder, sample) for sample in event.samples]


def _open(run_folder: Path, sample: Sample) -> Picture:
    with Image.open(run_folder / sample.path) as image:
        first_frame = image.convert("RGB")
    return Picture(f"samples/{sample.index:02d}", first_frame, f"{sample.prompt} (seed {sample.seed})")


def _read_or_make_id(path: Path) -> str:
    """The run's id, the same for every attempt; made by the first."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        path.write_text(secrets.token_hex(4) + "\n", encoding="utf-8")
        return path.read_text(encoding="utf-8").strip()
