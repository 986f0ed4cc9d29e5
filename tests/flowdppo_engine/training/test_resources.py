import pytest
import torch

from flowdppo_engine.training import resources
from flowdppo_engine.training.resources import Stopwatch, peak_memory_gib


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set: `clock(3.0)` lets three seconds pass."""
    now = [0.0]
    monkeypatch.setattr(resources.time, "perf_counter", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_an_inner_phase_is_not_the_outer_ones_time(clock):
    watch = Stopwatch()
    clock(100.0)
    with watch.of("rollout"):
        clock(2.0)
        with watch.of("decode"):
            clock(3.0)
        clock(4.0)
    clock(100.0)
    with watch.of("decode"):
        clock(1.0)
    assert watch.seconds == {"rollout": 6.0, "decode": 4.0}


def test_a_phase_that_fails_is_counted_all_the_same(clock):
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.of("update"):
        clock(5.0)
        raise KeyError
    assert watch.seconds == {"update": 5.0}


def test_peak_memory_never_falls():
    before = peak_memory_gib(torch.device("cpu"))
    block = torch.ones(2**26)
    during = peak_memory_gib(torch.device("cpu"))
    del block
    assert 0 < before <= during == pytest.approx(peak_memory_gib(torch.device("cpu")), rel=0.2)
    assert during >= 0.25
