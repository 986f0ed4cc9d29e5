import torch

from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.policy.solvers import dpm_solver_2m
from flowdppo_engine.training.grids import Grids

RANGE = {"name": "random_k_of_range", "k": 2, "first": 0, "last": 2}


def test_evaluation_lays_its_grid_as_the_rollout_does(make_config, tiny_model):
    grids = Grids(make_config(rollout={"shift": 3.0}, evaluation={"num_denoising_steps": 7}), tiny_model)
    assert torch.equal(grids.rollout(0).sigmas, make_sigmas("linspace_shift", 4, 3.0))
    assert torch.equal(grids.evaluation().sigmas, make_sigmas("linspace_shift", 7, 3.0))


def test_the_pipelines_own_grid_is_the_models(make_config, tiny_model):
    grids = Grids(make_config(rollout={"schedule": "pipeline"}), tiny_model)
    expected = torch.tensor([*tiny_model.sigmas(4), 0.0], dtype=torch.float64).float()
    assert torch.equal(grids.rollout(0).sigmas, expected)


def test_guidance_is_set_apart(make_config, tiny_model):
    grids = Grids(make_config(rollout={"guidance_scale": 2.0}, evaluation={"guidance_scale": 4.0}), tiny_model)
    assert (grids.rollout(0).guidance_scale, grids.evaluation().guidance_scale) == (2.0, 4.0)


def test_the_tail_after_the_last_stochastic_step_is_walked_in_fewer_steps(make_config, tiny_model):
    ode = {"solver": "dpm_solver_2m", "tail_fraction": 0.5}
    rollout = {"num_denoising_steps": 12, "stochastic_steps": RANGE, "ode": ode}
    grids = Grids(make_config(rollout=rollout), tiny_model)
    for iteration in range(5):
        last, sigmas = max(grids.stochastic_steps(iteration)), grids.rollout(iteration).sigmas
        full = make_sigmas("linspace_shift", 12, 1.0)
        assert torch.equal(sigmas[: last + 2], full[: last + 2])
        assert abs(len(sigmas) - (last + 2) - (11 - last) / 2) <= 0.5
    assert grids.rollout(0).solver is dpm_solver_2m


def test_the_ode_has_no_stochastic_steps(make_config, tiny_model):
    config = make_config(
        objective={"name": "diffusion_nft"},
        rollout={"dynamics": {"name": "ode"}},
        trust_region={"name": "none"},
        reference={"measure": "velocity"},
    )
    grids = Grids(config, tiny_model)
    assert grids.stochastic_steps(0) == () and grids.rollout(0).num_steps == 4
