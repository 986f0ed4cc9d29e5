"""Bytes, counted by hand on the sandbox's base model."""

import pytest
from safetensors.numpy import load_file

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.memory import MemoryPlan, When
from flowdppo_engine.planning.saved_model import SANDBOX_BASE_MODEL
from flowdppo_engine.recipes import merge

FIELDS = {
    "lora": {"rank": 4},
    "rollout": {
        "group_size": 4,
        "groups_per_iteration": 6,
        "stochastic_steps": {"name": "random_k_of_range", "k": 2},
    },
    "update": {"tile_samples": 8},
}
# The joint attention of five layers of width 80: query, key, value and output of the image, and of the text, whose
# output the last layer does not have. A LoRA of rank 4 on a layer of 80 by 80 has 4 x 160 parameters.
LORA_BYTES = 4 * (5 * 8 - 1) * 4 * (80 + 80)
LATENT = 4 * 8 * 8
PROMPT_TOKENS = 14 + 1  # of the sandbox's own text encoders, and the place of the T5 that it does not have


def plan_of(changes=None, **arguments) -> MemoryPlan:
    return MemoryPlan(RunConfig.model_validate(merge(FIELDS, changes or {})), **arguments)


def sizes_of(plan: MemoryPlan) -> dict[str, int | None]:
    return {item.name: item.num_bytes for item in plan.items}


def test_lora_and_optimizer():
    sizes = sizes_of(plan_of())
    assert sizes["LoRA and its gradient"] == sizes["AdamW's two moments"] == 2 * LORA_BYTES
    assert sizes["averaged LoRA weights"] == LORA_BYTES
    assert sizes["LoRA as it was before the update"] == 4 * LORA_BYTES  # weights, moments, average
    assert sizes_of(plan_of({"ema": {"decay": 0}}))["averaged LoRA weights"] == 0


def test_weights_are_there_in_their_own_precision():
    single, half = sizes_of(plan_of()), sizes_of(plan_of({"model": {"dtype": "bfloat16"}}))
    assert single["transformer"] == 2 * half["transformer"]
    weights = load_file(SANDBOX_BASE_MODEL / "transformer" / "diffusion_pytorch_model.safetensors")
    assert single["transformer"] == sum(array.nbytes for array in weights.values())
    assert single["text_encoder"] == 2 * half["text_encoder"]


def test_a_stored_rollout_has_two_samples_and_a_velocity_a_trained_step():
    images = 24
    assert sizes_of(plan_of())["stored rollout"] == images * LATENT * (2 * (4 + 4 + 4) + 4)
    half = sizes_of(plan_of({"model": {"dtype": "bfloat16"}}))
    assert half["stored rollout"] == images * LATENT * (2 * (4 + 4 + 2) + 4)


def test_processes_share_the_rollout_by_whole_groups():
    alone = sizes_of(plan_of())["stored rollout"]
    assert sizes_of(plan_of(num_processes=2))["stored rollout"] == alone // 2
    assert sizes_of(plan_of(num_processes=4))["stored rollout"] == alone * 2 // 6


def test_diffusion_nft_keeps_the_images_alone_and_one_more_average():
    nft = {
        "objective": {"name": "diffusion_nft"},
        "rollout": {"dynamics": {"name": "ode"}},
        "trust_region": {"name": "none"},
        "reference": {"measure": "velocity"},
    }
    sizes = sizes_of(plan_of(nft))
    assert sizes["stored rollout"] == 24 * LATENT * 4
    assert sizes["averaged LoRA weights"] == 2 * LORA_BYTES


def test_activations_grow_with_the_tile_and_shrink_with_checkpointing():
    name = "activations of a tile (rough)"
    a_layer = 8 * (16 + PROMPT_TOKENS) * 80 * 4
    assert sizes_of(plan_of())[name] == a_layer * 17 * 5
    assert sizes_of(plan_of({"model": {"gradient_checkpointing": True}}))[name] == a_layer * (5 + 17)
    assert sizes_of(plan_of({"update": {"tile_steps": 9}}))[name] == 2 * a_layer * 17 * 5
    guided = {"rollout": {"guidance_scale": 2.0}, "update": {"guidance_gradient": "both"}}
    assert sizes_of(plan_of(guided))[name] == 2 * a_layer * 17 * 5


def test_text_encoders_leave_before_training_begins():
    plan = plan_of()
    encoders = sum(size for name, size in sizes_of(plan).items() if name.startswith("text_encoder"))
    weights = plan.total(When.ALWAYS)
    assert plan.total(When.ALWAYS, When.ENCODING) == weights + encoders
    assert plan.total(When.ALWAYS, When.TRAINING) > weights


def test_an_idle_decoder_may_wait_in_the_computers_memory():
    plan = plan_of({"model": {"offload_idle": True}})
    assert {item.name for item in plan.items if item.when is When.HOST} == {"vae"}


def test_encoded_prompts_are_on_disk():
    assert sizes_of(plan_of())["encoded prompts"] is None
    a_prompt = (PROMPT_TOKENS * 96 + 96) * 4
    assert sizes_of(plan_of(num_prompts=10))["encoded prompts (at most)"] == 10 * a_prompt


@pytest.mark.parametrize("dims", [65_536])
def test_what_is_not_on_this_machine_is_not_known(dims):
    model = {"source": "somebody/something", "resolution": 512, "max_sequence_length": 256}
    plan = plan_of({"model": model})
    assert not plan.is_complete and plan.latent_dims == dims
    sizes = sizes_of(plan)
    assert sizes["weights"] is None and sizes["LoRA, optimizer and activations"] is None
    assert sizes["stored rollout"] == 24 * dims * (2 * 12 + 4)
