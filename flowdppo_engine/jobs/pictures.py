"""The pictures that a job scores: drawn by the base model, or brought along."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps

from flowdppo_engine.config import RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.evaluation.drawing import draw
from flowdppo_engine.evaluation.pictures import initial_noise
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.prompt_checks import named_prompt_sets
from flowdppo_engine.prompts import Prompt, load_prompts
from flowdppo_engine.training.grids import Grids
from flowdppo_engine.training.joining import make_accelerator
from flowdppo_engine.training.reporting import Progress


@dataclass(frozen=True)
class Wanted:
    """One picture to score: `seed` is of its noise where it is drawn, `file` names it where it was brought."""

    index: int
    prompt: Prompt
    seed: int = 0
    file: str = ""


class Pictures(Protocol):
    def get(self, some: Sequence[Wanted]) -> torch.Tensor:
        """`[B, 3, H, W]`, or of a video model `[B, F, 3, H, W]`; fp32 in 0..1 on the CPU."""


class DrawnPictures:
    """Drawn by the base model as an evaluation of the run draws them."""

    def __init__(self, config: RunConfig, texts: Sequence[str], folder: Path, progress: Progress):
        self._model = load_model(config.model, make_accelerator().device)
        self._denoising = Grids(config, self._model).evaluation()
        with TemporaryDirectory(dir=folder, prefix=".conditions-") as conditions:
            self._store = ConditionStore.encode(
                self._model.encode_prompts,
                texts,
                Path(conditions),
                lambda done, total: progress.tell("encode", done, total, "prompts"),
            )
        self._model.free_encoders()

    def get(self, some: Sequence[Wanted]) -> torch.Tensor:
        noise = torch.cat([initial_noise(self._model, one.seed) for one in some])
        return draw(self._model, self._denoising, self._store, [one.prompt for one in some], noise)


class GivenPictures:
    """Brought along, and cut and scaled to the size that the model draws: so the rewards of a run would see them."""

    def __init__(self, folder: Path, image_size: tuple[int, int]):
        self._folder = folder
        self._height, self._width = image_size

    def get(self, some: Sequence[Wanted]) -> torch.Tensor:
        return torch.stack([self._read(self._folder / one.file) for one in some])

    def _read(self, path: Path) -> torch.Tensor:
        with Image.open(path) as image:
            fitted = ImageOps.fit(image.convert("RGB"), (self._width, self._height), Image.Resampling.LANCZOS)
        return torch.from_numpy(np.array(fitted)).permute(2, 0, 1).float() / 255


def known_prompts(config: RunConfig) -> dict[str, Prompt]:
    """Every prompt of the configuration's sets, by its text. Raises BadConfig where a set cannot be read."""
    known: dict[str, Prompt] = {}
    for field, source in reversed(named_prompt_sets(config)):
        try:
            known |= {prompt.text: prompt for prompt in load_prompts(source)}
        except ValueError as error:
            raise BadConfig(f"{field}: {error}") from error
    return known
