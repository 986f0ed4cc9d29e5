"""Which adapter loads which family."""

import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.sd3 import SD3Model

FAMILIES: dict[str, type[FlowModel]] = {"sd3": SD3Model}


def load_model(config: ModelConfig, device: torch.device) -> FlowModel:
    return FAMILIES[config.family].load(config, device)
