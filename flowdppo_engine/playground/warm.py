"""The models that were used last, as many as the memory is to hold."""

import gc
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import psutil
import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.playground.easel import Easel
from flowdppo_engine.training.memory_advice import ran_out_of_memory

SHARE_OF_GPU = 0.7
SHARE_OF_MACHINE = 0.25

T = TypeVar("T")


class WarmModels:
    """`budget`: bytes of weights that may stay loaded. The model at work stays even where it alone is more."""

    def __init__(
        self,
        device: torch.device,
        budget: int,
        load: Callable[[ModelConfig, torch.device], PipelineModel] = load_model,
    ):
        self._device = device
        self._budget = budget
        self._load = load
        self._easels: OrderedDict[ModelConfig, Easel] = OrderedDict()

    def __len__(self) -> int:
        return len(self._easels)

    def use(self, config: ModelConfig, work: Callable[[Easel], T]) -> T:
        """What `work` makes with the model of `config`; tried again with no other model where memory runs out."""
        key = _what_counts(config)
        try:
            return self._work(key, work)
        except Exception as error:
            if not ran_out_of_memory(error) or set(self._easels) <= {key}:
                raise
            # The traceback holds what did not fit.
            error.__traceback__ = None
        self._keep_only(key)
        return self._work(key, work)

    def _work(self, key: ModelConfig, work: Callable[[Easel], T]) -> T:
        if key not in self._easels:
            self._easels[key] = Easel(self._load(key, self._device))
        self._easels.move_to_end(key)
        try:
            return work(self._easels[key])
        finally:
            self._make_room()

    def _make_room(self) -> None:
        sizes = {key: easel.num_bytes for key, easel in self._easels.items()}
        while len(self._easels) > 1 and sum(sizes[key] for key in self._easels) > self._budget:
            self._easels.popitem(last=False)
            self._free()

    def _keep_only(self, key: ModelConfig) -> None:
        for other in [other for other in self._easels if other != key]:
            del self._easels[other]
        self._free()

    def _free(self) -> None:
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def default_budget(device: torch.device) -> int:
    """Bytes: most of a GPU, which is lent to this process alone; a part of a machine that others work on too."""
    if device.type == "cuda":
        return int(SHARE_OF_GPU * torch.cuda.get_device_properties(device).total_memory)
    return int(SHARE_OF_MACHINE * psutil.virtual_memory().total)


def _what_counts(config: ModelConfig) -> ModelConfig:
    """Without what no picture depends on, and without compiling, which takes longer than a handful of pictures."""
    return config.model_copy(update={"compile": "none", "gradient_checkpointing": False})
