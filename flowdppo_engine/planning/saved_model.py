"""A saved pipeline in the diffusers format, read for its sizes alone: headers of weights and configurations."""

import json
import math
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from flowdppo_engine.config import ModelConfig

SANDBOX_BASE_MODEL = Path(__file__).parents[1] / "sandbox" / "base_model"
LENGTH_OF_HEADER = 8


@dataclass(frozen=True)
class SavedModel:
    """A folder with a `model_index.json`."""

    folder: Path

    @cached_property
    def components(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """The weights' shapes by name, of each component that has weights."""
        found = {path.name: _shapes(path) for path in sorted(self.folder.iterdir()) if path.is_dir()}
        return {name: shapes for name, shapes in found.items() if shapes}

    def num_parameters(self, component: str) -> int:
        return sum(map(math.prod, self.components[component].values()))

    def config(self, component: str) -> dict:
        return json.loads((self.folder / component / "config.json").read_text(encoding="utf-8"))


def find_saved_model(config: ModelConfig) -> SavedModel | None:
    """The model that the configuration names, where this machine has all of it: its folder, or the hub's cache."""
    if config.source == "sandbox":
        return SavedModel(SANDBOX_BASE_MODEL)
    folder = Path(config.source) if Path(config.source).is_dir() else _cached(config)
    if folder is None or not (folder / "model_index.json").is_file():
        return None
    model = SavedModel(folder)
    return model if {"transformer", "vae"} <= set(model.components) else None


def _cached(config: ModelConfig) -> Path | None:
    try:
        index = try_to_load_from_cache(config.source, "model_index.json", revision=config.revision)
    except ValueError:  # No hub id: a folder that is not there.
        return None
    return Path(index).parent if isinstance(index, str) else None


def _shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Of the full-precision files where there are also others (`model.fp16.safetensors`)."""
    files = [path for path in folder.glob("*.safetensors") if path.name.count(".") == 1]
    shapes = {}
    for path in files:
        shapes |= {name: tuple(entry["shape"]) for name, entry in _header(path).items() if name != "__metadata__"}
    return shapes


def _header(path: Path) -> dict:
    """A safetensors file begins with the length of its JSON header, 8 bytes, little-endian."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(LENGTH_OF_HEADER))
        return json.loads(file.read(length))
