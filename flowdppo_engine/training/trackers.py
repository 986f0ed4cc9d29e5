"""TensorBoard, W&B and Trackio, as accelerate wraps them: opened so that a run taken up goes on in the same place.

Keys and addresses come from each tracker's own login or environment, never from a run's configuration.
"""

from __future__ import annotations

import importlib.util
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.tracking import GeneralTracker, TensorBoardTracker, TrackioTracker, WandBTracker
from PIL import Image

from flowdppo_engine.config import TrackingConfig
from flowdppo_engine.errors import BadConfig

STEP, ITERATION = "step", "iteration"


@dataclass(frozen=True)
class TrackedRun:
    """A run as a tracker knows it. `id` is the same over all attempts; `folder` is where local files go."""

    project: str
    name: str
    id: str
    folder: Path
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A sample: an image, or the first frame of a video."""

    name: str
    image: Image.Image
    caption: str


class Tracker(GeneralTracker):
    """What the engine asks of a tracker. `step` counts optimizer steps; the same step may come several times."""

    @abstractmethod
    def log_values(self, values: Mapping[str, float], step: int) -> None: ...

    @abstractmethod
    def log_pictures(self, pictures: Sequence[Picture], step: int) -> None: ...

    def close(self, failed: bool) -> None:
        """Hand over what is still on its way. `failed` says that the run ended with an error."""
        self.finish()


class TensorBoard(TensorBoardTracker, Tracker):
    """Event files in `<folder>/<project>`, one for each attempt; TensorBoard shows them as one run."""

    def __init__(self, run: TrackedRun):
        super().__init__(run.project, logging_dir=run.folder)

    def log_values(self, values: Mapping[str, float], step: int) -> None:
        self.log(dict(values), step=step)

    def log_pictures(self, pictures: Sequence[Picture], step: int) -> None:
        for picture in pictures:
            tag = f"{picture.name} {picture.caption}".replace("\n", " ")
            self.log_images({tag: np.asarray(picture.image)[None]}, step=step, dataformats="NHWC")
        self.tracker.flush()


class WandB(WandBTracker, Tracker):
    """Its own step only grows, so the run's step is a value beside the others, and the axis of every chart."""

    def __init__(self, run: TrackedRun):
        super().__init__(
            run.project,
            name=run.name,
            id=run.id,
            resume="allow",
            dir=_make_attempt_folder(run.folder),
            config=run.config,
            # What runs on the console is the run's own affair, and its live bar's.
            settings={"console": "off", "disable_git": True},
        )

    def start(self) -> None:
        super().start()
        self.tracker.define_metric("*", step_metric=STEP)

    def log_values(self, values: Mapping[str, float], step: int) -> None:
        self.log({**values, STEP: step})

    def log_pictures(self, pictures: Sequence[Picture], step: int) -> None:
        import wandb

        self.log({p.name: wandb.Image(p.image, caption=p.caption) for p in pictures} | {STEP: step})

    def close(self, failed: bool) -> None:
        self.tracker.finish(exit_code=int(failed))


def _make_attempt_folder(parent: Path) -> Path:
    """W&B's files are named by the second, in which two attempts of a run may begin."""
    folder = parent / f"wandb-{len(list(parent.glob('wandb-*'))) + 1:02d}"
    folder.mkdir()
    return folder


class Trackio(TrackioTracker, Tracker):
    """Runs are known by their name alone, so the id is part of it."""

    def __init__(self, run: TrackedRun):
        super().__init__(run.project, name=f"{run.name}-{run.id}", resume="allow", config=run.config, embed=False)

    def log_values(self, values: Mapping[str, float], step: int) -> None:
        self.log(dict(values), step=step)

    def log_pictures(self, pictures: Sequence[Picture], step: int) -> None:
        import trackio

        self.log({p.name: trackio.Image(p.image, caption=p.caption) for p in pictures}, step=step)


TRACKERS: dict[str, type[Tracker]] = {"tensorboard": TensorBoard, "wandb": WandB, "trackio": Trackio}


def check_packages(config: TrackingConfig) -> None:
    """Raises BadConfig for a tracker whose package is missing; each is called as its package is."""
    missing = [name for name in config.trackers if not _is_installed(name)]
    if missing:
        raise BadConfig(
            f"tracking.trackers = {', '.join(missing)}: not installed where the run trains: "
            f"pip install {' '.join(missing)}."
        )


def _is_installed(package: str) -> bool:
    """Not so where there is only a folder of that name, such as trackers leave where they were started."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None
