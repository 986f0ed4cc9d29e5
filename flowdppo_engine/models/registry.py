"""Which adapter loads which family."""

import diffusers
import torch
import transformers

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.sd3 import SD3Model

FAMILIES: dict[str, type[FlowModel]] = {"sd3": SD3Model}


def load_model(config: ModelConfig, device: torch.device) -> FlowModel:
    """The frozen model of `config` on `device`. Raises ModelNotFound and BadConfig."""
    silence_libraries()
    return FAMILIES[config.family].load(config, device)


def silence_libraries() -> None:
    """A run tells its progress in events; the libraries' own bars and advice would tear the console apart."""
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
