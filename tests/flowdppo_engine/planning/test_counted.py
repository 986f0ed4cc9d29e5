"""The planned passes against those that a real run makes."""

import pytest
import torch

from flowdppo_engine.planning.cost import RunCost
from flowdppo_engine.recipes import merge
from flowdppo_engine.training import run
from tests.flowdppo_engine.brightness import brightness_suite

WINDOW = {"name": "sliding_window", "size": 1, "first": 0, "last": 2, "every": 1}
NFT = {
    "objective": {"name": "diffusion_nft", "num_times": 2},
    "rollout": {"dynamics": {"name": "ode"}},
    "trust_region": {"name": "none"},
    "reference": {"measure": "velocity"},
}


class Counter:
    """Images that go forward through the network, with and without a gradient."""

    def __init__(self, network: torch.nn.Module):
        self.forwards = self.trained = 0
        network.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, module, arguments, keywords) -> None:
        rows = len(keywords["hidden_states"] if "hidden_states" in keywords else arguments[0])
        if torch.is_grad_enabled():
            self.trained += rows
        else:
            self.forwards += rows


@pytest.mark.parametrize(
    "changes",
    [
        {"rollout": {"shared_initial_noise": True, "stochastic_steps": WINDOW, "ode": {"tail_fraction": 0.5}}},
        {"rollout": {"guidance_scale": 2.0}, "update": {"guidance_gradient": "both", "old_policy": "stored"}},
        {"update": {"guidance_scale": 2.0, "inner_epochs": 2}, "reference": {"beta": 0.1, "guidance_scale": 3.0}},
        {"update": {"old_policy": "recomputed", "tile_steps": 2}, "reference": {"num_logged": 3}},
        {
            "evaluation": {"every": 1, "num_prompts": 100, "num_drift_prompts": 3, "guidance_scale": 2.0},
            "samples": {"every": 5},
        },
        merge(NFT, {"reference": {"beta": 0.1}, "rollout": {"guidance_scale": 2.0}}),
    ],
)
def test_a_run_makes_the_passes_that_were_planned(changes, make_config, make_model, tmp_path):
    config = make_config(**merge({"iterations": 2, "trust_region": {"name": "none"}}, changes))
    cost, model = RunCost(config, set_sizes=(6,)), make_model()
    counter = Counter(model.transformer)
    assert run.train(config, tmp_path / "run", model=model, rewards=brightness_suite()) == 0
    phases = [*cost.iteration * config.iterations, *cost.once]
    assert counter.trained == sum(phase.trained for phase in phases)
    assert counter.forwards == pytest.approx(sum(phase.forwards for phase in phases))
