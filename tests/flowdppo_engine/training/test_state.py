import copy

import pytest
import torch

from flowdppo_engine.config import LoraConfig, ModelConfig, OptimizerConfig
from flowdppo_engine.models.sd3 import SD3Model
from flowdppo_engine.training.state import EMA_FOLDER, Position, TrainState


@pytest.fixture
def make_state(tiny_pipeline):
    def make(ema_decay: float = 0.9) -> TrainState:
        model = SD3Model(copy.deepcopy(tiny_pipeline), ModelConfig(resolution=16))
        model.add_lora(LoraConfig(rank=2, alpha=4), seed=0)
        return TrainState(model, OptimizerConfig(lr=1e-2), ema_decay)

    return make


def train(state: TrainState, num_steps: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_steps):
        for parameter in state._parameters.values():
            parameter.grad.copy_(torch.randn(parameter.shape, generator=generator))
        state.optimizer.step()
    state.ema.update()
    state.position = Position(state.position.iteration + 1, state.position.step + num_steps, 1)


def tensors(state: TrainState) -> list[torch.Tensor]:
    return [*(p.detach().clone() for p in state._parameters.values()), *(a.clone() for a in state.ema.average)]


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_saved_and_loaded_goes_on_bit_for_bit(make_state, tmp_path, ema_decay):
    original = make_state(ema_decay)
    train(original, 3, seed=1)
    original.save(tmp_path)
    restored = make_state(ema_decay)
    restored.load(tmp_path)
    assert restored.position == Position(1, 3, 1)
    for state in (original, restored):
        train(state, 2, seed=2)
    assert all(map(torch.equal, tensors(original), tensors(restored)))
    assert (tmp_path / EMA_FOLDER).exists() == (ema_decay > 0)


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
