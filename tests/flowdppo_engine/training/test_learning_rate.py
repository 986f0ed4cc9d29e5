import pytest

from flowdppo_engine.config import OptimizerConfig
from flowdppo_engine.training.learning_rate import learning_rate


def rates(total_steps=10, **fields):
    config = OptimizerConfig(lr=1e-3, **fields)
    return [learning_rate(config, step, total_steps) for step in range(total_steps)]


def test_constant_keeps_the_rate():
    assert rates() == [1e-3] * 10


def test_linear_falls_to_nothing_at_the_end():
    assert rates(schedule="linear") == pytest.approx([1e-3 * (1 - step / 10) for step in range(10)])


def test_cosine_is_half_way_down_in_the_middle():
    falling = rates(schedule="cosine")
    assert falling[0] == 1e-3 and falling[5] == pytest.approx(5e-4)
    assert falling == sorted(falling, reverse=True)


def test_warmup_rises_from_its_first_share():
    assert rates(warmup_steps=4)[:5] == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3])


def test_decay_begins_after_the_warmup():
    falling = rates(schedule="linear", warmup_steps=5)
    assert falling[4] == falling[5] == pytest.approx(1e-3) and falling[9] == pytest.approx(1e-3 * (1 - 4 / 5))
