"""The recipes against the numbers of the paper (Flow-DPPO, arXiv 2606.11025 v2, appendix F), written out again."""

from dataclasses import dataclass

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import list_recipes, load_recipe

NAMES = {recipe.name for recipe in list_recipes()}


@dataclass(frozen=True)
class Model:
    rank: int
    alpha: int
    num_denoising_steps: int | None  # None: the paper does not say


MODELS = {
    "sd3.5": Model(32, 64, 10),
    "flux2-klein": Model(64, 128, 14),
    "flux1": Model(64, 128, None),
}
SAMPLERS = {
    "flow-dppo": "flow_sde",
    "flow-dppo-cps": "cps",
    "flow-grpo": "flow_sde",
    "flow-cps": "cps",
    "grpo-guard": "flow_sde",
}
BOUNDS = {"flow-dppo": 1e-7, "flow-dppo-cps": 1e-6, "flow-grpo": 1e-4, "flow-cps": 1e-4, "grpo-guard": 4e-6}


def bound_of(config: RunConfig) -> float:
    region = config.trust_region
    if region.name == "divergence_mask":
        assert (region.threshold.scale, region.asymmetric, region.measured_on) == ("mean", True, "transition")
        return region.threshold.value
    return region.clip_range


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", [*SAMPLERS, "diffusion-nft"])
def test_what_holds_for_every_method(model, method):
    config, paper = load_recipe(f"{model}-{method}"), MODELS[model]
    assert (config.lora.rank, config.lora.alpha) == (paper.rank, paper.alpha)
    assert config.optimizer.lr == 3e-4
    assert config.model.image_size == (512, 512)
    assert paper.num_denoising_steps in (None, config.rollout.num_denoising_steps)
    assert (config.rollout.group_size, config.rollout.groups_per_iteration) == (16, 64)
    assert config.update.inner_epochs == 1
    assert config.rollout.guidance_scale == config.evaluation.guidance_scale == 1.0
    assert [(reward.name, reward.weight) for reward in config.rewards if reward.weight] == [("geneval2", 1.0)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", SAMPLERS)
def test_sampler_window_and_trust_region(model, method):
    config = load_recipe(f"{model}-{method}")
    assert config.rollout.dynamics.model_dump() == {"name": SAMPLERS[method], "noise_level": 0.8}
    assert bound_of(config) == BOUNDS[method]
    steps = config.rollout.stochastic_steps
    half = config.rollout.num_denoising_steps // 2
    assert (steps.name, steps.k, steps.first, steps.last) == ("random_k_of_range", 3, 0, half - 1)


@pytest.mark.parametrize("model", ["sd3.5", "flux2-klein"])
@pytest.mark.parametrize("method", [*SAMPLERS, "diffusion-nft"])
def test_several_rewards_of_equal_weight_by_gdpo(model, method):
    single, multi = load_recipe(f"{model}-{method}"), load_recipe(f"{model}-multi-{method}")
    assert multi.advantage.aggregation == "gdpo"
    assert {reward.name: reward.weight for reward in multi.rewards} == {
        "geneval2": 1.0, "clip_score": 1.0, "pick_score": 1.0, "hpsv2": 1.0,
    }  # fmt: skip
    same = {"rewards", "advantage", "objective"}
    assert multi.model_dump(exclude=same) == single.model_dump(exclude=same)


def test_diffusion_nft_has_its_official_settings():
    single = load_recipe("sd3.5-diffusion-nft")
    assert (single.objective.beta, single.objective.advantage_max) == (1.0, 5.0)
    assert single.objective.old_policy.model_dump() == {"flat": 0, "rate": 0.001, "hold": 0.5}
    multi = load_recipe("sd3.5-multi-diffusion-nft")
    assert multi.objective.beta == 0.1
    assert multi.objective.old_policy.model_dump() == {"flat": 75, "rate": 0.0075, "hold": 0.999}
    assert (single.reference.beta, single.reference.measure) == (1e-4, "velocity")


@pytest.mark.parametrize(
    ("name", "base", "changes"),
    [
        (
            "sd3.5-flow-dppo-cps-delta-1e-7",
            "sd3.5-flow-dppo-cps",
            {"trust_region": {"threshold": {"value": 1e-7, "scale": "mean"}}},
        ),
        (
            "sd3.5-flow-dppo-cps-delta-1e-5",
            "sd3.5-flow-dppo-cps",
            {"trust_region": {"threshold": {"value": 1e-5, "scale": "mean"}}},
        ),
        ("sd3.5-flow-dppo-cps-symmetric", "sd3.5-flow-dppo-cps", {"trust_region": {"asymmetric": False}}),
        ("sd3.5-multi-flow-dppo-g64-i2", "sd3.5-multi-flow-dppo", {"update": {"inner_epochs": 2}}),
        (
            "sd3.5-multi-flow-cps-g32-i2",
            "sd3.5-multi-flow-cps",
            {"update": {"inner_epochs": 2}, "rollout": {"groups_per_iteration": 32}},
        ),
        (
            "flux2-klein-cfg-flow-dppo",
            "flux2-klein-flow-dppo",
            {"rollout": {"guidance_scale": 4.0}, "evaluation": {"guidance_scale": 4.0}},
        ),
        (
            "flux2-klein-multi-flow-dppo-cps-beta-1e-3",
            "flux2-klein-multi-flow-dppo-cps",
            {"reference": {"beta": 1e-3, "measure": "mean"}},
        ),
    ],
)
def test_an_ablation_changes_what_it_says_and_nothing_else(name, base, changes):
    changed = load_recipe(base).model_dump()
    for block, fields in changes.items():
        changed[block] |= fields
    assert load_recipe(name).model_dump() == changed


def test_the_ablations_of_figure_5_are_whole():
    methods = ("flow-dppo", "flow-dppo-cps", "flow-grpo", "flow-cps")
    assert {f"sd3.5-multi-{method}-{kind}" for method in methods for kind in ("g64-i2", "g32-i2")} <= NAMES


@pytest.mark.parametrize(("name", "paper"), [("sandbox-flow-dppo", 1e-7), ("sandbox-flow-dppo-cps", 1e-6)])
def test_a_threshold_in_nats_is_the_papers_times_the_latent_of_sd3(name, paper):
    threshold = load_recipe(name).trust_region.threshold
    assert threshold.scale == "nats" and threshold.value == pytest.approx(paper * 16 * 64 * 64, rel=0.01)


@pytest.mark.parametrize(
    ("name", "paper", "num_latent_dims"),
    [
        ("sandbox-flow-grpo", 1e-4, 4 * 8 * 8),
        ("sandbox-flow-cps", 1e-4, 4 * 8 * 8),
        ("sandbox-adaptive-clip", 1e-4, 4 * 8 * 8),
        ("sandbox-grpo-guard", 4e-6, 4 * 8 * 8),
        ("wan-flow-grpo", 1e-4, 16 * 9 * 30 * 52),
    ],
)
def test_a_clip_range_bounds_the_same_sum_at_another_latent_size(name, paper, num_latent_dims):
    clip_range = load_recipe(name).trust_region.clip_range
    assert clip_range * num_latent_dims == pytest.approx(paper * 16 * 64 * 64, rel=1e-3)


def test_the_controls_are_steered_to_the_threshold_of_flow_dppo():
    for family in ("sd3.5", "sandbox"):
        threshold = load_recipe(f"{family}-flow-dppo").trust_region.threshold
        for control in ("kl-penalty", "adaptive-clip"):
            assert load_recipe(f"{family}-{control}").trust_region.target == threshold
