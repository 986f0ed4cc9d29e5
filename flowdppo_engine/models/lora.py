"""LoRA on a diffusers transformer: add, switch off, save, restore in place."""

from contextlib import contextmanager
from pathlib import Path

import peft
import torch
from diffusers.training_utils import cast_training_params
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file

from flowdppo_engine.config import LoraConfig
from flowdppo_engine.errors import BadConfig

WEIGHTS_FILE = "pytorch_lora_weights.safetensors"
PREFIX = "transformer."
ONLY_ONE = "default"
"""The name of a run's LoRA, as diffusers gives it."""
# The attention of a block that reads image and prompt together, each through projections of its own.
JOINT_ATTENTION = (
    "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0",
    "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out",
)  # fmt: skip


def add_lora(
    transformer: torch.nn.Module,
    config: LoraConfig,
    default_targets: tuple[str, ...],
    seed: int,
    name: str = ONLY_ONE,
) -> None:
    """Add a LoRA with fp32 weights; below fp32, Adam's small updates would be lost. Raises BadConfig.

    Layers whose names end in one of `config.target_modules` get one, or of `default_targets` where it names none.
    Of several, with names of their own, the one that was added last is at work.
    """
    names = list(config.target_modules or default_targets)
    lora = peft.LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=names, lora_dropout=0.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            transformer.add_adapter(lora, name)
        except ValueError as error:
            raise BadConfig(f"lora.target_modules = {names}: no layer of this model has such a name.") from error
    cast_training_params(transformer, dtype=torch.float32)


def trainable_parameters(transformer: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: parameter for name, parameter in transformer.named_parameters() if parameter.requires_grad}


@contextmanager
def lora_disabled(transformer: torch.nn.Module):
    """Inside, the network is the frozen one; without a LoRA it is so anyway."""
    if not getattr(transformer, "peft_config", None):
        yield
        return
    transformer.disable_adapters()
    try:
        yield
    finally:
        transformer.enable_adapters()


def save_lora(transformer: torch.nn.Module, pipeline_class: type, folder: Path) -> None:
    """The adapter's metadata goes along: without it diffusers would guess alpha = rank and scale wrongly."""
    metadata = transformer.peft_config[ONLY_ONE].to_dict()
    metadata["target_modules"] = sorted(metadata["target_modules"])
    pipeline_class.save_lora_weights(
        folder,
        transformer_lora_layers=_adapter(transformer),
        transformer_lora_adapter_metadata=metadata,
        weight_name=WEIGHTS_FILE,
    )


def _adapter(transformer: torch.nn.Module, name: str = ONLY_ONE) -> dict[str, torch.Tensor]:
    """The LoRA's weights by their names in a file, taken from those alone.

    The whole state would do; but a network that is shared out over processes gathers its weights for that.
    """
    weights = {name: parameter.detach() for name, parameter in trainable_parameters(transformer).items()}
    return get_peft_model_state_dict(transformer, state_dict=weights, adapter_name=name)


def load_lora(transformer: torch.nn.Module, folder: Path, name: str = ONLY_ONE) -> None:
    """The LoRA `name`, which must be at work, gets the weights of `folder`. Raises ValueError on foreign ones."""
    weights = {name.removeprefix(PREFIX): tensor for name, tensor in load_file(folder / WEIGHTS_FILE).items()}
    expected = {name: tensor.shape for name, tensor in _adapter(transformer, name).items()}
    found = {name: tensor.shape for name, tensor in weights.items()}
    if found != expected:
        strange = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        raise ValueError(
            f"{folder / WEIGHTS_FILE} does not fit this model and LoRA: {len(strange)} weights differ, "
            f"the first is {strange[0]} ({found.get(strange[0])} in the file, {expected.get(strange[0])} here)."
        )
    set_peft_model_state_dict(transformer, weights, adapter_name=name)
