"""Passes through the network, counted by hand."""

import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.cost import Phase, RunCost
from flowdppo_engine.recipes import load_recipe, merge

# 12 images of 3 groups, 6 denoising steps of which the first 2 are trained, over 5 iterations.
FIELDS = {
    "iterations": 5,
    "rollout": {
        "group_size": 4,
        "groups_per_iteration": 3,
        "num_denoising_steps": 6,
        "stochastic_steps": {"name": "first_k", "k": 2},
    },
    "update": {"tile_samples": 4},
    "reference": {"num_logged": 5},
    "evaluation": {"every": 2, "num_prompts": 10, "num_denoising_steps": 7, "num_drift_prompts": 3},
    "samples": {"every": 3, "num_prompts": 2, "seeds_per_prompt": 3},
}
NFT = {
    "objective": {"name": "diffusion_nft", "num_times": 3},
    "rollout": {"dynamics": {"name": "ode"}},
    "trust_region": {"name": "none"},
    "reference": {"measure": "velocity"},
}


def cost_of(*changes, sizes=(10, 10)) -> RunCost:
    fields = FIELDS
    for change in changes:
        fields = merge(fields, change)
    return RunCost(RunConfig.model_validate(fields), sizes)


def phases_of(cost: RunCost) -> dict[str, tuple[float, float]]:
    return {phase.name: (phase.forwards, phase.trained) for phase in (*cost.iteration, *cost.once)}


def test_a_plain_iteration():
    assert phases_of(cost_of()) == {
        "rollout": (12 * 6, 0),
        "old policy": (0, 0),
        "update": (0, 12 * 2),
        "reference": (0, 0),
        "KL to the base model": (5 * 2 * 2, 0),  # of the policy and of the base model
        "noise floor": (4, 0),
        "evaluations": (4 * 20 * 7, 0),  # before, after iterations 2 and 4, at the end; two sets of 10
        "drift from the base model": (4 * 6 * 7 * 2, 0),  # 3 of each set, the policy and the base model
        "samples": (3 * 6 * 7, 0),  # before, after iteration 3, at the end
        "KL of shown groups": (2 * 4 * 2 * 2, 0),  # after iteration 3 and at the end, a group of 4
    }


def test_a_backward_pass_is_a_unit_and_checkpointing_another():
    phase = Phase("update", forwards=10, trained=7)
    assert cost_of().units(phase) == 10 + 2 * 7
    assert cost_of({"model": {"gradient_checkpointing": True}}).units(phase) == 10 + 3 * 7


def test_the_total_is_all_iterations_and_what_is_done_once():
    cost = cost_of()
    assert cost.units_per_iteration == 72 + 2 * 24 + 20
    assert cost.total_units == 5 * 140 + 4 + 560 + 336 + 126 + 32
    assert (cost.num_images, cost.num_optimizer_steps) == (60, 10)


def test_guidance_doubles_what_it_guides():
    guided = phases_of(cost_of({"rollout": {"guidance_scale": 3.0}}))
    assert guided["rollout"] == (2 * 72, 0)
    assert guided["update"] == (24, 24)  # the unconditional pass has no gradient
    assert guided["KL to the base model"] == (2 * 20, 0)
    assert guided["evaluations"] == (560, 0)
    both = cost_of({"rollout": {"guidance_scale": 3.0}, "update": {"guidance_gradient": "both"}})
    assert phases_of(both)["update"] == (0, 48)


def test_guidance_of_the_update_alone_computes_the_old_policy_anew():
    guided = phases_of(cost_of({"update": {"guidance_scale": 3.0}}))
    assert (guided["rollout"], guided["old policy"], guided["noise floor"]) == ((72, 0), (48, 0), (0, 0))


def test_the_old_policy_is_computed_anew_once_a_rollout_however_often_it_is_gone_over():
    phases = phases_of(cost_of({"update": {"old_policy": "recomputed", "inner_epochs": 3}}))
    assert (phases["old policy"], phases["update"]) == ((24, 0), (0, 3 * 24))
    assert phases_of(cost_of({"update": {"old_policy": "stored"}}))["noise floor"] == (0, 0)


def test_the_reference_costs_a_pass_a_tile_only_with_a_weight():
    reference = {"reference": {"beta": 0.1, "guidance_scale": 2.0}}
    phases = phases_of(cost_of(reference))
    assert phases["reference"] == (2 * 24, 0)
    assert phases["KL to the base model"] == (5 * 2 * (1 + 2), 0)


def test_a_shared_start_is_walked_once_a_group():
    shared = {"rollout": {"shared_initial_noise": True}}
    assert cost_of(shared).saved_by_shared_prefix == 0  # the first step is stochastic
    late = {"rollout": {"stochastic_steps": {"name": "sliding_window", "size": 2, "first": 3, "last": 4}}}
    cost = cost_of(late, shared)
    assert cost.saved_by_shared_prefix == 3 * (12 - 3)
    assert phases_of(cost)["rollout"] == (3 * 3 + 12 * 3, 0)


def test_a_window_that_moves_is_averaged_over_the_run():
    moving = {"name": "sliding_window", "size": 1, "first": 0, "last": 4, "every": 1}
    cost = cost_of({"rollout": {"stochastic_steps": moving, "shared_initial_noise": True}})
    assert cost.saved_by_shared_prefix == pytest.approx((0 + 1 + 2 + 3 + 4) / 5 * 9)


def test_a_shorter_tail_is_walked_in_fewer_steps():
    shorter = cost_of({"rollout": {"ode": {"tail_fraction": 0.5}}})
    assert phases_of(shorter)["rollout"] == (12 * (2 + 2), 0)


def test_diffusion_nft_asks_the_old_policy_at_each_tile():
    phases = phases_of(cost_of(NFT, {"reference": {"beta": 0.1}, "update": {"inner_epochs": 2}}))
    assert phases["rollout"] == (72, 0)
    assert phases["update"] == (0, 2 * 36)
    assert phases["old policy"] == phases["reference"] == (2 * 36, 0)
    assert phases["KL to the base model"] == (5 * 3 * 2, 0)
    assert phases["noise floor"] == (0, 0)


def test_small_sets_are_evaluated_whole_and_no_set_not_at_all():
    assert phases_of(cost_of(sizes=(4, 100)))["evaluations"] == (4 * (4 + 10) * 7, 0)
    assert phases_of(cost_of(sizes=(2, 100)))["drift from the base model"] == (4 * (2 + 3) * 7 * 2, 0)
    without = cost_of({"evaluation": {"prompt_sets": []}}, sizes=())
    assert phases_of(without)["evaluations"] == (0, 0)


def test_stored_velocities_and_no_guidance_cost_half_of_what_they_replace():
    """Guided, with both branches and the old policy computed anew: 8 units a transition; without: 4, then 3."""
    checkpointing = {"model": {"gradient_checkpointing": True}, "rollout": {"guidance_scale": 3.0}}
    dear = cost_of(checkpointing, {"update": {"guidance_gradient": "both", "old_policy": "recomputed"}})
    cheap = cost_of(checkpointing)
    unguided = cost_of(checkpointing, {"rollout": {"guidance_scale": 1.0}})
    a_transition = [
        sum(cost.units(phase) for phase in cost.iteration if phase.name in ("update", "old policy")) / 24
        for cost in (dear, cheap, unguided)
    ]
    assert a_transition == [8, 4, 3]


def test_a_paper_recipe():
    cost = RunCost(load_recipe("sd3.5-flow-dppo"), (800,))
    assert cost.units_per_iteration == 1024 * 10 + 2 * 1024 * 3 + 64 * 3 * 2
    assert cost.evaluations.num_evaluations == 1 + 3000 // 40
