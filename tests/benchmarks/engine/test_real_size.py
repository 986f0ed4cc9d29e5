"""The benchmark of SD3.5-M on the CPU, with a network that fits there."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from diffusers import SD3Transformer2DModel

from flowdppo_engine.recipes import merge
from tests.benchmarks.engine.comparisons import COMPARISONS, measure_gain
from tests.benchmarks.engine.loop import BenchedLoop
from tests.benchmarks.engine.real_size import MEDIUM, Size, count_flops, measure_compilation, real_size_subject

CPU = torch.device("cpu")
SMALL = Size(
    transformer={
        **MEDIUM.transformer, "num_layers": 1, "num_attention_heads": 2, "attention_head_dim": 8,
        "caption_projection_dim": 16, "joint_attention_dim": 16, "pooled_projection_dim": 16, "sample_size": 8,
        "pos_embed_max_size": 8, "dual_attention_layers": (0,),
    },
    autoencoder={**MEDIUM.autoencoder, "block_out_channels": (4, 4, 4, 4), "norm_num_groups": 1, "sample_size": 32},
    num_prompt_tokens=5,
    changes={
        "model": {"resolution": 32, "dtype": "float32"},
        "rollout": {"group_size": 4, "groups_per_iteration": 1},
        "update": {"tile_samples": 4, "old_policy": "stored"},
        "lora": {"rank": 2},
        "reference": {"num_logged": 0},
    },
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_machine_code(monkeypatch):
    """Blocks are captured as for any backend; the one that writes machine code takes minutes."""
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))


def test_the_same_iterations_are_measured_with_and_without_compilation(tmp_path):
    plain, compiled = measure_compilation(SMALL, CPU, tmp_path, num_iterations=1)
    assert plain.name.endswith("compile none") and compiled.name.endswith("compile regional")
    assert plain.overhead.counts == compiled.overhead.counts
    # Ten denoising steps, three of them trained.
    assert (plain.overhead.counts.forwards, plain.overhead.counts.trained) == (4 * 10, 4 * 3)
    assert plain.flops == compiled.flops > 0
    assert plain.images_per_second == pytest.approx(4 / sum(plain.overhead.phases.values()))
    assert plain.utilisation is None and plain.peak_gib == 0


def test_flops_are_those_of_the_images_passes(tmp_path):
    """Twice the images, twice the FLOPs."""
    twice = replace(SMALL, changes=merge(SMALL.changes, {"rollout": {"groups_per_iteration": 2}}))
    flops = [count_flops(BenchedLoop(real_size_subject(size, CPU, tmp_path))) for size in (SMALL, twice)]
    assert flops[1] == pytest.approx(2 * flops[0], rel=0.05)


def test_savings_are_compared_at_this_size(tmp_path):
    comparison = next(one for one in COMPARISONS if one.measures_memory)
    gain = measure_gain(real_size_subject(SMALL, CPU, tmp_path), comparison, num_iterations=1)
    assert gain.counts[1].backwards == 2 * gain.counts[0].backwards
    assert gain.activations > 1.5


def test_what_a_gpu_measures_is_the_recipe_at_the_real_dimensions(tmp_path):
    config = real_size_subject(MEDIUM, CPU, tmp_path).config
    assert (config.model.dtype, config.model.image_size, config.lora.rank) == ("bfloat16", (512, 512), 32)
    assert config.rollout.group_size == 16
    with torch.device("meta"):
        network = SD3Transformer2DModel(**MEDIUM.transformer)
    # The released network has 2.2 thousand million weights without its table of positions.
    weights = sum(parameter.numel() for parameter in network.parameters())
    assert 2.1e9 < weights < 2.6e9
