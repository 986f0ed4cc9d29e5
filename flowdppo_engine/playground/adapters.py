"""Several LoRAs on one network, of which one is at work, or none."""

import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from flowdppo_engine.config import LoraConfig
from flowdppo_engine.models import lora
from flowdppo_engine.models.pipeline_model import PipelineModel
from flowdppo_engine.playground.messages import Adapter
from flowdppo_engine.training.state import EMA_FOLDER

MAX_ADAPTERS = 16


class Adapters:
    """Of one model; the `most` that were used last stay loaded."""

    def __init__(self, model: PipelineModel, most: int = MAX_ADAPTERS):
        self._model = model
        self._most = most
        self._names: OrderedDict[str, str] = OrderedDict()
        self._num_loaded = 0

    def __len__(self) -> int:
        return len(self._names)

    def use(self, config: LoraConfig, adapter: Adapter | None) -> None:
        """Have the network be the policy with this LoRA, or the base model.

        Raises BadConfig, OSError or ValueError where the LoRA cannot be loaded; the network is of use all the same.
        """
        network = self._model.transformer
        if adapter is None:
            if self._names:
                network.disable_adapters()
            return
        if adapter.key not in self._names:
            self._load(config, adapter)
        self._names.move_to_end(adapter.key)
        network.set_adapter(self._names[adapter.key])
        network.enable_adapters()

    def _load(self, config: LoraConfig, adapter: Adapter) -> None:
        with _several_are_meant():
            self._make_room()
            self._add(config, adapter)

    def _make_room(self) -> None:
        while len(self._names) >= self._most:
            _, name = self._names.popitem(last=False)
            self._model.transformer.delete_adapters(name)

    def _add(self, config: LoraConfig, adapter: Adapter) -> None:
        # Keys are anybody's texts; a network's parts have names without dots.
        name = f"lora{self._num_loaded}"
        self._num_loaded += 1
        network, targets = self._model.transformer, self._model.default_lora_targets
        averaged = adapter.folder / EMA_FOLDER
        try:
            lora.add_lora(network, config, targets, seed=0, name=name)
            lora.load_lora(network, averaged if averaged.exists() else adapter.folder, name=name)
        except Exception:
            if name in getattr(network, "peft_config", {}):
                network.delete_adapters(name)
            raise
        self._names[adapter.key] = name


@contextmanager
def _several_are_meant() -> Iterator[None]:
    """Without peft's warnings that there are several, and that another one is at work now."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(multiple adapters|which is now deleted)", category=UserWarning)
        yield
