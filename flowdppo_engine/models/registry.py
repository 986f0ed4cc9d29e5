"""Which adapter loads which family."""

from pkgutil import resolve_name

import diffusers
import torch
import transformers

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.base import FlowModel

# By name: a family's pipeline and text encoders are imported only where they are used.
FAMILIES = {
    "sd3": "sd3:SD3Model",
    "flux1": "flux1:Flux1Model",
    "flux2": "flux2:Flux2Model",
    "flux2_klein": "flux2:Flux2KleinModel",
    "qwen_image": "qwen_image:QwenImageModel",
    "z_image": "z_image:ZImageModel",
    "wan": "wan:WanModel",
}


def family_class(family: str) -> type[FlowModel]:
    return resolve_name(f"flowdppo_engine.models.{FAMILIES[family]}")


def load_model(config: ModelConfig, device: torch.device) -> FlowModel:
    """The frozen model of `config` on `device`. Raises ModelNotFound and BadConfig."""
    silence_libraries()
    return family_class(config.family).load(config, device)


def silence_libraries() -> None:
    """A run tells its progress in events; the libraries' own bars and advice would tear the console apart."""
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
