import pytest
import torch

from flowdppo_engine.config import EmaConfig
from flowdppo_engine.training.averages import Average, ema_decay


def parameter(value: float) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.full((3,), value))


def test_average_keeps_the_decays_share():
    weight = parameter(1.0)
    average = Average([weight])
    for value in (2.0, 5.0):
        weight.data.fill_(value)
        average.update(decay=0.9)
    torch.testing.assert_close(average.weights[0], torch.full((3,), 0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 5))


def test_no_decay_is_the_weight_itself():
    weight = parameter(1.0)
    average = Average([weight])
    weight.data.fill_(4.0)
    average.update(decay=0.0)
    assert torch.equal(average.weights[0], weight)


def test_applied_swaps_and_gives_back_even_after_an_error():
    weight = parameter(1.0)
    average = Average([weight])
    weight.data.fill_(3.0)
    average.update(decay=0.5)
    try:
        with average.applied():
            assert weight.tolist() == [2.0] * 3
            raise KeyError
    except KeyError:
        pass
    assert weight.tolist() == [3.0] * 3 and average.weights[0].tolist() == [2.0] * 3


def test_average_does_not_follow_the_weight_in_place():
    weight = parameter(1.0)
    average = Average([weight])
    weight.data.mul_(10)
    assert average.weights[0].tolist() == [1.0] * 3


def test_warmup_is_flow_grpos():
    config = EmaConfig(decay=0.9, schedule="warmup")
    assert ema_decay(config, iteration=1) == pytest.approx(1 / 10)
    assert ema_decay(config, iteration=2) == pytest.approx(2 / 11)
    assert ema_decay(config, iteration=90) == pytest.approx(0.9)
    assert ema_decay(config, iteration=80) == pytest.approx(80 / 89)


def test_average_is_updated_every_few_iterations():
    config = EmaConfig(decay=0.9, every=4)
    assert [ema_decay(config, iteration) for iteration in range(1, 9)] == [None] * 3 + [0.9] + [None] * 3 + [0.9]


def test_warmup_counts_updates_not_iterations():
    config = EmaConfig(decay=0.9, every=4, schedule="warmup")
    assert ema_decay(config, iteration=4) == pytest.approx(1 / 10)
    assert ema_decay(config, iteration=8) == pytest.approx(2 / 11)
