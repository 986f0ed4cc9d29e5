import copy

import pytest
import torch

from flowdppo_engine.config import LoraConfig, ModelConfig, RunConfig
from flowdppo_engine.models.sd3 import SD3Model
from flowdppo_engine.training.state import EMA_FOLDER, OLD_POLICY_FOLDER, Position, TrainState


@pytest.fixture
def make_state(tiny_pipeline):
    def make(ema_decay: float = 0.9, **changes) -> TrainState:
        model = SD3Model(copy.deepcopy(tiny_pipeline), ModelConfig(resolution=16))
        model.add_lora(LoraConfig(rank=2, alpha=4), seed=0)
        return TrainState(
            model, RunConfig.model_validate({"optimizer": {"lr": 1e-2}, "ema": {"decay": ema_decay}, **changes})
        )

    return make


def train(state: TrainState, num_steps: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_steps):
        for parameter in state._parameters.values():
            parameter.grad.copy_(torch.randn(parameter.shape, generator=generator))
        state.optimizer.step()
    for average in state._averages.values():
        average.update(0.9)
    state.position = Position(state.position.iteration + 1, state.position.step + num_steps, 1, True, {"x": 0.1})


def tensors(state: TrainState) -> list[torch.Tensor]:
    averages = [weight.clone() for average in state._averages.values() for weight in average.weights]
    return [*(parameter.detach().clone() for parameter in state._parameters.values()), *averages]


NFT = {"objective": {"name": "diffusion_nft"}, "rollout": {"dynamics": {"name": "ode"}}}
NFT |= {"trust_region": {"name": "none"}, "reference": {"measure": "velocity"}}


@pytest.mark.parametrize(
    ("changes", "folders"), [({"ema_decay": 0.0}, set()), ({}, {EMA_FOLDER}), (NFT, {EMA_FOLDER, OLD_POLICY_FOLDER})]
)
def test_saved_and_loaded_goes_on_bit_for_bit(make_state, tmp_path, changes, folders):
    original = make_state(**changes)
    train(original, 3, seed=1)
    original.save(tmp_path)
    restored = make_state(**changes)
    restored.load(tmp_path)
    assert restored.position == Position(1, 3, 1, True, {"x": 0.1})
    for state in (original, restored):
        train(state, 2, seed=2)
    assert all(map(torch.equal, tensors(original), tensors(restored)))
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == folders


def test_nothing_is_pickled(make_state, tmp_path):
    state = make_state()
    train(state, 1, seed=1)
    state.save(tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".safetensors", ".json"}


def test_state_before_the_first_step_is_saved_too(make_state, tmp_path):
    make_state().save(tmp_path)
    restored = make_state()
    restored.load(tmp_path)
    assert restored.position == Position() and not restored.optimizer.state


def test_snapshot_undoes_half_an_iteration(make_state):
    disturbed, undisturbed = make_state(), make_state()
    for state in (disturbed, undisturbed):
        train(state, 2, seed=1)
    snapshot = disturbed.snapshot()
    train(disturbed, 3, seed=9)
    disturbed.restore(snapshot)
    assert disturbed.position == undisturbed.position
    assert all((parameter.grad == 0).all() for parameter in disturbed._parameters.values())
    for state in (disturbed, undisturbed):
        train(state, 2, seed=2)
    assert all(map(torch.equal, tensors(disturbed), tensors(undisturbed)))


def test_snapshot_before_the_first_step_forgets_the_moments(make_state):
    state = make_state()
    snapshot = state.snapshot()
    train(state, 1, seed=1)
    state.restore(snapshot)
    assert not state.optimizer.state
