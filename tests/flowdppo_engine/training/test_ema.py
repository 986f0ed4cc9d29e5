import torch

from flowdppo_engine.training.ema import Ema


def parameter(value: float) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.full((3,), value))


def test_average_keeps_the_decays_share():
    weight = parameter(1.0)
    ema = Ema([weight], decay=0.9)
    for value in (2.0, 5.0):
        weight.data.fill_(value)
        ema.update()
    torch.testing.assert_close(ema.average[0], torch.full((3,), 0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 5))


def test_no_decay_is_the_weight_itself():
    weight = parameter(1.0)
    ema = Ema([weight], decay=0.0)
    weight.data.fill_(4.0)
    ema.update()
    assert torch.equal(ema.average[0], weight)


def test_applied_swaps_and_gives_back_even_after_an_error():
    weight = parameter(1.0)
    ema = Ema([weight], decay=0.5)
    weight.data.fill_(3.0)
    ema.update()
    try:
        with ema.applied():
            assert weight.tolist() == [2.0] * 3
            raise KeyError
    except KeyError:
        pass
    assert weight.tolist() == [3.0] * 3 and ema.average[0].tolist() == [2.0] * 3


def test_average_does_not_follow_the_weight_in_place():
    weight = parameter(1.0)
    ema = Ema([weight], decay=0.9)
    weight.data.mul_(10)
    assert ema.average[0].tolist() == [1.0] * 3
