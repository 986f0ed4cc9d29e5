"""A saved diffusers pipeline, from a folder or the hub."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound

Dtypes = torch.dtype | dict[str, torch.dtype]


def load_pipeline(
    pipeline_class: type[DiffusionPipeline],
    config: ModelConfig,
    dtypes: Dtypes,
    check_saved: Callable[[dict[str, Any], ModelConfig], None],
) -> DiffusionPipeline:
    """The pipeline at `config.source`, on the CPU.

    Args:
        dtypes: of all components, or by name of the component with `default` for the others.
        check_saved: is given what is known of the pipeline before its weights are fetched; may raise BadConfig.

    Raises:
        ModelNotFound: nothing is there, it is incomplete, or its weights are not safetensors.
        BadConfig: it is the pipeline of another family, or needs a library that is not installed.
    """
    is_local = Path(config.source).is_dir()
    where = {"revision": config.revision, "local_files_only": is_local}
    try:
        saved = pipeline_class.load_config(config.source, **where)
        _check_family(saved, pipeline_class, config)
        check_saved(saved, config)
        return pipeline_class.from_pretrained(
            config.source, dtype=dtypes, use_safetensors=True, **where, **_left_out(saved)
        )
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise BadConfig(f"model.source = {config.source!r} needs a library; install it: {reason}") from error
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"model.source = {config.source!r} could not be loaded: {error}") from error


def _check_family(saved: dict, pipeline_class: type, config: ModelConfig) -> None:
    found, expected = saved.get("_class_name"), pipeline_class.__name__
    if found != expected:
        raise BadConfig(
            f"model.family = {config.family!r} loads a {expected}, but model.source = {config.source!r} holds a "
            f"{found}: choose its family."
        )


def _left_out(saved: dict) -> dict[str, None]:
    """The components that the saved pipeline is without, such as SD3's T5; diffusers wants them named."""
    return {part: None for part, kind in saved.items() if isinstance(kind, list | tuple) and kind[0] is None}
