"""Published networks from the hub or a folder: safetensors only, and never with a weight missing."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from huggingface_hub import hf_hub_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PretrainedConfig, PreTrainedModel

from flowdppo_engine.config.reward_options import RewardModelOptions
from flowdppo_engine.errors import BadConfig, ModelNotFound

Network = TypeVar("Network", bound=PreTrainedModel)
Part = TypeVar("Part")

WEIGHTS = "model.safetensors"
OPTIONS = {"use_safetensors": True, "output_loading_info": True}
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl")
REMEDY = (
    "Pickled weights can run any code and are never read: convert them once, where nothing is at stake, with "
    "safetensors.torch.save_file(torch.load(file, weights_only=True), 'model.safetensors'), of a checkpoint its "
    "'state_dict'."
)


def load_network(network: type[Network], config: RewardModelOptions, field: str = "source") -> Network:
    """The frozen network that `field` names, in `config.dtype`, on the CPU.

    Raises:
        ModelNotFound: nothing is there, it has no safetensors, or they are those of another network.
    """
    return _loaded(
        lambda source, **where: network.from_pretrained(source, **OPTIONS, dtype=config.dtype, **where), config, field
    )


def build_network(
    network: type[Network], shape: PretrainedConfig, weights: dict[str, torch.Tensor], config: RewardModelOptions
) -> Network:
    """The frozen network of that shape with these weights of `config.source`, as `load_network`."""
    given = {"config": shape, "state_dict": weights}
    return _loaded(
        lambda *_, **__: network.from_pretrained(None, **OPTIONS, dtype=config.dtype, **given), config, "source"
    )


def _loaded(load: Callable[..., tuple[Network, dict]], config: RewardModelOptions, field: str) -> Network:
    """transformers would draw weights that are missing at random, and the scores with them."""
    network, report = load_part(load, config, field)
    if missing := sorted(report["missing_keys"]):
        raise ModelNotFound(
            f"{_told(config, field)} is no {type(network).__name__}: it lacks {len(missing)} weights, such as "
            f"{missing[0]}."
        )
    return network.requires_grad_(False).eval()


def load_part(load: Callable[..., Part], config: RewardModelOptions, field: str) -> Part:
    """What `load(source, revision=…, local_files_only=…)` gives for the source in `field`. Raises ModelNotFound."""
    source = config.sources[field]
    _refuse_pickle(source, config, field)
    try:
        return load(source, **_where(source, config, field))
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelNotFound(f"{_told(config, field)} could not be loaded: {error}") from error


def load_weights(config: RewardModelOptions) -> dict[str, torch.Tensor]:
    """The tensors of `model.safetensors` at `config.source`, by name. Raises ModelNotFound."""
    try:
        return load_file(load_part(_weights_file, config, "source"))
    except SafetensorError as error:
        raise ModelNotFound(f"{_told(config, 'source')}: its {WEIGHTS} is damaged: {error}") from error


def _weights_file(source: str, **where) -> Path:
    if not where.pop("local_files_only"):
        return Path(hf_hub_download(source, WEIGHTS, **where))
    path = Path(source) / WEIGHTS
    if path.is_file():
        return path
    pickled = sorted(file.name for file in Path(source).iterdir() if file.suffix in PICKLES)
    raise FileNotFoundError(f"the folder has no {WEIGHTS}" + (f", only {pickled[0]}. {REMEDY}" if pickled else "."))


def _refuse_pickle(source: str, config: RewardModelOptions, field: str) -> None:
    if source.endswith(PICKLES):
        raise BadConfig(f"{_told(config, field)} is pickled; give a hub id or a folder with safetensors. {REMEDY}")


def _where(source: str, config: RewardModelOptions, field: str) -> dict:
    """The revision belongs to the network; a second source is read at its newest."""
    return {
        "revision": config.revision if field == "source" else None,
        "local_files_only": Path(source).is_dir(),
    }


def _told(config: RewardModelOptions, field: str) -> str:
    return f"rewards.{config.logged_as}.{field} = {config.sources[field]!r}"
