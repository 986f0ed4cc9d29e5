"""Stable Diffusion 3.5 Medium at its real size, with random weights: what a GPU is for."""

import gc
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
from torch.utils.flop_counter import FlopCounterMode

from flowdppo_engine.config import RunConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.sd3 import SD3Model
from flowdppo_engine.recipes import merge, recipe_fields
from tests.benchmarks.engine.loop import BenchedLoop, Subject
from tests.benchmarks.engine.overhead import Overhead, measure_overhead
from tests.benchmarks.engine.passes import bare_seconds
from tests.benchmarks.engine.subjects import any_brightness, write_prompts

GIB = 2**30
RECIPE = "sd3.5-flow-dppo"
# Multiplications and additions a second of bf16 matrices without sparsity, as the makers state them.
PEAK_FLOPS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "RTX 4090": 165e12}


@dataclass(frozen=True)
class Size:
    """Configurations of network and autoencoder, tokens of a prompt, and what the recipe is changed in."""

    transformer: dict[str, Any]
    autoencoder: dict[str, Any]
    num_prompt_tokens: int
    changes: dict[str, Any] = field(default_factory=dict)


MEDIUM = Size(
    transformer={
        "sample_size": 128, "patch_size": 2, "in_channels": 16, "out_channels": 16, "num_layers": 24,
        "attention_head_dim": 64, "num_attention_heads": 24, "joint_attention_dim": 4096,
        "caption_projection_dim": 1536, "pooled_projection_dim": 2048, "pos_embed_max_size": 384,
        "dual_attention_layers": tuple(range(13)), "qk_norm": "rms_norm",
    },
    autoencoder={
        "sample_size": 1024, "in_channels": 3, "out_channels": 3, "latent_channels": 16, "layers_per_block": 2,
        "block_out_channels": (128, 256, 512, 512), "norm_num_groups": 32, "scaling_factor": 1.5305,
        "shift_factor": 0.0609, "use_quant_conv": False, "use_post_quant_conv": False,
        "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    },
    num_prompt_tokens=77 + 256,
    # A group is a batch; half of it a tile, whose activations fit beside the weights in 80 GB without checkpointing.
    changes={"rollout": {"groups_per_iteration": 4}, "update": {"tile_samples": 8, "old_policy": "stored"}},
)  # fmt: skip


class RandomlyPrompted(SD3Model):
    """Without text encoders: every prompt is noise of the size of an encoded one."""

    num_prompt_tokens: int

    def encode_prompts(self, texts) -> Conditions:
        network = self.transformer.config
        shapes = {
            "embeds": (self.num_prompt_tokens, network.joint_attention_dim),
            "pooled": (network.pooled_projection_dim,),
        }
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return Conditions(
                {name: torch.randn(len(texts), *shape).to(self.device, self.dtype) for name, shape in shapes.items()}
            )

    def find_truncated(self, texts) -> list[str]:
        return []


@dataclass(frozen=True)
class RealSize:
    """An iteration at real size; `flops` of its passes, backward ones included. `peak_gib` of the GPU, 0 without."""

    name: str
    overhead: Overhead
    flops: float
    peak_gib: float

    @property
    def images_per_second(self) -> float:
        return self.overhead.num_images / self.overhead.seconds

    @property
    def flops_per_second(self) -> float:
        return self.flops / self.overhead.seconds

    @property
    def utilisation(self) -> float | None:
        """Model FLOPs utilisation (MFU) of whole iterations; None on a device whose peak is not known."""
        if not torch.cuda.is_available():
            return None
        name = torch.cuda.get_device_name()
        peak = next((peak for part, peak in PEAK_FLOPS.items() if part in name), None)
        return self.flops_per_second / peak if peak else None


def real_size_subject(size: Size, device: torch.device, folder: Path, **changes: Any) -> Subject:
    """The recipe for SD3.5-M on a model of `size`; `folder` gets the prompts."""
    prompts = str(write_prompts(folder))
    own = {
        "rewards": [{"name": "jpeg_compressibility"}],
        "prompts": {"train": prompts},
        "evaluation": {"prompt_sets": [prompts], "num_prompts": 1},
        "samples": {"num_prompts": 1},
    }
    fields = merge(merge(merge(recipe_fields(RECIPE), own), size.changes), changes)
    config = RunConfig.model_validate(fields)
    name = f"SD3.5-M, {config.model.dtype}, compile {config.model.compile}"
    return Subject(name, config, partial(_make_model, size, device), any_brightness)


def measure_compilation(size: Size, device: torch.device, folder: Path, num_iterations: int) -> list[RealSize]:
    """The same iterations without and with regional compilation, one after the other: two would share the memory."""
    measured, flops = [], 0.0
    for compilation in ("none", "regional"):
        loop = BenchedLoop(real_size_subject(size, device, folder, model={"compile": compilation}))
        # What is compiled could not be counted.
        flops = flops or count_flops(loop)
        measured.append(_measure(loop, flops, num_iterations))
        del loop
        gc.collect()
    return measured


def count_flops(loop: BenchedLoop) -> float:
    """Of the network's passes in an iteration."""
    passes = loop.run().passes
    with FlopCounterMode(display=False) as counter:
        bare_seconds(loop.model.transformer, passes, loop.clock)
    return counter.get_total_flops()


def _measure(loop: BenchedLoop, flops: float, num_iterations: int) -> RealSize:
    on_gpu = loop.model.device.type == "cuda"
    overhead = measure_overhead(loop, num_iterations)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    loop.run(keeps_passes=False)
    peak = torch.cuda.max_memory_allocated() / GIB if on_gpu else 0.0
    return RealSize(loop.subject.name, overhead, flops, peak)


def _make_model(size: Size, device: torch.device, config: RunConfig) -> SD3Model:
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(0)
        pipeline = StableDiffusion3Pipeline(
            transformer=SD3Transformer2DModel(**size.transformer).to(getattr(torch, config.model.dtype)),
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=AutoencoderKL(**size.autoencoder).to(getattr(torch, config.model.dtype)),
            **dict.fromkeys(("text_encoder", "text_encoder_2", "text_encoder_3")),
            **dict.fromkeys(("tokenizer", "tokenizer_2", "tokenizer_3")),
        )
    model = RandomlyPrompted(pipeline.to(device), config.model)
    model.num_prompt_tokens = size.num_prompt_tokens
    return model
