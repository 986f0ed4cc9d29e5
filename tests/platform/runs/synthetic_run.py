"""A run whose engine is the test: its events go through the worker's own way into the tables."""

import io
from collections.abc import Callable, Iterable

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from flowdppo_engine import events
from flowdppo_engine.config import RunConfig
from runs import lifecycle
from runs.ingest import Batch, store
from runs.models import Attempt, Experiment, Run

STEPS_PER_ITERATION = 2


class SyntheticRun:
    def __init__(self, experiment: Experiment, name: str = "run"):
        config = RunConfig().model_dump(mode="json")
        self.run = Run.objects.create(experiment=experiment, name=name, recipe="sandbox-smoke", config=config)
        self._offset = 0
        self._start_attempt()

    @property
    def id(self):
        return self.run.id

    def write(self, *batch: events.Event) -> None:
        store(self._lease, self._attempt, Batch(batch, self._offset, self._offset + 1))
        self._offset += 1

    def train(
        self, iterations: Iterable[int], value: Callable[[int], float] = float, key: str = "reward/mean"
    ) -> None:
        self.write(*(metrics(iteration, {key: value(iteration)}) for iteration in iterations))

    def evaluate(self, iteration: int, mean: float = 0.5, prompt_set: str = "sandbox:in_domain") -> None:
        score = events.Score(mean=mean, low=mean - 0.1, high=mean + 0.1, per_prompt=[mean])
        self.write(
            events.Evaluation(
                **_at(iteration), prompt_set=prompt_set, num_prompts=1, scores={"score": score}, difference={}
            )
        )

    def draw(self, iteration: int, num_samples: int = 1, size: int = 64) -> None:
        paths = [f"samples/step-{iteration:06d}/{index:03d}.png" for index in range(num_samples)]
        for path in paths:
            save_picture(f"{self.run.folder}/{path}", noise_picture(size))
        self._tell_of(paths, iteration)

    def draw_video(self, iteration: int, num_frames: int, size: int) -> None:
        """As a video model's samples are saved: an animated WebP. Each frame is of one colour."""
        path = f"samples/step-{iteration:06d}/000.webp"
        first, *others = (Image.new("RGB", (size, size), (40 * frame, 128, 255)) for frame in range(num_frames))
        buffer = io.BytesIO()
        first.save(buffer, "WEBP", save_all=True, append_images=others, duration=62, loop=0)
        default_storage.save(f"{self.run.folder}/{path}", ContentFile(buffer.getvalue()))
        self._tell_of([path], iteration)

    def _tell_of(self, paths: list[str], iteration: int) -> None:
        samples = [
            events.Sample(index=index, path=path, prompt="a circle", seed=index, rewards={"score": 0.5})
            for index, path in enumerate(paths)
        ]
        self.write(events.Samples(**_at(iteration), samples=samples))

    def stop_and_resume(self, iteration: int) -> None:
        """The worker goes away; the next attempt goes on from a checkpoint at this iteration."""
        lifecycle.hand_back(self._lease)
        self._start_attempt()
        self.write(events.Resumed(**_at(iteration), checkpoint=f"checkpoints/step-{iteration:06d}"))

    def finish(self) -> None:
        lifecycle.finish(self._lease)

    def _start_attempt(self) -> None:
        self._lease = lifecycle.claim(self.run.id, "test")
        self._attempt = Attempt.objects.get(id=self._lease.attempt_id)


def metrics(iteration: int, values: dict[str, float]) -> events.Metrics:
    return events.Metrics(**_at(iteration), values=values)


def noise_picture(size: int) -> Image.Image:
    """The picture that compresses worst."""
    pixels = np.random.default_rng(size).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def save_picture(path: str, picture: Image.Image) -> None:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    default_storage.delete(path)
    default_storage.save(path, ContentFile(buffer.getvalue()))


def _at(iteration: int) -> dict[str, int]:
    return {"iteration": iteration, "step": STEPS_PER_ITERATION * iteration}
