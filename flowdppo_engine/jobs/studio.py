"""Draws with the base model and with the policies of checkpoints, one after the other in one loaded model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.evaluation.drawing import draw
from flowdppo_engine.evaluation.drift import KL, draw_measured
from flowdppo_engine.evaluation.pictures import initial_noise
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.grids import Grids
from flowdppo_engine.training.joining import make_accelerator
from flowdppo_engine.training.state import EMA_FOLDER


@dataclass(frozen=True)
class Canvas:
    """Pictures `[N, ...]` as the model decodes them, and their KL to the base model in nats where it was measured."""

    pictures: torch.Tensor
    kl: list[float | None]


class Studio:
    """`encoding` is called with how many of the prompts `texts` are encoded, and how many there are."""

    def __init__(self, config: RunConfig, texts: Sequence[str], folder: Path, encoding: Callable[[int, int], None]):
        self._config = config
        self._model = load_model(config.model, make_accelerator().device)
        self._model.add_lora(config.lora, config.seed)
        self.truncated = self._model.find_truncated(texts)
        self._denoising = Grids(config, self._model).evaluation()
        with TemporaryDirectory(dir=folder, prefix=".conditions-") as conditions:
            self._store = ConditionStore.encode(self._model.encode_prompts, texts, Path(conditions), encoding)
        self._model.free_encoders()

    @contextmanager
    def policy(self, checkpoint: Path | None) -> Iterator[None]:
        """Inside, the model has the weights of a checkpoint, averaged where it keeps such; of None it is the base.

        Raises BadConfig where the checkpoint is damaged or of another model.
        """
        if checkpoint is None:
            with self._model.reference():
                yield
            return
        try:
            checkpoints.verify(checkpoint)
            averaged = checkpoint / EMA_FOLDER
            self._model.load_lora(averaged if averaged.exists() else checkpoint)
        except (checkpoints.DamagedCheckpoint, ValueError) as error:
            raise BadConfig(f"checkpoint {checkpoint.name} cannot be drawn with: {error}") from error
        yield

    def draw(self, wanted: Sequence[tuple[Prompt, int]], *, measured: bool) -> Canvas:
        """A picture of each prompt with its seed, in batches of the configuration's size."""
        size = self._config.evaluation.batch_size
        parts = [self._draw(wanted[start : start + size], measured) for start in range(0, len(wanted), size)]
        return Canvas(torch.cat([part.pictures for part in parts]), [kl for part in parts for kl in part.kl])

    def _draw(self, some: Sequence[tuple[Prompt, int]], measured: bool) -> Canvas:
        prompts = [prompt for prompt, _ in some]
        noise = torch.cat([initial_noise(self._model, seed) for _, seed in some])
        if not measured:
            return Canvas(draw(self._model, self._denoising, self._store, prompts, noise), [None] * len(some))
        conditions = self._store.get([prompt.text for prompt in prompts], self._model.device)
        latents, drift = draw_measured(self._model, self._denoising, noise, conditions)
        return Canvas(self._model.decode(latents), drift[KL].tolist())
